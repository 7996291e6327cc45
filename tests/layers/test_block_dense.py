"""BlockDense against float64 and against stock Dense."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_googlenet.layers import BlockDense


@pytest.mark.parametrize("features", [1, 127, 128, 129, 1024])
@pytest.mark.parametrize("use_bias", [True, False])
def test_equals_the_product(features, use_bias):
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (3, features)).astype("float32")
    layer = BlockDense(5, use_bias=use_bias, activation="relu", bias_initializer="ones")
    y = ops.convert_to_numpy(layer(x))
    product = x.astype("float64") @ ops.convert_to_numpy(layer.kernel).astype("float64") + use_bias
    np.testing.assert_allclose(y, np.maximum(product, 0), rtol=1e-5, atol=1e-5)


def test_sums_block_by_block():
    """In float32, 2**24 + 1 is 2**24: a sum in one row would lose every 1 after the first block."""
    x = np.ones((1, 1024), "float32")
    x[0, 0] = 2.0**24
    layer = BlockDense(1, kernel_initializer="ones", use_bias=False)
    assert ops.convert_to_numpy(layer(x))[0, 0] >= 2.0**24 + 1024 - 128


def test_takes_denses_weights_and_configuration():
    dense = keras.layers.Dense(4, activation="softmax", name="predictions")
    dense.build((None, 300))
    block = BlockDense.from_config(dense.get_config())
    block.build((None, 300))
    block.set_weights(dense.get_weights())
    x = np.random.default_rng(0).normal(0, 1, (2, 300)).astype("float32")
    np.testing.assert_allclose(ops.convert_to_numpy(block(x)), ops.convert_to_numpy(dense(x)), rtol=1e-5)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(block))
    assert type(again) is BlockDense
    assert again.get_config() == block.get_config()

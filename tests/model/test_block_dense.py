"""BlockDense is Dense under another name, which saved models may have."""

import keras
import numpy as np
from keras import ops

from keras_googlenet.model.version_0_1_0 import BlockDense


def test_takes_denses_weights_and_configuration():
    dense = keras.layers.Dense(4, activation="softmax", name="predictions")
    dense.build((None, 300))
    block = BlockDense.from_config(dense.get_config())
    block.build((None, 300))
    block.set_weights(dense.get_weights())
    x = np.random.default_rng(0).normal(0, 1, (2, 300)).astype("float32")
    np.testing.assert_array_equal(ops.convert_to_numpy(block(x)), ops.convert_to_numpy(dense(x)))
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(block))
    assert type(again) is BlockDense
    assert again.get_config() == block.get_config()


def test_is_quantized_as_dense_is():
    layer = BlockDense(4)
    layer.build((None, 8))
    layer.quantize("int8")
    assert keras.backend.standardize_dtype(layer.kernel.dtype) == "int8"

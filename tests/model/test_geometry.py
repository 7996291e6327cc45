"""Sizes, padding and costs of what Keras built, against the table's arithmetic and against Caffe's rules."""

import keras
import numpy as np
import pytest
from support import numpy_twin

from keras_googlenet import GoogLeNet
from keras_googlenet.architecture import PAPER, VARIANTS, Conv, MaxPool, costs, wider
from keras_googlenet.model import blocks

TABLES = {**VARIANTS, "wider": wider(PAPER, 0.5)}


@pytest.mark.computes
@pytest.mark.parametrize(
    ("name", "size"),
    [(name, size) for name in TABLES for size in ((32, 33), (225, 299))]
    + [("paper", (97, 113)), ("paper", (224, 224))],
)
def test_keras_agrees_with_the_table(name, size):
    shape = (*size, 3)
    model = GoogLeNet(weights=None, variant=TABLES[name], input_shape=shape, classes=7)
    rows = costs(TABLES[name], shape, 7, aux_heads=bool(TABLES[name].auxiliary))
    assert model.count_params() == sum(row.parameters + row.statistics for row in rows)
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert trainable == sum(row.parameters for row in rows)
    for row in rows:
        output = tuple(model.get_layer(row.layer).output.shape[1:])
        assert output == (row.output if len(output) == 3 else row.output[2:]), row.name


@pytest.mark.parametrize("size", [(6, 6), (7, 7), (6, 7), (3, 4), (2, 2), (13, 9)])
@pytest.mark.parametrize("dynamic", [False, True])
def test_max_pool_rounds_up_as_caffe_does(size, dynamic):
    x = np.random.default_rng(0).uniform(0, 1, (1, *size, 2)).astype("float32")
    inputs = keras.Input((None, None, 2) if dynamic else (*size, 2))
    y = blocks.max_pool(inputs, MaxPool("pool1"), name="pool")
    outputs = keras.Model(inputs, y).predict(x, verbose=0)
    np.testing.assert_array_equal(outputs, numpy_twin.max_pool(x, 3, 2).astype("float32"))


@pytest.mark.parametrize("size", [(12, 12), (13, 12), (15, 11)])
@pytest.mark.parametrize("dynamic", [False, True])
def test_conv1_pads_both_sides_alike(size, dynamic):
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (1, *size, 3)).astype("float32")
    inputs = keras.Input((None, None, 3) if dynamic else (*size, 3))
    model = keras.Model(inputs, blocks.conv(inputs, Conv("conv1_7x7_s2", 7, 4, 2)))
    kernel, bias = rng.normal(0, 0.1, (7, 7, 3, 4)), rng.normal(0, 1, 4)
    model.get_layer("conv1_7x7_s2").set_weights([kernel, bias])
    expected = numpy_twin.conv(x, kernel, bias, stride=2, pad=3)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.computes
@pytest.mark.parametrize(
    ("size", "window", "side"), [(32, 2, 1), (64, 4, 1), (78, 4, 1), (79, 5, 1), (126, 5, 1), (128, 5, 2), (224, 5, 4)]
)
def test_the_auxiliary_pool_is_clipped_to_small_maps(size, window, side):
    """5x5/3 fits maps from 5 pixels on, which inputs from 79 have; a smaller map is pooled whole."""
    narrow = wider(PAPER, 0.125)
    model = GoogLeNet(weights=None, input_shape=(size, size, 3), classes=2, variant=narrow)
    assert model.get_layer("aux1_pool").output.shape[1:] == (side, side, 64)
    pool = model.get_layer("aux1_pool")
    assert pool.pool_size == (window, window)
    assert pool.strides == (3, 3)

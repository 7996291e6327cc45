"""The Inception modules against the slow NumPy twin."""

import keras
import numpy as np
from support import deterministic, numpy_twin

from keras_googlenet import inception_module, naive_inception_module


def twin_input(channels):
    x = np.random.default_rng(0).normal(0, 10, (2, 6, 5, channels))
    return np.maximum(x, 0).astype("float32")


def test_reduced_module():
    x = twin_input(12)
    inputs = keras.Input(x.shape[1:])
    model = keras.Model(inputs, inception_module(inputs, 4, 6, 8, 3, 5, 7, name="mine"))
    arrays = deterministic.fill(model)
    assert model.output_shape == (None, 6, 5, 4 + 8 + 5 + 7)
    expected = numpy_twin.inception(x, arrays, "mine")
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-4)


def test_naive_module():
    x = twin_input(12)
    inputs = keras.Input(x.shape[1:])
    model = keras.Model(inputs, naive_inception_module(inputs, 4, 8, 5, name="mine"))
    arrays = deterministic.fill(model)
    assert sorted(arrays) == sorted(
        f"mine_{size}/{variable}" for size in ("1x1", "3x3", "5x5") for variable in ("kernel", "bias")
    )
    columns = [
        numpy_twin.conv(x, arrays[f"mine_{size}/kernel"], arrays[f"mine_{size}/bias"]) for size in ("1x1", "3x3", "5x5")
    ]
    expected = np.concatenate([*columns, numpy_twin.max_pool(x, 3, 1, pad=1)], axis=-1)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-4)


def test_the_module_follows_the_image_data_format():
    keras.config.set_image_data_format("channels_first")
    try:
        inputs = keras.Input((12, 6, 5))
        assert inception_module(inputs, 4, 6, 8, 3, 5, 7, name="mine").shape == (None, 24, 6, 5)
        assert naive_inception_module(inputs, 4, 8, 5, name="other").shape == (None, 29, 6, 5)
    finally:
        keras.config.set_image_data_format("channels_last")

"""Factors of an image's maps: as good as another solver's, not negative, in order, and where the maps are."""

import keras
import numpy as np
import pytest
from support import deterministic
from support.small import SMALL

from keras_googlenet import GoogLeNet, preprocess_input
from keras_googlenet.errors import InputError
from keras_googlenet.visualize import Factors, activation_factors, factor_sheet


@pytest.fixture(scope="module")
def model():
    made = GoogLeNet(weights=None, input_shape=(64, 64, 3), classes=4, variant=SMALL)
    deterministic.fill(made)
    return made


def photo():
    return np.rint(deterministic.images(1, 64)[0] + [123, 117, 104]).astype("uint8")


def maps(model, name):
    found = keras.Model(model.input, model.endpoints[name])
    pixels = preprocess_input(photo()[None].astype("float32"), "channels_last")
    return keras.ops.convert_to_numpy(found(pixels, training=False))[0].astype("float64")


def lee_and_seung(matrix, factors, rng):
    """Multiplicative updates, as their paper has them: slow, and never worse from step to step."""
    heats, directions = rng.random((len(matrix), factors)) + 0.1, rng.random((factors, matrix.shape[1])) + 0.1
    for _ in range(2000):
        directions *= heats.T @ matrix / (heats.T @ heats @ directions + 1e-12)
        heats *= matrix @ directions.T / (heats @ directions @ directions.T + 1e-12)
    return 1 - np.square(matrix - heats @ directions).sum() / np.square(matrix).sum()


def test_factors_have_as_much_of_the_maps_as_the_papers_own_algorithm_finds(model):
    found = activation_factors(model, photo(), "4a", 3)
    whole = maps(model, "inception_4a")
    assert isinstance(found, Factors)
    assert found.layer == "inception_4a"
    assert found.heats.shape == (*whole.shape[:2], 3)
    assert found.directions.shape == (3, whole.shape[2])
    assert min(found.heats.min(), found.directions.min()) >= 0
    np.testing.assert_allclose(np.linalg.norm(found.directions, axis=1), 1, rtol=1e-5)
    explained = 1 - np.square(whole - found.heats @ found.directions).sum() / np.square(whole).sum()
    assert found.explained == pytest.approx(explained, abs=1e-4)
    twin = max(lee_and_seung(whole.reshape(-1, whole.shape[2]), 3, np.random.default_rng(seed)) for seed in range(3))
    assert explained > twin - 0.005


def test_they_come_in_order_and_are_the_seeds(model):
    found, again = (activation_factors(model, photo(), "3a", 4, seed=3) for _ in range(2))
    parts = [(found.heats[..., i : i + 1] @ found.directions[i : i + 1]).sum() for i in range(4)]
    assert parts == sorted(parts, reverse=True)
    np.testing.assert_array_equal(found.heats, again.heats)


def test_what_cannot_be_factored_is_refused(model):
    with pytest.raises(InputError, match="inception_4a has 4x4 places, so 1 to 16 factors. Received: 17"):
        activation_factors(model, photo(), "4a", 17)
    with pytest.raises(InputError, match="Factors need maps without negative values.*conv2_pre_relu"):
        activation_factors(model, photo(), "conv2_3x3_pre_relu", 2)
    with pytest.raises(InputError, match="No such layer: 9a"):
        activation_factors(model, photo(), "9a", 2)
    with pytest.raises(InputError, match="input size, 64x64 pixels, as `data.center_crop` makes them. Received: 64x60"):
        activation_factors(model, photo()[:, :60], "4a", 2)


def test_an_image_that_a_layer_sees_nothing_in_is_refused(model):
    silent = keras.models.clone_model(model)
    for layer in silent.layers:
        layer.set_weights([np.zeros_like(array) for array in layer.get_weights()])
    with pytest.raises(InputError, match="inception_4a sees nothing in this image"):
        activation_factors(silent, photo(), "4a", 2)


@pytest.mark.computes
def test_the_sheet_has_each_factor_in_its_column(model):
    found = factor_sheet(model, photo(), "4a", 3, side=40, steps=1)
    assert found.dtype == np.uint8
    assert found.shape[1] == 10 + 3 * (40 + 10)

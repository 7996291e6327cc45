"""Dreams and class-maximizing images: they raise what they climb, the same way for a seed, on images of any size."""

import keras
import numpy as np
import pytest
from support import deterministic
from support.small import SMALL

from keras_googlenet import GoogLeNet, GoogLeNetModel, preprocess_input
from keras_googlenet.errors import InputError
from keras_googlenet.visualize import activation_maps, activation_sheet, dream, maximize_class
from keras_googlenet.visualize.gradients import value_and_gradient
from keras_googlenet.visualize.rendering.image_ops import resized


@pytest.fixture(scope="module")
def model():
    made = GoogLeNet(weights=None, input_shape=(64, 64, 3), classes=4, variant=SMALL)
    deterministic.fill(made)
    return made


def photo(height, width):
    return np.rint(deterministic.images(1, max(height, width))[0, :height, :width] + [123, 117, 104]).astype("uint8")


def test_gradients_are_differences():
    x = np.random.default_rng(0).normal(size=(3, 2))
    value, gradient = value_and_gradient(lambda x: keras.ops.sum(x * x * x), x)
    assert value == pytest.approx((x**3).sum(), rel=1e-5)
    np.testing.assert_allclose(gradient, 3 * x**2, rtol=1e-5)


def test_a_backend_without_gradients_says_so(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "openvino")
    with pytest.raises(InputError, match="Gradients need Keras on TensorFlow, JAX or PyTorch"):
        value_and_gradient(keras.ops.sum, np.zeros(2))


def test_a_dream_is_more_of_what_the_layer_saw(model):
    before = photo(64, 64)
    after = dream(model, before, "4a", steps=10)
    assert (after.dtype, after.shape) == (np.uint8, before.shape)
    assert activity(model, after, "inception_4a") > 1.05 * activity(model, before, "inception_4a")


def activity(model, image, name):
    return np.square(activation_maps(model, image, [name])[name]).mean()


@pytest.mark.computes
def test_the_real_network_dreams(bvlc):
    before = photo(224, 224)
    after = dream(bvlc, before, octaves=2, steps=3)
    assert activity(bvlc, after, "inception_4c") > 2 * activity(bvlc, before, "inception_4c")


@pytest.mark.computes
def test_the_real_network_shows_a_class(bvlc):
    image, _ = maximize_class(bvlc, 309, steps=32)
    answer = bvlc(preprocess_input(image[None], "channels_last"), training=False)
    assert int(np.argmax(answer)) == 309


def test_a_dream_keeps_the_size_and_is_the_seeds(model):
    image = photo(90, 131)
    first, again, other = (dream(model, image, "3a", octaves=2, steps=1, seed=seed) for seed in (1, 1, 2))
    assert first.shape == image.shape
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    np.testing.assert_array_equal(dream(model, image, "3a", steps=0), image)


def test_a_dream_is_refused(model):
    with pytest.raises(InputError, match="Expected an image of 32 to 1024 pixels a side. Received: 20x64"):
        dream(model, photo(64, 64)[:20])
    with pytest.raises(InputError, match="No such layer: inception_9a"):
        dream(model, photo(64, 64), "inception_9a")
    without_table = GoogLeNetModel(model.input, model.outputs[0])
    with pytest.raises(InputError, match="built from a table of this package"):
        dream(without_table, photo(64, 64), "3a")


@pytest.mark.computes
def test_an_image_for_a_class(model):
    image, score = maximize_class(model, 2, steps=16)
    assert (image.dtype, image.shape) == (np.uint8, (64, 64, 3))
    assert score > maximize_class(model, 2, steps=0)[1] + 0.2
    kernel, bias = (keras.ops.convert_to_numpy(array) for array in model.get_layer("predictions").weights)
    pooled = activation_maps(model, image, ["5b"])["inception_5b"].mean((0, 1))
    assert score == pytest.approx((pooled @ kernel + bias)[2], rel=1e-4)
    np.testing.assert_array_equal(maximize_class(model, 2, steps=16)[0], image)
    assert (maximize_class(model, 2, steps=16, seed=1)[0] != image).any()


def test_there_is_no_image_for_no_class(model):
    with pytest.raises(InputError, match="Expected the index of a class, 0 to 3. Received: -1"):
        maximize_class(model, -1)


def test_the_maps_are_the_models_own(model):
    image = photo(64, 64)
    whole = keras.Model(model.input, model.endpoints).predict(preprocess_input(image[None], "channels_last"), verbose=0)
    maps = activation_maps(model, image)
    assert list(maps) == ["inception_3a", "inception_4a", "inception_4d", "inception_5b"]
    for name, found in maps.items():
        np.testing.assert_allclose(found, whole[name][0], rtol=1e-4, atol=1e-3)
    sheet = activation_sheet(model, image, "a title")
    assert (sheet.dtype, sheet.ndim) == (np.uint8, 3)
    assert sheet.shape[0] > 5 * 96


def test_pixels():
    image = np.random.default_rng(0).normal(size=(9, 7, 3)).astype("float32")
    assert resized(image, (18, 5)).shape == (18, 5, 3)
    assert resized(image, (9, 7)) is image

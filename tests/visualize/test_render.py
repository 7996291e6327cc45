"""Pictures of objectives: they raise what they climb, in any size, the same way for a seed and on every backend."""

import keras
import numpy as np
import pytest
from keras import layers
from support import deterministic
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.errors import InputError
from keras_googlenet.visualize import Parametrization, objective_values, objectives, render


def build(**options):
    made = GoogLeNet(**{"weights": None, "classes": 3, "variant": SMALL, "input_shape": (64, 64, 3), **options})
    deterministic.fill(made)
    return made


@pytest.fixture(scope="module")
def model():
    return build()


def test_a_picture_is_worth_more_than_its_beginning(model):
    objective = objectives.channel("4a", 5)
    [before], (low,) = render(model, objective, steps=0)
    [after], (high,) = render(model, objective, steps=24)
    assert (after.dtype, after.shape) == (np.uint8, (64, 64, 3))
    assert np.abs(before - 127.5).max() < 40
    assert high > low + 0.1 * abs(low)
    assert objective_values(model, objective, after[None])[0] == pytest.approx(high, rel=1e-4)


def test_a_picture_is_the_seeds(model):
    first, again, other = (render(model, objectives.layer("3a"), size=32, steps=2, seed=seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_batch_of_another_size(model):
    """Each image climbs its own; one without transforms, of pixels, without redirected gradients."""
    objective = sum(objectives.on(objectives.channel("3a", 3 * i), i) for i in range(2))
    plain = {"transforms": None, "redirected": False, "parametrization": Parametrization(fourier=False)}
    for options in ({}, plain):
        images, value = render(model, objective, size=(40, 57), images=2, steps=8, **options)
        assert images.shape == (2, 40, 57, 3)
        assert value.shape == ()
        worth = np.stack([objective_values(model, objectives.channel("3a", 3 * i), images) for i in range(2)])
        assert value == pytest.approx(worth[0, 0] + worth[1, 1], rel=1e-4)
        assert worth[0, 0] > worth[0, 1]
        assert worth[1, 1] > worth[1, 0]


def test_gray_networks_have_gray_pictures():
    [image], _ = render(build(input_shape=(48, 64, 1)), objectives.channel("3a", 1), steps=2)
    assert image.shape == (48, 64, 3)
    assert np.ptp(image) > 0
    assert (image[..., 0] == image[..., 2]).all()


def test_models_around_a_network():
    """At its own size, whatever stands before and after it."""
    inner = build(include_top=False, pooling="avg", aux_heads=False)
    model = keras.Sequential([keras.Input((64, 64, 3)), layers.Rescaling(0.5, -50), inner, layers.Dense(2)])
    images, values = render(model, objectives.class_logit(1) + objectives.layer("3a"), steps=1)
    pixels = images.astype("float32")
    maps = keras.Model(inner.input, inner.endpoints["inception_3a"])(0.5 * pixels - 50)
    expected = keras.ops.convert_to_numpy(model(pixels))[0, 1] + np.square(keras.ops.convert_to_numpy(maps)).mean()
    assert values == pytest.approx([expected], rel=1e-3)
    with pytest.raises(InputError, match="or those minus the mean. Received: .*preprocessing of its own"):
        render(model, objectives.layer("3a"), size=96)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 20}, "Expected a size of 32 to 1024 pixels a side. Received: 20"),
        ({"size": (64, 2000)}, "Expected a size of 32 to 1024 pixels a side"),
        ({"size": 64.5}, "Expected a size of 32 to 1024 pixels a side"),
        ({"images": 0}, "Expected images of 1 or more. Received: 0"),
        ({"steps": -1}, "Expected steps of 0 or more. Received: -1"),
    ],
)
def test_what_is_refused(options, message, model):
    with pytest.raises(InputError, match=message):
        render(model, objectives.layer("3a"), **options)


def test_scores_are_of_the_models_own_size(model):
    with pytest.raises(InputError, match="The class scores are those of images of the model's own size, 64x64"):
        render(model, objectives.class_logit(0), size=96)
    with pytest.raises(InputError, match="No such layer: aux1"):
        render(model, objectives.head("aux1", 0), size=96)


@pytest.mark.computes
def test_the_real_network_shows_a_channel_more_than_photos(bvlc, shared_data, tmp_path):
    """What is drawn for four channels, beside photos of the same size."""
    import tarfile

    from keras_googlenet import data

    made = [("4a", 300), ("4c", 7), ("mixed4d", 100), ("3b", 42)]
    objective = sum(objectives.on(objectives.channel(*one), i) for i, one in enumerate(made))
    images, _ = render(bvlc, objective, size=96, images=4, steps=48)
    with tarfile.open(shared_data / "hymenoptera.tar") as archive:
        files = [member for member in archive if member.name.endswith(".jpg")][::10]
        archive.extractall(tmp_path, files, filter="data")
    photos = [data.center_crop(data.read_image(str(tmp_path / file.name)), 96) for file in files]
    assert len(photos) > 30
    for i, one in enumerate(made):
        best = objective_values(bvlc, objectives.channel(*one), np.array(photos)).max()
        assert objective_values(bvlc, objectives.channel(*one), images)[i] > best

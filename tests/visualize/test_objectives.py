"""Objectives against NumPy on the endpoints' predicted maps, their algebra, and what they refuse before any work."""

import keras
import numpy as np
import pytest
from support import deterministic
from support.small import SMALL

from keras_googlenet import GoogLeNet, preprocess_input
from keras_googlenet.errors import InputError
from keras_googlenet.visualize import Objective, objective_values, render
from keras_googlenet.visualize import objectives as o

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3)).astype("float32")


@pytest.fixture(scope="module")
def model():
    made = GoogLeNet(weights=None, input_shape=(64, 64, 3), classes=4, variant=SMALL)
    deterministic.fill(made)
    return made


@pytest.fixture(scope="module")
def found(model):
    """The maps of two rows, and the heads' logits as the classifiers' arithmetic on what they read."""
    names = {"3a": "inception_3a", "4a": "inception_4a"}
    outputs = {short: model.endpoints[name] for short, name in names.items()}
    read = {"predictions": model.get_layer("predictions").input, "aux1": model.get_layer("aux1").input}
    values = keras.Model(model.input, outputs | read).predict(preprocess_input(IMAGES, "channels_last"), verbose=0)
    for head in read:
        kernel, bias = model.get_layer(head).get_weights()
        values[head] = values[head] @ kernel + bias
    return values


def diversity(maps):
    flat = maps.reshape(len(maps), -1, maps.shape[-1])
    grams = np.stack([each.T @ each / np.linalg.norm(each.T @ each) for each in flat])
    pairs = [(grams[i] * grams[j]).sum() for i in range(len(maps)) for j in range(len(maps)) if i != j]
    return -np.sum(pairs) / len(maps)


def alignment(maps):
    pairs = [(i, j) for i in range(len(maps)) for j in range(i + 1, len(maps))]
    return -sum(np.square(maps[i] - maps[j]).mean() / 2 ** (j - i) for i, j in pairs)


def cosines(maps, vector, power):
    product = maps @ vector
    cosine = product / (np.linalg.norm(maps, axis=-1) * np.linalg.norm(vector) + 1e-12)
    return (product * np.maximum(cosine, 0.1) ** power).mean((1, 2))


def gram(maps):
    flat = maps.reshape(-1, maps.shape[-1]).astype("float64")
    return flat.T @ flat / len(flat)


def caricatures(maps, reference, power):
    products = np.array([(each * reference).sum() for each in maps])
    cosines = [(each * reference).sum() / np.linalg.norm(each) / np.linalg.norm(reference) for each in maps]
    return products / 64 * np.maximum(cosines, 0.1) ** power


VECTOR = np.random.default_rng(1).normal(size=40)
REFERENCE = np.random.default_rng(2).normal(0.5, size=(8, 8, 40))
SMALLER = np.random.default_rng(3).normal(0.5, size=(5, 3, 40))
CASES = {
    "neuron": (o.neuron("3a", 5), lambda f: f["3a"][:, 4, 4, 5]),
    "place": (o.neuron("3a", 5, (1, 6)), lambda f: f["3a"][:, 1, 6, 5]),
    "channel": (o.channel("mixed3a", 7), lambda f: f["3a"][..., 7].mean((1, 2))),
    "direction": (o.direction("3a", VECTOR), lambda f: (f["3a"] @ VECTOR).mean((1, 2))),
    "cosine": (o.direction("3a", VECTOR, 2), lambda f: cosines(f["3a"], VECTOR, 2)),
    "layer": (o.layer("inception_3a"), lambda f: np.square(f["3a"]).mean((1, 2, 3))),
    "class": (o.class_logit(2), lambda f: f["predictions"][:, 2]),
    "head": (o.head("aux1", 3), lambda f: f["aux1"][:, 3]),
    "head of Google's": (o.head("softmax0", 3), lambda f: f["aux1"][:, 3]),
    "diversity": (o.diversity("3a"), lambda f: diversity(f["3a"])),
    "alignment": (o.alignment("3a"), lambda f: alignment(f["3a"])),
    "caricature": (o.caricature("3a", REFERENCE, 2), lambda f: caricatures(f["3a"], REFERENCE, 2)),
    "inversion": (
        o.inversion("3a", REFERENCE),
        lambda f: [-np.square(each - REFERENCE).sum() / np.square(REFERENCE).sum() for each in f["3a"]],
    ),
    "style": (
        o.style("3a", SMALLER),
        lambda f: [-np.square(gram(each) - gram(SMALLER)).sum() / np.square(gram(SMALLER)).sum() for each in f["3a"]],
    ),
    "sum": (
        2 * o.channel("3a", 7) - o.channel("4a", 3) / 4 + 1,
        lambda f: 2 * f["3a"][..., 7].mean((1, 2)) - f["4a"][..., 3].mean((1, 2)) / 4 + 1,
    ),
    "product": (
        -o.channel("3a", 7) * (3 - o.channel("3a", 8)),
        lambda f: -f["3a"][..., 7].mean((1, 2)) * (3 - f["3a"][..., 8].mean((1, 2))),
    ),
    "on": (
        sum(o.on(o.channel("3a", 7 + i), i) for i in (0, 2)),
        lambda f: sum(f["3a"][i, ..., 7 + i].mean() for i in (0, 2)),
    ),
    "interpolation": (
        o.interpolation(o.channel("3a", 7), o.channel("4a", 3)),
        lambda f: (
            np.array([1, 0.5, 0]) * f["3a"][..., 7].mean((1, 2)) + np.array([0, 0.5, 1]) * f["4a"][..., 3].mean((1, 2))
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_values(name, model, found):
    objective, expected = CASES[name]
    expected = np.asarray(expected(found))
    values = objective_values(model, objective, IMAGES)
    assert values.shape == expected.shape
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(values, expected, rtol=2e-3, atol=1e-4 * np.abs(expected).max())


def test_how_they_are_written():
    made = 2 * o.channel("4a", 11) - o.neuron("mixed4b", 7, (1, 2)) / o.layer("3a")
    assert repr(made) == "((2 * channel('4a', 11)) - (neuron('mixed4b', 7, (1, 2)) / layer('3a')))"
    assert repr(o.on(-o.head("aux1", 3), 1)) == "on((-1 * head('aux1', 3)), 1)"
    assert isinstance(made, Objective)
    assert made.endpoints == {"4a", "mixed4b", "3a"}
    with pytest.raises(TypeError):
        o.layer("3a") + "4a"


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (o.channel("mixed9z", 0), "No such layer: mixed9z"),
        (o.channel("3a", 40), "Expected a channel of 3a, 0 to 39. Received: 40"),
        (o.channel("3a", -1), "Expected a channel of 3a, 0 to 39. Received: -1"),
        (o.channel("3a", 1.5), "Expected a channel of 3a, 0 to 39. Received: 1.5"),
        (o.neuron("3a", 0, (8, 0)), "Expected a row of 3a, 0 to 7. Received: 8"),
        (o.neuron("predictions", 0), "Expected an endpoint of maps. Received: predictions"),
        (o.inversion("3a", SMALLER), r"Expected maps of shape \(8, 8, 40\), as 3a makes them.*Received: \(5, 3, 40\)"),
        (o.style("4a", SMALLER), "channels, those of 4a. Received: 40"),
        (o.caricature("predictions", SMALLER), "Expected an endpoint of maps. Received: predictions"),
        (o.direction("3a", [1, 2]), "Expected a vector of 40, the channels of 3a. Received: 2"),
        (o.class_logit(4), "Expected the index of a class, 0 to 3. Received: 4"),
        (o.head("aux1", 4), "Expected the index of a class of aux1, 0 to 3. Received: 4"),
        (o.head("inception_3a", 1), "inception_3a"),
        (o.on(o.layer("3a"), 1), "Expected the index of an image in the batch, 0 to 0. Received: 1"),
        (o.on(o.on(o.layer("3a"), 0), 0), "Expected an objective with a number for each image"),
        (o.alignment("3a"), "alignment needs a batch of several images. Received: 1"),
        (o.diversity("3a"), "diversity needs a batch of several images. Received: 1"),
        (o.interpolation(o.layer("3a"), o.layer("4a")), "interpolation needs objectives with a number for each image"),
    ],
)
def test_what_is_not_there_is_refused_before_any_work(objective, message, model, monkeypatch):
    monkeypatch.setattr("keras_googlenet.visualize.rendering.ascent.differentiated", None)
    with pytest.raises(InputError, match=message):
        render(model, objective)


def test_directions_are_vectors():
    for vector in ([], [0, 0], [[1, 2]], [np.nan, 1]):
        with pytest.raises(InputError, match="Expected a vector of finite numbers"):
            o.direction("3a", vector)


def test_maps_are_of_one_image():
    for maps in (np.ones((1, 8, 8, 40)), np.zeros((8, 8, 40)), np.full((8, 8, 40), np.nan), np.full((2, 2, 2), "a")):
        for make in (o.caricature, o.inversion, o.style):
            with pytest.raises(InputError, match="Expected maps of one image, finite numbers that are not all 0"):
                make("3a", maps)


def test_an_image_is_found_again_from_what_a_layer_knows_of_it(model, found):
    """The inversion comes near its maps."""
    _, before = render(model, o.inversion("3a", found["3a"][0]), steps=0)
    _, after = render(model, o.inversion("3a", found["3a"][0]), steps=60, transforms=None)
    assert -after[0] < 0.5 * -before[0]

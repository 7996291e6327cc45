"""Layers before a network with heads: upon its input, and not around it, where names and labels would be lost."""

import keras
import numpy as np
import pytest
from support.small import SMALL
from support.version_0_1_0 import version_0_1_0

from keras_googlenet import GoogLeNet, GoogLeNetModel

WAY = r"cannot be a layer of another model.*`GoogLeNet\(input_tensor=x\)`.*`model\.inference_model\(\)\(x\)`.*Received"


def build(**options):
    return GoogLeNet(weights=None, variant=SMALL, classes=4, **options)


@pytest.fixture(scope="module")
def headed():
    return build(input_shape=(32, 32, 3))


def late(model):
    """Without an input, `Sequential` is built at the first batch."""
    model = keras.Sequential([keras.layers.Rescaling(2.0), model])
    return model.predict(np.zeros((1, 32, 32, 3)), verbose=0)


NESTED = {
    "sequential": lambda model: keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Rescaling(2.0), model]),
    "sequential, built late": late,
    "functional": lambda model: keras.Model(x := keras.Input((32, 32, 3)), model(x)),
    "functional, by keyword": lambda model: keras.Model(x := keras.Input((32, 32, 3)), model(inputs=x)),
    "functional, the main output": lambda model: keras.Model(x := keras.Input((32, 32, 3)), model(x)[0]),
    "of its own class": lambda model: GoogLeNetModel(x := keras.Input((32, 32, 3)), model(x)),
}


@pytest.mark.parametrize("way", NESTED)
def test_heads_within_another_model_are_refused(headed, way):
    with pytest.raises(ValueError, match=WAY):
        NESTED[way](headed)


def test_so_is_a_model_that_was_loaded(headed, tmp_path):
    headed.save(tmp_path / "net.keras")
    with pytest.raises(ValueError, match=WAY):
        NESTED["functional"](keras.saving.load_model(tmp_path / "net.keras"))


@pytest.mark.parametrize("way", ["sequential", "functional"])
def test_without_heads_it_may_be_a_layer(headed, way):
    assert NESTED[way](headed.inference_model()).output_shape == (None, 4)


def test_the_way_that_works():
    x = keras.layers.Rescaling(2.0)(keras.layers.RandomFlip()(keras.Input((32, 32, 3))))
    model = build(input_tensor=x)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=True)
    logs = model.train_on_batch(np.zeros((4, 32, 32, 3)), np.arange(4), return_dict=True)
    names = {f"{head}_{what}" for head in ("predictions", "aux1", "aux2") for what in ("loss", "accuracy")}
    assert logs.keys() == names | {"loss"}


@pytest.mark.parametrize("old", [True, False])
def test_a_saved_model_with_one_within_loads(tmp_path, monkeypatch, old):
    """Version 0.1.0 let it pass."""
    call = GoogLeNetModel.__call__
    monkeypatch.setattr(GoogLeNetModel, "__call__", keras.Model.__call__)
    with version_0_1_0() if old else monkeypatch.context():
        outer = NESTED["functional"](build(input_shape=(32, 32, 3)))
        outer.save(tmp_path / "outer.keras")
    monkeypatch.setattr(GoogLeNetModel, "__call__", call)
    again = keras.saving.load_model(tmp_path / "outer.keras")
    x = np.random.default_rng(0).normal(0, 60, (1, 32, 32, 3)).astype("float32")
    for ours, theirs in zip(outer(x), again(x), strict=True):
        np.testing.assert_allclose(keras.ops.convert_to_numpy(ours), keras.ops.convert_to_numpy(theirs), rtol=1e-6)

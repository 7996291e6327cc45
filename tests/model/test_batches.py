"""Batches that cannot fit the memory are refused before they are collected; none is larger than what there is."""

import math

import pytest
from support.small import SMALL

from keras_googlenet import GoogLeNet, data
from keras_googlenet.evaluation import predict
from keras_googlenet.model.memory import batches
from keras_googlenet.utils import memory
from keras_googlenet.utils.memory import MemoryShortage


@pytest.fixture(scope="module")
def model():
    return GoogLeNet(weights=None, classes=10, input_shape=(32, 32, 3), variant=SMALL, aux_heads=False)


def test_what_cannot_fit_is_refused(model, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 2**28)
    with batches(model, 100, 32):
        pass
    said = r"^There is not enough memory for batches of 90,000 images of 32x32 pixels: .* Lower the batch size"
    with pytest.raises(MemoryShortage, match=said), batches(model, 90_000, 32):
        pytest.fail("it has begun")


def test_what_runs_short_is_said(model):
    with (
        pytest.raises(MemoryShortage, match="for batches of 8 images of 32x64 pixels. Lower"),
        batches(model, 8, (64, 32)),
    ):
        raise MemoryError


def test_the_least_is_less_than_what_a_batch_takes(model, monkeypatch):
    """Its images, as bytes and as numbers, and the largest of the layers' outputs."""
    asked = []
    monkeypatch.setattr(memory, "check", lambda needed, *words: asked.append(needed))
    with batches(model, 1, 32):
        largest = max(math.prod(layer.output.shape[1:]) for layer in model.layers)
        assert asked == [32 * 32 * 3 * 5 + 2 * largest]


def test_an_evaluation_has_no_batch_larger_than_its_images(model, monkeypatch):
    whole = data.load("digits").validation
    few = type(whole)(whole.items[:9], whole.labels[:9], whole.decode)
    shapes, predict_on_batch = [], type(model).predict_on_batch
    monkeypatch.setattr(
        type(model), "predict_on_batch", lambda self, batch: shapes.append(batch.shape) or predict_on_batch(self, batch)
    )
    assert predict(model, few, batch_size=10**9, verbose=0).complete
    assert shapes == [(9, 32, 32, 3)]

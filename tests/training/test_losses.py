"""Label smoothing against its formula, against Keras on one-hot labels, and through every head."""

import keras
import numpy as np
import pytest
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.training import Recipe, SmoothedCrossentropy
from keras_googlenet.training.optimizers.losses import loss

LABELS = np.array([2, 0, 1, 2, 4])


@pytest.fixture
def probabilities():
    scores = np.random.default_rng(0).normal(size=(5, 5))
    return (np.exp(scores) / np.exp(scores).sum(1, keepdims=True)).astype("float32")


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.4])
def test_the_formula(probabilities, smoothing):
    logarithms = np.log(probabilities.astype("float64"))
    expected = -((1 - smoothing) * logarithms[np.arange(5), LABELS] + smoothing * logarithms.mean(1)).mean()
    built = SmoothedCrossentropy(smoothing)
    assert float(built(LABELS, probabilities)) == pytest.approx(expected, rel=1e-5)
    assert float(built(LABELS[:, None], probabilities)) == pytest.approx(expected, rel=1e-5)
    one_hot = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)
    assert float(one_hot(np.eye(5)[LABELS], probabilities)) == pytest.approx(expected, rel=1e-5)


def test_a_recipes_loss_is_saved_and_loaded():
    assert loss(Recipe()) == "sparse_categorical_crossentropy"
    built = loss(Recipe(label_smoothing=0.2))
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(built))
    assert (type(again), again.smoothing) == (SmoothedCrossentropy, 0.2)


@pytest.mark.trains
def test_every_head_is_smoothed():
    model = GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=5, variant=SMALL)
    model.compile("sgd", loss=loss(Recipe(label_smoothing=0.3)), metrics=["accuracy"])
    images = np.random.default_rng(0).normal(0, 70, (5, 32, 32, 3)).astype("float32")
    logs = model.evaluate(images, LABELS, batch_size=5, verbose=0, return_dict=True)
    for name, output in zip(model.output_names, model(images), strict=True):
        logarithms = np.log(np.asarray(output, "float64"))
        expected = -(0.7 * logarithms[np.arange(5), LABELS] + 0.3 * logarithms.mean(1)).mean()
        assert logs[f"{name}_loss"] == pytest.approx(expected, rel=1e-4)
        assert logs[f"{name}_accuracy"] == pytest.approx((logarithms.argmax(1) == LABELS).mean())

"""Accuracy, loss, confusion and mistakes, against scikit-learn, Keras and counting by hand."""

import json
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn import metrics
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.data import evaluation_batches, load
from keras_googlenet.errors import WorkError
from keras_googlenet.evaluation import Assessment, assess, images_at, wilson_interval


def echo(classes):
    """A network whose probabilities are its input."""
    return keras.Sequential([keras.Input((classes,)), keras.layers.Identity()])


def dataset(probabilities, labels, size=16):
    return tf.data.Dataset.from_tensor_slices((probabilities, labels)).batch(size)


def draw(count, classes, seed=0):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(classes, 0.5), count).astype("float32")
    return probabilities, rng.integers(0, classes, count)


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_the_textbooks(successes, count, low, high):
    """Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3."""
    assert wilson_interval(successes, count) == pytest.approx((low, high), abs=5.1e-5)
    assert wilson_interval(count - successes, count) == pytest.approx((1 - high, 1 - low), abs=5.1e-5)


@pytest.mark.parametrize(("successes", "count"), [(0, 0), (-1, 5), (6, 5)])
def test_the_interval_of_nothing_is_refused(successes, count):
    with pytest.raises(ValueError, match=f"Received: {successes} of {count}"):
        wilson_interval(successes, count)


@pytest.mark.parametrize("classes", [2, 5, 6, 30])
def test_the_numbers_are_scikit_learns(classes):
    probabilities, labels = draw(203, classes)
    result = assess(echo(classes), dataset(probabilities, labels), [str(i) for i in range(classes)], 203, verbose=0)
    known = range(classes)
    assert result.count == 203
    assert result.top1 == pytest.approx(metrics.accuracy_score(labels, probabilities.argmax(1)))
    wide = probabilities.astype("float64")
    expected_loss = metrics.log_loss(
        labels, np.maximum(wide, 1e-7) / np.maximum(wide, 1e-7).sum(1)[:, None], labels=known
    )
    assert result.loss == pytest.approx(expected_loss, rel=1e-5)
    np.testing.assert_array_equal(
        result.confusion, metrics.confusion_matrix(labels, probabilities.argmax(1), labels=known)
    )
    if classes > 5:
        assert result.top5 == pytest.approx(metrics.top_k_accuracy_score(labels, probabilities, k=5, labels=known))
    else:
        assert result.top5 is None
    recall = metrics.recall_score(labels, probabilities.argmax(1), labels=known, average=None)
    assert result.class_accuracy == pytest.approx(tuple(recall))


def test_the_most_confident_mistakes_come_first():
    probabilities = [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.9, 0.1], [0.05, 0.95]]
    data = dataset(np.array(probabilities, "float32"), [1, 1, 0, 1, 1], size=2)
    result = assess(echo(2), data, ["a", "b"], mistakes=2, name="picture {}.png".format, verbose=0)
    found = [(m.index, m.true, m.predicted, round(m.probability, 3), m.name) for m in result.mistakes]
    assert found == [(0, 1, 0, 0.9, "picture 0.png"), (3, 1, 0, 0.9, "picture 3.png")]
    assert assess(echo(2), data, ["a", "b"], verbose=0).mistakes[2].index == 2


def test_equal_probabilities_count_as_argmax_counts_them():
    data = dataset(np.full((6, 6), 1 / 6, "float32"), np.array([0, 0, 0, 4, 5, 5]))
    result = assess(echo(6), data, list("abcdef"), verbose=0)
    assert (result.top1, result.top5) == (3 / 6, 4 / 6)
    assert result.confusion[:, 0].tolist() == [3, 0, 0, 0, 1, 2]


@pytest.fixture(scope="module")
def digits():
    keras.utils.set_random_seed(0)
    model = GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=10, variant=SMALL)
    model.compile("sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, load("digits")


@pytest.mark.computes
def test_it_measures_what_keras_measures(digits):
    """The main head of three, on a data set whose last batch is smaller."""
    model, source = digits
    validation = evaluation_batches(source.validation, image_size=32, batch_size=100, preprocess=lambda x: x / 64)
    validation = validation.unbatch().batch(100).apply(tf.data.experimental.assert_cardinality(4))
    model.fit(validation.take(2), shuffle=False, verbose=0)
    logs = model.evaluate(validation, verbose=0, return_dict=True)
    result = assess(model, validation, source.classes, source.validation.count, verbose=0)
    assert result.loss == pytest.approx(logs["predictions_loss"], rel=1e-5)
    assert result.top1 == pytest.approx(logs["predictions_accuracy"])
    for mistake in result.mistakes:
        assert source.validation.labels[mistake.index] == mistake.true


def test_images_come_by_position(digits):
    split = digits[1].validation
    found = images_at(split, [7, 0, 7])
    assert set(found) == {0, 7}
    for position, image in found.items():
        np.testing.assert_array_equal(image, split.items[position])
    assert images_at(split, []) == {}


def test_the_json_says_it_all():
    confusion = np.array([[3, 1, 0], [0, 0, 0], [2, 0, 4]])
    result = Assessment(("a", "ö", "<c>"), "test", 10, 0.5, 0.7, None, confusion, ())
    record = json.loads(result.to_json())
    assert record["class_names"] == ["a", "ö", "<c>"]
    assert record["class_accuracy"] == [0.75, None, pytest.approx(4 / 6)]
    assert record["class_counts"] == [4, 0, 6]
    assert record["most_confused"] == [[2, 0, 2], [0, 1, 1]]
    assert record["confusion"] == confusion.tolist()
    assert record["top1_interval_95"] == pytest.approx([0.3968, 0.8922], abs=1e-4)  # 7 of 10, by hand
    assert (record["split"], record["count"], record["top5"]) == ("test", 10, None)


def test_a_thousand_classes_leave_the_matrix_out():
    confusion = np.eye(1000, dtype="int64")
    confusion[3, 5] = 2
    result = Assessment(tuple(map(str, range(1000))), "test", 1002, 0.5, 0.998, 0.999, confusion, ())
    text = result.to_json()
    assert json.loads(text)["confusion"] is None
    assert json.loads(text)["class_accuracy"][3] == pytest.approx(1 / 3)
    assert len(text) < 50_000


@pytest.mark.parametrize(
    ("probabilities", "labels", "count", "message"),
    [
        ([[0.5, 0.5, 0.0]], [0], None, r"a column for each of the 2 classes. Received: \(1, 3\)"),
        ([[0.5, 0.5]], [2], None, "Labels must be 0 to 1. Received: 2 to 2"),
        ([[0.5, 0.5]], [-1], None, "Labels must be 0 to 1. Received: -1 to -1"),
        ([[0.5, 0.5]], [0], 2, "Expected 2 images in `batches`. Received: 1"),
        (np.zeros((0, 2)), [], None, "Expected one or more images"),
    ],
)
def test_what_cannot_be_assessed_is_refused(probabilities, labels, count, message):
    probabilities = np.array(probabilities, "float32")
    data = dataset(probabilities, np.array(labels, "int64"))
    with pytest.raises(ValueError, match=message):
        assess(echo(probabilities.shape[1]), data, ["a", "b"], count, verbose=0)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ([np.nan, 1], "The network's output is not a number"),
        ([3.0, -2.0], "Expected probabilities"),
        ([3.0, 2.0], "rows that sum to 5 to 5"),
    ],
)
def test_a_broken_network_is_said(output, message):
    with pytest.raises(WorkError, match=message):
        assess(echo(2), dataset(np.array([output], "float32"), [0]), ["a", "b"], verbose=0)


def test_progress_is_shown(capsys):
    data = dataset(np.array([[0.75, 0.25]] * 20, "float32"), np.arange(20) // 16)  # 16 right, then 4 wrong
    assess(echo(2), data, ["a", "b"], 20, verbose=1)
    last = re.split(r"[\r\n\b]+", capsys.readouterr().out.strip())[-1]
    assert "20/20" in last
    assert "loss: 0.5074 - accuracy: 0.8000" in last  # not the mean of the batches' means

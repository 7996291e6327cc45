"""Accuracy, loss, confusion and mistakes, against scikit-learn, Keras and counting by hand."""

import json
import re

import keras
import numpy as np
import pytest
from sklearn import metrics
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.data import evaluation_batches, load
from keras_googlenet.data.splits import ListedSplit
from keras_googlenet.errors import WorkError
from keras_googlenet.evaluation import EvaluationResult, Predictions, PredictionsError, error_rates, predict
from keras_googlenet.evaluation.crop_batches import read_ahead
from keras_googlenet.evaluation.measures import wilson_interval


def predicted(probabilities, labels, names=None):
    """What a model would have said."""
    probabilities = np.asarray(probabilities, "float32")
    names = names or [f"{place}.png" for place in range(len(labels))]
    found = Predictions.begun("a model", "d", names, labels, probabilities.shape[1], [0])
    found.probabilities[0][:], found.done[:] = probabilities, True
    return [found]


def echo(probabilities, labels, **options):
    """The predictions of a network whose probabilities are what it is given, whatever the image."""
    images = np.zeros((len(labels), 4, 4, 3), np.uint8)
    rows = iter(np.asarray(probabilities, "float32"))
    split = ListedSplit(images, np.asarray(labels, "int64"), decode=np.asarray)
    model = keras.Sequential([keras.Input((len(probabilities[0]),)), keras.layers.Identity()])
    options = {"size": 4, "preprocess": lambda _: next(rows)[None], "batch_size": 1, "verbose": 0, **options}
    return predict(model, split, **options)


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
    result = EvaluationResult.of(predicted(probabilities, labels), [str(i) for i in range(classes)])
    known = range(classes)
    assert result.count == 203
    assert result.top1 == pytest.approx(metrics.accuracy_score(labels, probabilities.argmax(1)))
    wide = probabilities.astype("float64")
    assert result.loss == pytest.approx(metrics.log_loss(labels, wide / wide.sum(1)[:, None], labels=known), rel=1e-5)
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
    predictions = predicted(probabilities, [1, 1, 0, 1, 1])
    result = EvaluationResult.of(predictions, ["a", "b"], mistakes=2, path="picture {}.png".format)
    found = [(m.index, m.true, m.predicted, round(m.probability, 3), m.name) for m in result.mistakes]
    assert found == [(0, 1, 0, 0.9, "picture 0.png"), (3, 1, 0, 0.9, "picture 3.png")]
    assert EvaluationResult.of(predictions, ["a", "b"]).mistakes[2].index == 2


def test_mistakes_are_counted_as_the_split_counts_its_images():
    predictions = predicted([[0.9, 0.1], [0, 1], [0.2, 0.8]], [0, 0, 0])
    predictions[0].done[1], predictions[0].skipped[1] = False, True
    result = EvaluationResult.of(predictions, ["a", "b"])
    assert ([mistake.index for mistake in result.mistakes], result.count, result.top1) == ([2], 2, 0.5)


def test_equal_probabilities_count_as_argmax_counts_them():
    result = EvaluationResult.of(predicted(np.full((6, 6), 1 / 6), np.array([0, 0, 0, 4, 5, 5])), list("abcdef"))
    assert (result.top1, result.top5) == (3 / 6, 4 / 6)
    assert result.confusion[:, 0].tolist() == [3, 0, 0, 0, 1, 2]


@pytest.fixture(scope="module")
def digits():
    keras.utils.set_random_seed(0)
    model = GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=10, variant=SMALL)
    model.compile("sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, load("digits")


@pytest.mark.computes
@pytest.mark.parametrize("least", [1, 1e-26])
def test_it_measures_what_keras_measures(digits, least):
    """The main head of three; also of probabilities below 1e-7, at which Keras clips those that come without logits."""
    model, source = digits
    batches = evaluation_batches(source.validation, image_size=32, batch_size=100, preprocess=lambda x: x / 64)
    model.fit(batches.take(2), shuffle=False, verbose=0)
    predictions = model.get_layer("predictions")
    kernel, bias = predictions.get_weights()
    predictions.set_weights([kernel, np.linspace(0, np.log(least), 10)])
    logs = model.evaluate(batches, verbose=0, return_dict=True)
    found = predict(model.inference_model(), source.validation, preprocess=lambda x: x / 64, batch_size=100, verbose=0)
    predictions.set_weights([kernel, bias])
    result = EvaluationResult.of([found], source.classes)
    assert found.probabilities[0].min() < 2 * least
    assert result.loss == pytest.approx(logs["predictions_loss"], rel=1e-5)
    assert result.top1 == pytest.approx(logs["predictions_accuracy"])
    assert result.top1 == pytest.approx(1 - error_rates([found], 0).top1)
    assert result.top5 == pytest.approx(1 - error_rates([found], 0).top5)
    for mistake in result.mistakes:
        assert source.validation.labels[mistake.index] == mistake.true


def test_images_come_by_position(digits):
    split = digits[1].validation
    found = dict(read_ahead(split, [7, 0, 7], lambda image: image))
    assert set(found) == {0, 7}
    for position, image in found.items():
        np.testing.assert_array_equal(image, split.items[position])
    assert dict(read_ahead(split, [], lambda image: image)) == {}


def test_the_json_says_it_all():
    confusion = np.array([[3, 1, 0], [0, 0, 0], [2, 0, 4]])
    result = EvaluationResult(("a", "ö", "<c>"), "test", 10, 0.5, 0.7, None, confusion, ())
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
    result = EvaluationResult(tuple(map(str, range(1000))), "test", 1002, 0.5, 0.998, 0.999, confusion, ())
    text = result.to_json()
    assert json.loads(text)["confusion"] is None
    assert json.loads(text)["class_accuracy"][3] == pytest.approx(1 / 3)
    assert len(text) < 50_000


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([2], "Labels must be 0 to 1. Received: 2 to 2"),
        ([-1], "Labels must be 0 to 1. Received: -1 to -1"),
        ([], "Expected one or more images"),
    ],
)
def test_what_cannot_be_measured_is_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        echo([[0.5, 0.5]], labels)


def test_a_name_for_each_output():
    with pytest.raises(ValueError, match="an output for each of the 2 classes. Received: 3 outputs"):
        EvaluationResult.of(predicted([[0.5, 0.5, 0.0]], [0]), ["a", "b"])


def test_of_nothing_there_is_no_result():
    predictions = predicted([[0.5, 0.5]] * 2, [0, 1])
    predictions[0].done[:] = False
    with pytest.raises(PredictionsError, match="with 0 of 2"):
        EvaluationResult.of(predictions, ["a", "b"])
    predictions[0].skipped[:] = True
    with pytest.raises(PredictionsError, match="an image or more that could be read"):
        EvaluationResult.of(predictions, ["a", "b"])


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
        echo([output], [0])


def test_progress_is_shown(capsys):
    echo([[0.75, 0.25]] * 20, np.arange(20) // 16, verbose=1)  # 16 right, then 4 wrong
    last = re.split(r"[\r\n\b]+", capsys.readouterr().out.strip())[-1]
    assert "20/20" in last
    assert "loss: 0.5074 - accuracy: 0.8000" in last  # not the mean of the batches' means

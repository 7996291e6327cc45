"""Section 7's protocol: every image once, in full batches, gone on with after an interruption, ensembles from files."""

import keras
import numpy as np
import pytest
from sklearn import metrics

from keras_googlenet.data import ImageError
from keras_googlenet.data.splits import ListedSplit
from keras_googlenet.errors import WorkError
from keras_googlenet.evaluation import (
    TABLE_3,
    Predictions,
    PredictionsError,
    columns,
    crops,
    digest,
    errors,
    fill,
    is_predictions,
    table3,
)

SIZE, CLASSES, IMAGES = 8, 7, 5


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (9 + 2 * n, 17 - n, 3), np.uint8) for n in range(IMAGES)]


class Counting(keras.Model):
    """Probabilities from the crop's pixels, and a note of each batch."""

    def __init__(self, seed=0):
        super().__init__()
        initializer = keras.initializers.RandomNormal(stddev=0.02, seed=seed)
        self.dense = keras.layers.Dense(CLASSES, activation="softmax", kernel_initializer=initializer)
        self.batches = []

    def call(self, x):
        return self.dense(keras.ops.reshape(x, (-1, SIZE * SIZE * 3)))

    def predict_on_batch(self, x):
        self.batches.append(x.shape)
        return super().predict_on_batch(x)


def split(images, broken=()):
    reads = []

    def decode(number):
        reads.append(int(number))
        if number in broken:
            raise ImageError(f"{number}.jpg: broken")
        return images[number]

    labels = np.arange(len(images)) % CLASSES
    return ListedSplit(np.arange(len(images)), labels, decode=decode), reads


def begun(numbers, pool="mean"):
    labels = np.arange(IMAGES) % CLASSES
    return Predictions.begun("a model", "d", [f"{n}.jpg" for n in range(IMAGES)], labels, CLASSES, numbers, pool)


def run(model, images, numbers, pool="mean", **options):
    predictions = begun(numbers, pool)
    source, reads = split(images)
    fill(predictions, model, source, size=SIZE, preprocess=lambda x: x / 255.0, verbose=0, **options)
    assert sorted(reads) == list(range(IMAGES))
    assert predictions.complete
    return predictions


@pytest.mark.parametrize("batch_size", [1, 7, 32, 1000])
@pytest.mark.parametrize(("count", "views"), [(0, 1), (10, 10), (144, 144)])
def test_every_crop_is_seen_once_in_full_batches(images, batch_size, count, views):
    model = Counting()
    predictions = run(model, images, [count], batch_size=batch_size)
    assert len(model.batches) == -(-IMAGES * views // batch_size)
    assert set(model.batches) == {(batch_size, SIZE, SIZE, 3)}
    for row, image in zip(predictions.probabilities[count], images, strict=True):
        alone = keras.ops.convert_to_numpy(model(crops(image, count, SIZE) / 255.0))
        np.testing.assert_allclose(row, alone.mean(axis=0, dtype="float64"), rtol=1e-6)


def test_the_maximum_instead_of_the_mean(images):
    model = Counting()
    rows = run(model, images, [10], pool="max").probabilities[10]
    for row, image in zip(rows, images, strict=True):
        alone = keras.ops.convert_to_numpy(model(crops(image, 10, SIZE) / 255.0))
        np.testing.assert_allclose(row, alone.max(axis=0), rtol=1e-6)


def test_fewer_crops_come_with_the_many(images):
    model = Counting()
    together = run(model, images, [1, 10, 144], batch_size=32)
    for count, rows in together.probabilities.items():
        np.testing.assert_allclose(rows, run(model, images, [count]).probabilities[count], rtol=1e-6)


@pytest.mark.parametrize("after", [1, 3])
def test_an_interrupted_evaluation_goes_on(images, tmp_path, after):
    """What was done is in the file; the rest alone is read and computed; the outcome is the same to the bit."""
    model, expected = Counting(), run(Counting(), images, [10], batch_size=10)
    predictions, (source, reads) = begun([10]), split(images)
    done = []

    def save():
        done.append(1)
        if len(done) == after:
            predictions.write(tmp_path / "p.npz")
            raise KeyboardInterrupt

    options = {"size": SIZE, "preprocess": lambda x: x / 255.0, "verbose": 0, "batch_size": 10}
    with pytest.raises(KeyboardInterrupt):
        fill(predictions, model, source, save=save, **options)
    again = Predictions.read(tmp_path / "p.npz")
    assert again.done.sum() == after
    assert not again.complete
    reads.clear()
    fill(again, model, source, **options)
    assert sorted(reads) == list(range(after, IMAGES))
    np.testing.assert_array_equal(again.probabilities[10], expected.probabilities[10])


def test_unreadable_images_stop_it_or_are_skipped(images):
    options = {"size": SIZE, "preprocess": lambda x: x / 255.0, "verbose": 0, "batch_size": 4}
    with pytest.raises(ImageError, match=r"2\.jpg: broken"):
        fill(begun([1]), Counting(), split(images, broken=[2])[0], **options)
    predictions = begun([1])
    fill(predictions, Counting(), split(images, broken=[2, 4])[0], skip=True, **options)
    assert predictions.skipped.tolist() == [False, False, True, False, True]
    assert predictions.complete
    assert errors([predictions], 1).count == 3
    whole = run(Counting(), images, [1])
    kept = [0, 1, 3]
    np.testing.assert_allclose(predictions.probabilities[1][kept], whole.probabilities[1][kept], rtol=1e-6)


@pytest.mark.parametrize("activation", ["linear", "sigmoid"])
def test_what_is_no_probability_is_refused(images, activation):
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), keras.layers.Flatten()])
    model.add(keras.layers.Dense(CLASSES, activation=activation, bias_initializer="ones"))
    source, _ = split(images)
    with pytest.raises(WorkError, match="which sum to 1"):
        fill(begun([1]), model, source, size=SIZE, preprocess=lambda x: x / 255.0, verbose=0)


def drawn(count=90, classes=20, seed=0, crops=144):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    names = [str(n) for n in range(count)]
    predictions = Predictions.begun(f"model {seed}", "d", names, np.sort(labels), classes, [crops])
    predictions.probabilities[crops][:] = rng.dirichlet(np.full(classes, 0.3), count)
    predictions.done[:] = True
    return predictions


def ensemble(models):
    predictions = [drawn(seed=seed) for seed in range(models)]
    labels = predictions[0].labels
    for one in predictions:
        one.labels = labels
    return predictions


def test_errors_are_scikit_learns():
    predictions = ensemble(3)
    found = errors(predictions, 144)
    together = np.mean([one.probabilities[144] for one in predictions], axis=0, dtype="float64")
    labels = predictions[0].labels
    known = range(20)
    assert found.top1 == pytest.approx(1 - metrics.top_k_accuracy_score(labels, together, k=1, labels=known))
    assert found.top5 == pytest.approx(1 - metrics.top_k_accuracy_score(labels, together, k=5, labels=known))
    assert (found.models, found.crops, found.cost, found.count) == (3, 144, 432, 90)


def test_an_ensemble_from_files_is_the_ensemble(tmp_path):
    predictions = ensemble(2)
    for number, one in enumerate(predictions):
        one.write(tmp_path / f"{number}.npz")
        assert is_predictions(tmp_path / f"{number}.npz")
    again = [Predictions.read(tmp_path / f"{number}.npz") for number in range(2)]
    assert errors(again, 144) == errors(predictions, 144)
    assert errors(again, 144) != errors(again[:1], 144)


def test_table_3_has_the_papers_rows(images):
    seven = [run(Counting(seed), images, [1, 10, 144]) for seed in range(7)]
    rows = table3(seven)
    assert [(row.models, row.crops) for row in rows] == list(TABLE_3)
    assert [row.cost for row in rows] == [1, 10, 144, 7, 70, 1008]
    assert rows[2] == errors(seven[:1], 144)
    assert rows[5] == errors(seven, 144)


def test_others_make_no_ensemble():
    one, other = ensemble(2)
    other.images = ("another", *other.images[1:])
    with pytest.raises(PredictionsError, match="for the same images. Received: model 0 with 90, model 1 with 90"):
        errors([one, other], 144)
    with pytest.raises(PredictionsError, match="model 0 with 10 crops. Received: with 144"):
        errors([one], 10)
    one.done[3] = False
    with pytest.raises(PredictionsError, match="model 0 with 89 of 90"):
        errors([one], 144)


def test_what_predictions_follow_from():
    """Another weight, name, order, class or size makes another digest."""
    model, other = (
        keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, bias_initializer=bias)])
        for bias in ("ones", "zeros")
    )
    other.set_weights([model.get_weights()[0], other.get_weights()[1]])
    first = digest(model, ("a", "b"), [0, 1], 8)
    assert first == digest(model, ("a", "b"), [0, 1], 8)
    others = [
        digest(other, ("a", "b"), [0, 1], 8),
        digest(model, ("b", "a"), [0, 1], 8),
        digest(model, ("a", "b"), [1, 0], 8),
        digest(model, ("a", "b"), [0, 1], 9),
    ]
    assert len({first, *others}) == 5


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        (("n02219486", "Honey Bee"), (1, 0)),
        (("great_white-shark", "ant"), (2, 1)),
        (("crane", "ant"), "several classes of the name crane"),
        (("ant", "wasp"), "does not know 1 of the 2 classes: wasp"),
        (("ant", "n02219486"), "the same one to the model: ant, n02219486"),
        (("0", "9"), "does not know 2 of the 2 classes: 0, 9"),
    ],
)
def test_classes_find_their_columns(classes, expected):
    outputs = [("n02206856", "honey_bee"), ("n02219486", "ant"), ("n1", "great white shark"), ("n2", "crane")]
    outputs.append(("n3", "crane"))
    if isinstance(expected, tuple):
        assert columns(classes, outputs) == expected
    else:
        with pytest.raises(ValueError, match=expected):
            columns(classes, outputs)

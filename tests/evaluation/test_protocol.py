"""Section 7's protocol: every image once, in full batches, gone on with after an interruption, ensembles from files."""

import hashlib
import json

import keras
import numpy as np
import pytest
from sklearn import metrics

from keras_googlenet.data import ImageError
from keras_googlenet.data.splits import ListedSplit
from keras_googlenet.errors import WorkError
from keras_googlenet.evaluation import Predictions, PredictionsError, crops, error_rates, predict, protocol, table3
from keras_googlenet.evaluation.class_mapping import class_mapping
from keras_googlenet.evaluation.error_rates import TABLE_3
from keras_googlenet.evaluation.predictions import is_predictions
from keras_googlenet.evaluation.protocol import digest

SIZE, CLASSES, IMAGES = 8, 7, 5


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (9 + 2 * n, 17 - n, 3), np.uint8) for n in range(IMAGES)]


class Counting(keras.Model):
    """Probabilities from the crop's pixels, and a note of each batch."""

    def __init__(self, seed=0, activation="softmax", bias="zeros"):
        inputs = keras.Input((SIZE, SIZE, 3))
        initializer = keras.initializers.RandomNormal(stddev=0.02, seed=seed)
        dense = keras.layers.Dense(CLASSES, activation, kernel_initializer=initializer, bias_initializer=bias)
        super().__init__(inputs, dense(keras.layers.Flatten()(inputs)))
        self.batches = []

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


def measure(model, source, numbers, **options):
    options = {"preprocess": lambda x: x / 255.0, "verbose": 0, **options}
    return predict(model, source, size=SIZE, crops=numbers, **options)


def run(model, images, numbers, pool="mean", **options):
    source, reads = split(images)
    predictions = measure(model, source, numbers, pool=pool, **options)
    assert sorted(reads) == list(range(IMAGES))
    assert predictions.complete
    return predictions


@pytest.mark.parametrize("batch_size", [1, 7, 32, 1000])
@pytest.mark.parametrize(("count", "views"), [(0, 1), (10, 10), (144, 144)])
def test_every_crop_is_seen_once_in_full_batches(images, batch_size, count, views):
    model = Counting()
    predictions = run(model, images, [count], batch_size=batch_size)
    full = min(batch_size, IMAGES * views)  # no batch is larger than all crops together
    assert len(model.batches) == -(-IMAGES * views // full)
    assert set(model.batches) == {(full, SIZE, SIZE, 3)}
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


class Placed(Counting):
    """Probabilities that follow from the place in the batch, too: on some processors their last bits do."""

    def predict_on_batch(self, x):
        return np.stack([np.roll(row, place) for place, row in enumerate(super().predict_on_batch(x))])


@pytest.mark.parametrize("after", [1, 2])
@pytest.mark.parametrize("error", [KeyboardInterrupt, WorkError])
@pytest.mark.parametrize("batch_size", [7, 10, 32])
@pytest.mark.parametrize("broken", [(), (0, 3)])
def test_an_interrupted_evaluation_goes_on(images, tmp_path, after, error, batch_size, broken):
    """What was done is in the file; the rest alone is read and computed; the outcome is the same to the bit."""
    options = {"batch_size": batch_size, "on_corrupt": "skip"}
    expected, file = measure(Placed(), split(images, broken)[0], [10], **options), tmp_path / "p.npz"
    source, reads = split(images, broken)
    done = []

    def stop():
        done.append(1)
        if len(done) == after:
            raise error

    with pytest.raises(error):
        measure(Placed(), source, [10], file=file, on_image=stop, **options)
    kept = Predictions.read(file).done
    assert kept.sum() == after
    reads.clear()
    again = measure(Placed(), source, [10], file=file, **options)
    assert again.complete
    assert sorted(reads) == np.flatnonzero(~kept).tolist()
    np.testing.assert_array_equal(again.probabilities[10], expected.probabilities[10])


def test_it_is_written_as_often_as_it_should_be(images, tmp_path, monkeypatch):
    """What is killed writes nothing any more: the file has been written before."""
    file, found = tmp_path / "p.npz", []
    for seconds in (0, 3600):
        monkeypatch.setattr(protocol, "SAVE_SECONDS", seconds)
        options = {"batch_size": 1, "on_image": lambda: found.append(int(Predictions.read(file).done.sum()))}
        measure(Counting(), split(images)[0], [1], file=file, **options)
        file.unlink()
    assert found == [1, 2, 3, 4, 5, 0, 0, 0, 0, 0]


def test_a_file_of_version_0_1_0_is_read_and_gone_on_with(images, tmp_path):
    """As that version wrote it, from its own source: no names of outputs, and the same digest."""
    model, file, (source, reads) = Counting(), tmp_path / "p.npz", split(images)
    names, labels = [str(number) for number in range(IMAGES)], np.arange(IMAGES) % CLASSES
    hashed = hashlib.sha256(f"{SIZE} {model.output_shape}".encode())
    for array in model.get_weights():
        hashed.update(array.tobytes())
    hashed.update("".join(f"{name}\n" for name in names).encode())
    hashed.update(labels.astype("int64").tobytes())
    about = {"format": "keras_googlenet predictions 1", "model": "old", "digest": hashed.hexdigest(), "pool": "mean"}
    rows = np.zeros((IMAGES, CLASSES), "float32")
    rows[:2] = 1 / CLASSES
    np.savez(
        file,
        about=np.frombuffer(json.dumps({**about, "images": names}).encode(), "uint8"),
        labels=labels.astype("int64"),
        done=np.arange(IMAGES) < 2,
        skipped=np.zeros(IMAGES, bool),
        probabilities_1=rows,
    )
    assert Predictions.read(file).outputs is None
    found = measure(model, source, [1], file=file)
    assert sorted(reads) == [2, 3, 4]
    np.testing.assert_array_equal(found.probabilities[1][:2], rows[:2])


def test_unreadable_images_stop_it_or_are_skipped(images):
    with pytest.raises(ImageError, match=r"2\.jpg: broken"):
        measure(Counting(), split(images, broken=[2])[0], [1], batch_size=4)
    predictions = measure(Counting(), split(images, broken=[2, 4])[0], [1], batch_size=4, on_corrupt="skip")
    assert predictions.skipped.tolist() == [False, False, True, False, True]
    assert predictions.complete
    assert error_rates([predictions], 1).count == 3
    whole = run(Counting(), images, [1])
    kept = [0, 1, 3]
    np.testing.assert_allclose(predictions.probabilities[1][kept], whole.probabilities[1][kept], rtol=1e-6)


@pytest.mark.parametrize("activation", ["linear", "sigmoid"])
def test_what_is_no_probability_is_refused(images, activation):
    with pytest.raises(WorkError, match="which sum to 1"):
        measure(Counting(activation=activation, bias="ones"), split(images)[0], [1])


def test_classes_may_be_other_outputs(images):
    """A class's column is its label; without columns, its number is."""
    source, _ = split(images)
    columns = [6, 5, 4, 3, 2, 1, 0]
    assert measure(Counting(), source, [1], columns=columns).labels.tolist() == columns[:IMAGES]
    assert measure(Counting(), source, [1]).labels.tolist() == list(range(IMAGES))


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
    found = error_rates(predictions, 144)
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
    assert error_rates(again, 144) == error_rates(predictions, 144)
    assert error_rates(again, 144) != error_rates(again[:1], 144)


def test_table_3_has_the_papers_rows(images):
    seven = [run(Counting(seed), images, [1, 10, 144]) for seed in range(7)]
    rows = table3(seven)
    assert [(row.models, row.crops) for row in rows] == list(TABLE_3)
    assert [row.cost for row in rows] == [1, 10, 144, 7, 70, 1008]
    assert rows[2] == error_rates(seven[:1], 144)
    assert rows[5] == error_rates(seven, 144)


def test_others_make_no_ensemble():
    one, other = ensemble(2)
    other.images = ("another", *other.images[1:])
    with pytest.raises(PredictionsError, match="for the same images. Received: model 0 with 90, model 1 with 90"):
        error_rates([one, other], 144)
    with pytest.raises(PredictionsError, match="model 0 with 10 crops. Received: with 144"):
        error_rates([one], 10)
    one.done[3] = False
    with pytest.raises(PredictionsError, match="model 0 with 89 of 90"):
        error_rates([one], 144)


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
        assert class_mapping(classes, outputs) == expected
    else:
        with pytest.raises(ValueError, match=expected):
            class_mapping(classes, outputs)

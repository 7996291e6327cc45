"""Data sets of TensorFlow Datasets: written by its own writer, or its own mock."""

import json

import numpy as np
import pytest
import tensorflow as tf
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.data import DataError, ImageError, evaluation_batches, load, training_stream
from keras_googlenet.data.errors import reading_errors
from keras_googlenet.data.splits import Shard

tfds = pytest.importorskip("tensorflow_datasets")


class TinyShapes(tfds.core.GeneratorBasedBuilder):
    """Ten gray images for training and three for testing; the label is odd or even."""

    VERSION = tfds.core.Version("1.0.0")
    SPLITS = {"train": range(10), "test": range(10, 13)}  # noqa: RUF012 (TFDS's style of class)
    FEATURES = tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(shape=(None, None, 3), encoding_format="png"),
            "label": tfds.features.ClassLabel(names=["even", "odd"]),
        }
    )

    def _info(self):
        return tfds.core.DatasetInfo(builder=self, features=self.FEATURES)

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(numbers) for split, numbers in self.SPLITS.items()}

    def _generate_examples(self, numbers):
        for n in numbers:
            yield n, self._example(n)

    def _example(self, n):
        return {"image": np.full((8, 9, 3), 10 * n, np.uint8), "label": n % 2}


class TinyOnePart(TinyShapes):
    """Without a test split."""

    SPLITS = {"train": range(10)}  # noqa: RUF012


class TinyChallenge(TinyShapes):
    """Whose test labels are secret."""

    SPLITS = {"train": range(10), "val": range(10, 13), "test": range(13, 20)}  # noqa: RUF012

    def _example(self, n):
        return {**super()._example(n), "label": -1 if n >= 13 else n % 2}


class TinyOtherNames(TinyShapes):
    """As folders of images are called here and there."""

    SPLITS = {"Training": range(10), "Valid": range(10, 13), "testing": range(13, 16)}  # noqa: RUF012


class TinyUntrained(TinyShapes):
    """Without a train split."""

    SPLITS = {"test": range(10)}  # noqa: RUF012


class TinyUnlabeled(TinyShapes):
    """Without labels."""

    FEATURES = tfds.features.FeaturesDict({"image": tfds.features.Image()})


class TinyDepth(TinyShapes):
    """Depths instead of colors."""

    FEATURES = tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(shape=(8, 9, 1), dtype=np.float32),
            "label": tfds.features.ClassLabel(num_classes=2),
        }
    )


class TinyAlike(TinyShapes):
    """Of one class."""

    FEATURES = tfds.features.FeaturesDict(
        {"image": tfds.features.Image(), "label": tfds.features.ClassLabel(names=["same"])}
    )

    def _example(self, n):
        return {**super()._example(n), "label": 0}


class TinyBroken(TinyShapes):
    """Whose source has moved."""

    def _split_generators(self, dl_manager):
        raise ConnectionError("the server is gone")


def contents(dataset):
    return [
        (int(image.max()), int(label))
        for images, labels in dataset.as_numpy_iterator()
        for image, label in zip(images, labels, strict=True)
    ]


def evaluated(split, **options):
    return contents(evaluation_batches(split, image_size=8, batch_size=4, **options))


def numbered(numbers):
    return [(10 * n, n % 2) for n in numbers]


def test_a_data_set_is_prepared_and_read(tmp_path):
    source = load("tiny_shapes", data_dir=tmp_path)
    assert source.classes == ("even", "odd")
    assert source.summary() == (
        "tiny_shapes: 8 training, 2 validation and 3 test images in 2 classes; validation: the last 2 of 'train'"
    )
    assert sorted(evaluated(source.test)) == numbered(range(10, 13))


def test_a_split_for_validation_is_used_and_test_left_alone(tmp_path):
    source = load("tiny_challenge", data_dir=tmp_path)
    assert (source.held_out, source.test) == ("the split 'val'", None)
    for split, numbers in ((source.train, range(10)), (source.validation, range(10, 13))):
        assert sorted(evaluated(split)) == numbered(numbers)
        assert evaluated(split) == evaluated(split)


def test_splits_of_other_names(tmp_path):
    source = load("tiny_other_names", data_dir=tmp_path)
    assert (source.held_out, source.train.count, source.validation.count) == ("the split 'Valid'", 10, 3)
    assert sorted(evaluated(source.train)) == numbered(range(10))


def test_what_is_recorded_names_the_version_and_the_part(tmp_path):
    assert load("tiny_shapes", data_dir=tmp_path).record() == {
        "classes": ["even", "odd"],
        "images": {"train": 8, "validation": 2, "test": 3},
        "fingerprints": {
            "train": "tiny_shapes/1.0.0 train[:8]",
            "validation": "tiny_shapes/1.0.0 train[8:]",
            "test": "tiny_shapes/1.0.0 test",
        },
        "samples": {"train": [], "validation": [], "test": []},
    }


@pytest.mark.parametrize("name", ["tiny_one_part", "tiny_shapes"])
def test_a_part_of_train_is_held_out(tmp_path, name):
    for _ in range(2):  # the second time, it is prepared already
        source = load(name, data_dir=str(tmp_path), validation_fraction=0.25)
        assert (source.train.count, source.validation.count) == (8, 2)
        assert source.held_out == "the last 2 of 'train'"
    assert sorted(evaluated(source.train) + evaluated(source.validation)) == numbered(range(10))


@pytest.mark.reads
def test_workers_share_a_split(tmp_path):
    split = load("tiny_challenge", data_dir=tmp_path).train
    parts = [evaluated(split, shard=Shard(index, 3)) for index in range(3)]
    assert [len(part) for part in parts] == [4, 3, 3]
    assert sorted(parts[0] + parts[1] + parts[2]) == numbered(range(10))
    streams = [training_stream(split, image_size=8, batch_size=4, seed=0, shard=Shard(i, 2)) for i in range(2)]
    epochs = [[contents(stream.take(2)), contents(stream.skip(2).take(2))] for stream in streams]
    for one, two in zip(*epochs, strict=True):
        assert len(set(one + two)) == 8


@pytest.mark.reads
def test_the_stream_follows_from_the_seed_and_the_step(tmp_path):
    split = load("tiny_challenge", data_dir=tmp_path).train

    def grays(seed, first_step, count):
        stream = training_stream(split, image_size=8, batch_size=3, seed=seed, first_step=first_step)
        return [images[:, 0, 0, 0].tolist() for images, _ in stream.take(count).as_numpy_iterator()]

    whole = grays(1, 0, 30)
    assert whole == grays(1, 0, 30)
    assert whole != grays(2, 0, 30)
    for first_step in (1, 3, 17):
        assert grays(1, first_step, 30 - first_step) == whole[first_step:]
    epochs = [np.ravel(whole[3 * epoch : 3 * epoch + 3]).tolist() for epoch in range(10)]
    assert all(len(set(epoch)) == 9 for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 10


@pytest.mark.reads
def test_an_image_keeps_its_index_in_any_order(tmp_path):
    for name, fraction, numbers in (("tiny_challenge", 0.2, range(10)), ("tiny_one_part", 0.25, range(8))):
        split = load(name, data_dir=tmp_path, validation_fraction=fraction).train
        passes = [
            {int(split.read(record)[0, 0, 0]) // 10: int(index) for index, record, _ in records.as_numpy_iterator()}
            for records in (split.fixed(), *(split.shuffled(3, tf.constant(n, tf.int64), 1) for n in range(3)))
        ]
        assert all(found == passes[0] for found in passes)
        assert len(passes[0]) == len(set(passes[0].values())) == len(numbers)


@pytest.mark.reads
def test_a_corrupt_record_names_the_data_set(tmp_path):
    split = load("tiny_challenge", data_dir=tmp_path).train
    with pytest.raises(ImageError, match=r"^tiny_challenge/1.0.0, train: not an image in a format"):
        split.read(b"no image")

    def refuse(*_):
        split.read(b"")

    dataset = training_stream(split, image_size=8, batch_size=4, seed=0, sampler=refuse)
    with pytest.raises(ImageError, match="train: the file is empty"), reading_errors():
        next(iter(dataset))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tiny_untrained", "no split 'train' to learn from. Received: test"),
        ("tiny_unlabeled", r"no classification data set. Expected: .*Received: FeaturesDict"),
        ("tiny_depth", "its images hold float32. Expected: uint8"),
        ("tiny_alike", "this data set has one class. Expected: two or more"),
        ("tiny_broken", r"could not download and prepare it in .*: the server is gone"),
    ],
)
def test_unusable_data_sets(tmp_path, name, message):
    with pytest.raises(DataError, match=f"^{name}: .*{message}"):
        load(name, data_dir=tmp_path)


def test_a_failure_names_the_data_dir(tmp_path):
    with pytest.raises(DataError, match=f"prepare it in {tmp_path}/tiny_broken/1.0.0: "):
        load("tiny_broken", data_dir=tmp_path)


def test_unknown_names(tmp_path):
    def refuse(name, message):
        with pytest.raises(DataError, match=message):
            load(name, data_dir=tmp_path)

    neither = "neither 'digits', nor an existing folder, nor the name of a TensorFlow Datasets"
    refuse("cifar1O", f"^cifar1O: {neither} data set. Did you mean 'cifar10' or ")
    refuse("digit", "Did you mean 'digits'")
    refuse("photos/of cats", rf"^photos/of cats: {neither} data set\.\Z")
    refuse("imagenette/161px", "^imagenette/161px: TensorFlow Datasets cannot load it: .*161px")


@pytest.mark.reads
@pytest.mark.parametrize(
    ("name", "version", "splits", "counts"),
    [
        ("cifar10", "3.0.2", {"train": 50000, "test": 10000}, (40000, 10000, 10000)),
        ("imagenet2012", "5.1.0", {"train": 1281167, "validation": 50000, "test": 100000}, (1281167, 50000, None)),
    ],
)
def test_real_data_sets_as_tfds_mocks_them(tmp_path, name, version, splits, counts):
    listed = [{"name": split, "shardLengths": [str(n)], "numBytes": "1"} for split, n in splits.items()]
    info = {"name": name, "version": version, "splits": listed, "fileFormat": "tfrecord"}
    folder = tmp_path / name / version
    folder.mkdir(parents=True)
    (folder / "dataset_info.json").write_text(json.dumps(info))
    with tfds.testing.mock_data(num_examples=5, data_dir=str(tmp_path)):
        source = load(name)
        parts = (source.train, source.validation, source.test)
        assert tuple(part and part.count for part in parts) == counts
        images, labels = next(iter(training_stream(source.train, image_size=32, batch_size=5, seed=0)))
    assert images.shape == (5, 32, 32, 3)
    network = GoogLeNet(weights=None, classes=len(source.classes), input_shape=(32, 32, 3), variant=SMALL)
    assert network(images)[0].shape == (5, len(source.classes))
    if name == "imagenet2012":
        assert len(source.classes) == 1000
        assert (source.classes[0], source.classes[-1]) == ("n01440764", "n15075141")
    else:
        assert len(source.classes) == 10
    assert labels.numpy().max() < len(source.classes)

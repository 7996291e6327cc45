"""A data set as TFDS's own writer leaves it on a disk: JPEGs in several shards, and no Python code of its own."""

from io import BytesIO

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_googlenet.data import center_crop, evaluation_batches, load, training_stream

tfds = pytest.importorskip("tensorflow_datasets")

SHARDS = 3
NAMES = ["cat", "dog", "emu"]


def jpeg(number):
    """A smooth picture of a size of its own, compressed with coarse colors as photos are."""
    rng = np.random.default_rng(number)
    small = Image.fromarray(rng.integers(0, 256, (5, 6, 3), np.uint8))
    file = BytesIO()
    small.resize((40 + number, 33), Image.Resampling.BICUBIC).save(file, "JPEG", quality=85, subsampling="4:2:0")
    return file.getvalue()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """The folder, and the encoded images of each split by their numbers."""
    folder = tmp_path_factory.mktemp("tfds")
    numbers = {"train": range(60), "test": range(60, 69)}
    images = {split: {n: jpeg(n) for n in part} for split, part in numbers.items()}
    features = tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(shape=(None, None, 3), encoding_format="jpeg"),
            "label": tfds.features.ClassLabel(names=NAMES),
            "file_name": tfds.features.Text(),  # data sets have more than is asked for
        }
    )
    examples = {
        split: [(n, {"image": BytesIO(data), "label": n % 3, "file_name": f"{n}.jpg"}) for n, data in part.items()]
        for split, part in images.items()
    }
    tfds.dataset_builders.store_as_tfds_dataset(
        "photos_on_disk",
        "1.0.0",
        features=features,
        split_datasets=examples,
        data_dir=folder,
        download_config=tfds.download.DownloadConfig(num_shards=SHARDS),
    )
    assert len(list(folder.rglob("*train.tfrecord*"))) == SHARDS
    return folder, images


def decoded(data):
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"))


def test_it_is_found_by_name_and_folder(prepared):
    source = load("photos_on_disk", data_dir=prepared[0], validation_fraction=0.25)
    assert source.classes == tuple(NAMES)
    assert (source.train.count, source.validation.count, source.test.count) == (45, 15, 9)


def test_each_image_is_read_as_pillow_decodes_it(prepared):
    folder, images = prepared
    source = load("photos_on_disk", data_dir=folder, validation_fraction=0.25)
    found = {"train": [], "test": []}
    for split, parts in (("train", (source.train, source.validation)), ("test", (source.test,))):
        for part in parts:
            for _, record, label in part.fixed().as_numpy_iterator():
                image = part.read(record)
                number = image.shape[1] - 40
                np.testing.assert_array_equal(image, decoded(images[split][number]))
                assert label == number % 3
                found[split].append(number)
    assert {split: sorted(part) for split, part in found.items()} == {s: list(part) for s, part in images.items()}


def epoch(split, count, seed):
    if seed is None:
        return evaluation_batches(split, image_size=16, batch_size=7)
    return training_stream(split, image_size=16, batch_size=5, seed=seed).take(count // 5)


@pytest.mark.reads
@pytest.mark.parametrize("seed", [None, 0, 1])
def test_an_epoch_shows_each_image_once(prepared, seed):
    folder, images = prepared
    source = load("photos_on_disk", data_dir=folder, validation_fraction=0.25)
    expected = {center_crop(decoded(data), 16).tobytes(): n for n, data in images["train"].items()}
    numbers = []
    for part, count in ((source.train, 45), (source.validation, 15)):
        found = [
            (expected[image.astype(np.uint8).tobytes()], int(label))
            for views, labels in epoch(part, count, seed).as_numpy_iterator()
            for image, label in zip(views, labels, strict=True)
        ]
        assert len(found) == count
        assert all(label == number % 3 for number, label in found)
        numbers += [number for number, _ in found]
    assert sorted(numbers) == list(range(60))


@pytest.mark.reads
def test_no_two_images_share_an_index(prepared):
    source = load("photos_on_disk", data_dir=prepared[0], validation_fraction=0.25)
    by_seed = []
    for seed in (None, 0, 1):
        epoch = source.train.fixed() if seed is None else source.train.shuffled(seed, tf.constant(0, tf.int64), 1)
        triples = epoch.as_numpy_iterator()
        by_seed.append({int(index): record for index, record, _ in triples})
    assert all(len(found) == 45 for found in by_seed)
    assert by_seed[0] == by_seed[1] == by_seed[2]

"""Batches: what follows from (seed, step), each image once, errors in the user's words."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_googlenet.data import (
    DataError,
    ImageError,
    center_crop,
    evaluation_batches,
    load,
    read_image,
    training_stream,
)
from keras_googlenet.data.augmentation import Sampler
from keras_googlenet.data.errors import reading_errors
from keras_googlenet.data.pipeline import evaluation_steps, preview
from keras_googlenet.data.reading import Reader
from keras_googlenet.data.splits import Shard


@pytest.fixture
def folder(tmp_path):
    """Two classes of 9 and 14 images, each image of a gray of its own: 10, 20, ..., 230."""
    gray = 0
    for name, count in (("cat", 9), ("dog", 14)):
        for split, images in (("train", count), ("val", 1)):
            (tmp_path / split / name).mkdir(parents=True)
            for index in range(images):
                gray += 10 * (split == "train")
                path = tmp_path / split / name / f"{index:02}.png"
                Image.new("RGB", (12, 10 + index), (gray,) * 3).save(path)
    return tmp_path


def grays(dataset, count=None):
    """The gray of each image of each batch, in the order in which they come."""
    return [[int(image.max()) for image in images] for images, _ in dataset.take(count or -1).as_numpy_iterator()]


def flat(lists):
    return list(itertools.chain.from_iterable(lists))


def stream(split, batch_size=5, seed=3, **options):
    return training_stream(split, image_size=8, batch_size=batch_size, seed=seed, **options)


def evaluated(split, batch_size=5, **options):
    return evaluation_batches(split, image_size=8, batch_size=batch_size, **options)


def test_an_epoch_has_full_batches_of_different_images(folder):
    train = load(folder).train
    dataset = stream(train)
    assert dataset.element_spec == (tf.TensorSpec((5, 8, 8, 3), tf.float32), tf.TensorSpec((5,), tf.int64))
    batches = list(dataset.take(12).as_numpy_iterator())
    seen = []
    for epoch in range(3):  # of 4 batches each; 3 of 23 images are left over
        images = np.concatenate([images for images, _ in batches[4 * epoch : 4 * epoch + 4]])
        labels = np.concatenate([labels for _, labels in batches[4 * epoch : 4 * epoch + 4]])
        found = {int(image.max()): int(label) for image, label in zip(images, labels, strict=True)}
        assert len(found) == 20
        assert all(label == (gray > 90) for gray, label in found.items())
        seen.append(list(found))
    assert len({tuple(order) for order in seen}) == len({frozenset(order) for order in seen}) == 3


def test_the_stream_follows_from_the_seed_and_the_step(folder):
    train = load(folder).train
    whole = grays(stream(train), 14)
    assert grays(stream(train), 14) == whole
    assert grays(stream(train, seed=4), 14) != whole
    for first_step in (1, 3, 4, 9):
        assert grays(stream(train, first_step=first_step), 14 - first_step) == whole[first_step:]


@pytest.mark.parametrize("workers", [2, 5])
def test_workers_share_each_batch(folder, workers):
    train = load(folder).train
    whole = grays(stream(train, batch_size=10), 5)
    parts = [grays(stream(train, batch_size=10, shard=Shard(index, workers)), 5) for index in range(workers)]
    for step in range(5):
        assert flat(part[step] for part in parts) == whole[step]


def test_samples_follow_from_seed_epoch_and_image_alone(tmp_path):
    """Whatever the order, the batches and the threads, the stream yields what the sampler makes of each by hand."""
    rng = np.random.default_rng(0)
    for label in (0, 1):
        (tmp_path / str(label)).mkdir()
        for n in range(15):
            pixels = rng.integers(0, 256, (20 + n, 30, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / str(label) / f"{n:02}.png")
    train = load(tmp_path).train
    steps = train.count // 4
    batches = list(stream(train, batch_size=4, sampler=Sampler(seed=9)).take(3 * steps).as_numpy_iterator())
    for epoch in range(3):
        found = flat(images.astype(np.uint8) for images, _ in batches[epoch * steps : (epoch + 1) * steps])
        expected = {Sampler(9)(read_image(path), 8, epoch, index).tobytes() for index, path in enumerate(train.items)}
        assert len(found) == steps * 4
        assert {image.tobytes() for image in found} <= expected


@pytest.mark.reads
@pytest.mark.parametrize("batch_size", [1, 5, 7, 23, 64])
@pytest.mark.parametrize(("workers", "replicas"), [(1, 1), (1, 2), (2, 1), (3, 2), (23, 1)])
def test_evaluation_sees_each_image_once_and_no_replica_is_idle(folder, batch_size, workers, replicas):
    train = load(folder).train
    found, cardinalities = [], set()
    for index in range(workers):
        dataset = evaluated(train, batch_size=batch_size, shard=Shard(index, workers), replicas=replicas)
        cardinalities.add(int(dataset.cardinality()))
        pieces = grays(dataset)
        assert len(pieces) == dataset.cardinality()
        assert max(map(len, pieces)) - min(map(len, pieces)) <= 1
        assert min(map(len, pieces)) >= 1
        found += flat(pieces)
    assert found == [10 * n for n in range(1, 24)]
    assert cardinalities == {evaluation_steps(23, batch_size, workers * replicas) * replicas}
    if workers * replicas == 1:
        assert max(map(len, pieces)) <= batch_size


def test_fewer_images_than_replicas(folder):
    with pytest.raises(DataError, match="at least one image for each of 24 replicas. Received: 23"):
        evaluated(load(folder).train, shard=Shard(0, 24))


def counting(split):
    reads = []
    object.__setattr__(split, "read", lambda record, read=split.read: (reads.append(int(record)), read(record))[1])
    return reads


def test_memory_changes_nothing_but_the_number_of_reads(folder):
    """Of the 23 images, of 12 x 10 to 12 x 23 pixels, 18 are at most 12 x 18: the other five are read twice."""
    passes = []
    for memory, expected in ((23 * 12 * 23 * 3, 23), (23 * 12 * 18 * 3, 28), (23 * 12 * 10 * 3 - 1, 46)):
        train = load(folder).train
        reads = counting(train)
        reader = Reader(train, memory=memory)
        passes += [[reader.read(place, place) for place in range(23)] for _ in range(2)]
        assert len(reads) == expected
    for images in zip(*passes, strict=True):
        assert len({image.tobytes() for image in images}) == 1


def test_a_preview_shows_the_first_epochs(folder):
    train = load(folder).train
    views = preview(train, image_size=8, sampler=Sampler(seed=4), seed=2, side=3)
    assert views.shape == (9, 8, 8, 3)
    files = [read_image(path) for path in train.items]
    shown = [int(view[0, 0, 0]) // 10 - 1 for view in views[::3]]  # by its gray, which only sampled views change
    assert len(set(shown)) == 3
    for row, index in zip(views.reshape(3, 3, 8, 8, 3), shown, strict=True):
        expected = [center_crop(files[index], 8), *(Sampler(4)(files[index], 8, epoch, index) for epoch in (0, 1))]
        np.testing.assert_array_equal(row, expected)
    assert shown != [int(view[0, 0, 0]) // 10 - 1 for view in preview(train, image_size=8, sampler=None, seed=3)[:3]]


def test_a_preview_without_a_sampler_shows_more_images(folder):
    train = load(folder).train
    for side, count in ((4, 16), (5, 23)):
        views = preview(train, image_size=8, sampler=None, seed=2, side=side)
        assert len(views) == len({int(view.max()) for view in views}) == count


def test_preprocess_gets_float_pixels(folder):
    seen = []

    def negate(images):
        seen.append((images.dtype, images.shape.as_list()))
        return -images

    (images, _) = next(stream(load(folder).train, preprocess=negate).as_numpy_iterator())
    assert (images < 0).all()
    assert seen == [(tf.float32, [5, 8, 8, 3])]


def test_a_view_of_the_wrong_shape_is_an_error(folder):
    dataset = stream(load(folder).train, sampler=lambda image, size, epoch, index: image)
    with pytest.raises(tf.errors.InvalidArgumentError, match="not compatible"):
        next(iter(dataset))


def test_digits_fit():
    source = load("digits")
    dataset = stream(source.train, batch_size=479)
    images, labels = map(np.concatenate, zip(*dataset.take(3).as_numpy_iterator(), strict=True))
    assert images.shape == (1437, 8, 8, 3)
    expected = zip(map(bytes, source.train.items), source.train.labels, strict=True)
    found = zip(map(bytes, images.astype(np.uint8)), labels, strict=True)
    assert sorted(found) == sorted(expected)


@pytest.fixture
def corrupt(folder):
    path = folder / "train" / "dog" / "07.png"
    path.write_bytes(path.read_bytes()[:60])
    return path  # the image of gray 170


@pytest.mark.parametrize("make", [lambda split: stream(split).take(8), evaluated])
def test_a_corrupt_file_ends_the_run_with_its_name(folder, corrupt, make):
    with pytest.raises(ImageError, match=rf"^{corrupt}: [^\n]+\Z") as caught, reading_errors():
        list(make(load(folder).train))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_skipping_leaves_all_other_images_where_they_are(folder, corrupt):
    train = load(folder).train
    reader = Reader(train, on_corrupt="skip")
    batches = list(stream(reader, batch_size=23).take(3).as_numpy_iterator())
    corrupt.unlink()
    Image.new("RGB", (12, 17), (170,) * 3).save(corrupt)
    whole = grays(stream(load(folder).train, batch_size=23), 3)  # listed anew: it was exchanged
    for (images, labels), expected in zip(batches, whole, strict=True):
        found = [int(image.max()) for image in images]
        (place,) = (place for place, gray in enumerate(expected) if gray == 170)
        assert found[:place] + found[place + 1 :] == expected[:place] + expected[place + 1 :]
        assert found[place] in expected
        assert [int(label) for label in labels] == [int(gray > 90) for gray in found]
    assert list(reader.skipped) == [16]
    assert reader.skipped[16].startswith(f"{corrupt}: ")


def test_skipping_leaves_unreadable_images_out_of_an_evaluation(folder, corrupt):
    reader = Reader(load(folder).train, on_corrupt="skip")
    for _ in range(2):
        assert flat(grays(evaluated(reader))) == [10 * n for n in range(1, 24) if n != 17]
    assert list(reader.skipped) == [16]


@pytest.mark.parametrize("make", [lambda reader: stream(reader, batch_size=23).take(1), evaluated])
def test_a_batch_without_any_readable_image(folder, make):
    for path in (folder / "train").rglob("*.png"):
        path.write_text("no image")
    reader = Reader(load(folder).train, on_corrupt="skip")
    with pytest.raises(ImageError, match="none of the images of a batch can be read"), reading_errors():
        list(make(reader))


def test_keras_fit_passes_the_error_on(folder):
    bad = folder / "train" / "cat" / "03.png"
    bad.write_text("no image")
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)])
    model.compile("sgd", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    with pytest.raises(ImageError, match=f"^{bad}: not an image"), reading_errors():
        model.fit(stream(load(folder).train), steps_per_epoch=8, shuffle=False, verbose=0)


def test_other_errors_pass_unchanged():
    error = tf.errors.ResourceExhaustedError(None, None, "no memory left")
    with pytest.raises(tf.errors.ResourceExhaustedError, match="no memory left"), reading_errors():
        raise error
    with pytest.raises(KeyError), reading_errors():
        raise KeyError("x")


def test_sizes_must_be_in_range(folder):
    train = load(folder).train
    with pytest.raises(ValueError, match=r"`image_size` must be a positive .* image_size=0"):
        training_stream(train, image_size=0, batch_size=1, seed=0)
    with pytest.raises(ValueError, match=r"`batch_size` must be a positive .* batch_size=-1"):
        evaluation_batches(train, image_size=8, batch_size=-1)
    with pytest.raises(ValueError, match=r"at most the 23 images .* multiple of the 2 workers. .* batch_size=24"):
        stream(train, batch_size=24, shard=Shard(0, 2))
    with pytest.raises(ValueError, match=r"multiple of the 2 workers. .* batch_size=5"):
        stream(train, batch_size=5, shard=Shard(0, 2))

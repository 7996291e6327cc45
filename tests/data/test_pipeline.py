"""Batches: each image once, in an order that follows from the seed, errors in the user's words."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_googlenet.data import (
    ImageError,
    Sampler,
    batches,
    load,
    pipeline,
    preview,
    read_image,
    reading_errors,
    resize_crop,
)


@pytest.fixture
def folder(tmp_path):
    """Two classes of 9 and 14 images, each image of a grey of its own: 10, 20, ..., 230."""
    grey = 0
    for name, count in (("cat", 9), ("dog", 14)):
        for split, images in (("train", count), ("val", 1)):
            (tmp_path / split / name).mkdir(parents=True)
            for index in range(images):
                grey += 10 * (split == "train")
                path = tmp_path / split / name / f"{index:02}.png"
                Image.new("RGB", (12, 10 + index), (grey,) * 3).save(path)
    return tmp_path


def greys(dataset):
    """The grey of each image, in the order in which they come."""
    return [int(image[0, 0, 0]) for images, _ in dataset.as_numpy_iterator() for image in images]


def uncached(image, size, index):
    return resize_crop(image, size)


@pytest.mark.parametrize("sampler", [None, uncached])
@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("batch_size", [1, 5, 23, 64])
def test_each_image_exactly_once(folder, sampler, seed, batch_size):
    train = load(folder).train
    dataset = batches(train, image_size=8, batch_size=batch_size, sampler=sampler, shuffle_seed=seed)
    assert dataset.element_spec == (
        tf.TensorSpec((None, 8, 8, 3), tf.float32),
        tf.TensorSpec((None,), tf.int64),
    )
    assert dataset.cardinality() == -(-23 // batch_size)
    for _ in range(2):
        elements = list(dataset.as_numpy_iterator())
        sizes = [len(labels) for _, labels in elements]
        assert sizes == [batch_size] * (23 // batch_size) + [23 % batch_size] * (23 % batch_size > 0)
        found = [
            (int(image.max()), int(label))
            for images, labels in elements
            for image, label in zip(images, labels, strict=True)
        ]
        assert sorted(found) == [(10 * n, int(n > 9)) for n in range(1, 24)]


@pytest.mark.parametrize("sampler", [None, uncached])
def test_order_follows_from_the_seed(folder, sampler):
    def passes(seed):
        train = load(folder).train
        dataset = batches(train, image_size=8, batch_size=4, sampler=sampler, shuffle_seed=seed)
        return [greys(dataset) for _ in range(3)]

    first = passes(1)
    assert first == passes(1)
    assert len({tuple(order) for order in first}) == 3, "a pass repeats the order of another"
    assert first != passes(2)
    assert passes(None) == [[10 * n for n in range(1, 24)]] * 3


def test_the_cache_changes_nothing_but_the_number_of_reads(folder, monkeypatch):
    train = load(folder).train
    reads = []
    object.__setattr__(train, "read", lambda path, read=train.read: (reads.append(path), read(path))[1])
    orders = []
    for limit, expected in ((23 * 8 * 8 * 3, 23), (23 * 8 * 8 * 3 - 1, 46)):
        monkeypatch.setattr(pipeline, "CACHE_BYTES", limit)
        reads.clear()
        dataset = batches(train, image_size=8, batch_size=4, shuffle_seed=0)
        orders.append([greys(dataset) for _ in range(2)])
        assert len(reads) == expected
    assert orders[0] == orders[1]


def test_a_random_view_is_drawn_anew_at_each_pass(folder):
    rng = np.random.default_rng(0)

    def noise(image, size, index):
        return rng.integers(0, 256, (size, size, 3), np.uint8)

    dataset = batches(load(folder).train, image_size=8, batch_size=23, sampler=noise)
    first, second = (next(dataset.as_numpy_iterator())[0] for _ in range(2))
    assert (first != second).any()


@pytest.mark.parametrize(("shuffle_seed", "batch_size"), [(None, 23), (0, 5), (1, 23)])
def test_samples_follow_from_seed_epoch_and_image_alone(tmp_path, shuffle_seed, batch_size):
    """Whatever the order, the batches and the threads, `tf.data` yields what the sampler makes of each file by hand."""
    rng = np.random.default_rng(0)
    for label in (0, 1):
        (tmp_path / str(label)).mkdir()
        for n in range(15):
            pixels = rng.integers(0, 256, (20 + n, 30, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / str(label) / f"{n:02}.png")
    train = load(tmp_path).train
    sampler = Sampler(seed=9)
    dataset = batches(train, image_size=8, batch_size=batch_size, sampler=sampler, shuffle_seed=shuffle_seed)
    for epoch in (0, 1, 5):
        sampler.epoch = epoch
        found = [
            (int(label), image.astype(np.uint8).tobytes())
            for images, labels in dataset.as_numpy_iterator()
            for image, label in zip(images, labels, strict=True)
        ]
        expected = [
            (label, Sampler(9, epoch)(read_image(path), 8, index).tobytes())
            for index, (path, label) in enumerate(zip(train.items, train.labels.tolist(), strict=True))
        ]
        assert sorted(found) == sorted(expected)
        assert (found == expected) == (shuffle_seed is None)


def test_a_preview_shows_the_first_epochs(folder):
    train = load(folder).train
    sampler = Sampler(seed=4, epoch=17)
    views = preview(train, image_size=8, sampler=sampler, seed=2, side=3)
    assert views.shape == (9, 8, 8, 3)
    files = [read_image(path) for path in train.items]
    shown = [int(view[0, 0, 0]) // 10 - 1 for view in views[::3]]  # by its grey, which only sampled views change
    assert len(set(shown)) == 3
    for row, index in zip(views.reshape(3, 3, 8, 8, 3), shown, strict=True):
        expected = [resize_crop(files[index], 8), *(Sampler(4, epoch)(files[index], 8, index) for epoch in (0, 1))]
        np.testing.assert_array_equal(row, expected)
    assert sampler.epoch == 17
    assert shown != [int(view[0, 0, 0]) // 10 - 1 for view in preview(train, image_size=8, sampler=None, seed=3)[:3]]


def test_a_preview_without_a_sampler_shows_more_images(folder):
    train = load(folder).train
    for side, count in ((4, 16), (5, 23)):
        views = preview(train, image_size=8, sampler=None, seed=2, side=side)
        found = {int(view.max()) for view in views}
        assert len(views) == len(found) == count


def test_preprocess_gets_float_pixels(folder):
    seen = []

    def negate(images):
        seen.append((images.dtype, images.shape))
        return -images

    dataset = batches(load(folder).train, image_size=8, batch_size=4, preprocess=negate)
    assert greys(dataset) == [-10 * n for n in range(1, 24)]
    assert [(dtype, shape.as_list()) for dtype, shape in seen] == [(tf.float32, [None, 8, 8, 3])]


def test_a_view_of_the_wrong_shape_is_an_error(folder):
    dataset = batches(load(folder).train, image_size=8, batch_size=4, sampler=lambda image, size, index: image)
    with pytest.raises(tf.errors.InvalidArgumentError, match="not compatible"):
        next(iter(dataset))


def test_digits_fit():
    source = load("digits")
    dataset = batches(source.train, image_size=8, batch_size=256, shuffle_seed=0)
    images, labels = map(np.concatenate, zip(*dataset.as_numpy_iterator(), strict=True))
    assert images.shape == (1437, 8, 8, 3)
    expected = zip(map(bytes, source.train.items), source.train.labels, strict=True)
    found = zip(map(bytes, images.astype(np.uint8)), labels, strict=True)
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("sampler", [None, uncached])
def test_a_corrupt_file_ends_the_run_with_its_name(folder, sampler):
    bad = folder / "train" / "dog" / "07.png"
    bad.write_bytes(bad.read_bytes()[:60])
    dataset = batches(load(folder).train, image_size=8, batch_size=4, sampler=sampler, shuffle_seed=0)
    with pytest.raises(ImageError, match=rf"^{bad}: [^\n]+\Z") as caught, reading_errors():
        for _ in dataset:
            pass
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_keras_fit_passes_the_error_on(folder):
    import keras

    bad = folder / "train" / "cat" / "03.png"
    bad.write_text("no image")
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)])
    model.compile("sgd", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    dataset = batches(load(folder).train, image_size=8, batch_size=4, shuffle_seed=0)
    with pytest.raises(ImageError, match=f"^{bad}: not an image"), reading_errors():
        model.fit(dataset, shuffle=False, verbose=0)


def test_other_errors_pass_unchanged():
    error = tf.errors.ResourceExhaustedError(None, None, "no memory left")
    with pytest.raises(tf.errors.ResourceExhaustedError, match="no memory left"), reading_errors():
        raise error
    with pytest.raises(KeyError), reading_errors():
        raise KeyError("x")


def test_sizes_must_be_positive():
    train = load("digits").train
    with pytest.raises(ValueError, match=r"`image_size` must be a positive .* image_size=0"):
        batches(train, image_size=0, batch_size=1)
    with pytest.raises(ValueError, match=r"`batch_size` must be a positive .* batch_size=-1"):
        batches(train, image_size=8, batch_size=-1)

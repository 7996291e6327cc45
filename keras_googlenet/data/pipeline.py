"""From the records of a split to the batches that the network takes."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keras_googlenet.data.augmentation import Sampler
from keras_googlenet.data.images import resize_crop
from keras_googlenet.data.splits import Split

if TYPE_CHECKING:
    import tensorflow as tf

# Views that take less than this are kept in memory, so that their files are decoded once only.
CACHE_BYTES = 256 * 2**20


def batches(
    split: Split,
    *,
    image_size: int,
    batch_size: int,
    sampler: Callable[[np.ndarray, int, int], np.ndarray] | None = None,
    preprocess: Callable[[tf.Tensor], tf.Tensor] | None = None,
    shuffle_seed: int | None = None,
) -> tf.data.Dataset:
    """Batches of a split, each image exactly once a pass; the last batch may be smaller.

    Args:
        split: where the images come from.
        image_size: side of the square views, in pixels.
        batch_size: images per batch.
        sampler: from a uint8 RGB image, `image_size` and the image's number in the split to a uint8
            array of shape (image_size, image_size, 3), such as an `augmentation.Sampler`. It runs in
            several threads. `None` for the one view that the network is evaluated on.
        preprocess: from a float32 batch, RGB, 0-255, to what the network takes.
        shuffle_seed: `None` for a fixed order (evaluation); with a seed, each pass comes in a new
            order, and two pipelines of one seed agree pass by pass.

    Returns:
        Dataset of known cardinality with elements (float32 (batch, image_size, image_size, 3),
        int64 (batch,)). Wrap what iterates over it in `reading_errors()`.

    Raises:
        ValueError: `image_size` or `batch_size` is not positive.

    Example:
        >>> from keras_googlenet.data.sources import load
        >>> dataset = batches(load("digits").validation, image_size=32, batch_size=100)
        >>> [labels.shape[0] for images, labels in dataset]
        [100, 100, 100, 60]
    """
    import tensorflow as tf

    for name, value in (("image_size", image_size), ("batch_size", batch_size)):
        if value < 1:
            raise ValueError(f"`{name}` must be a positive integer. Received: {name}={value}")

    def view(index, record):
        image = split.read(record)
        return resize_crop(image, image_size) if sampler is None else sampler(image, image_size, int(index))

    def to_view(index, record, label):
        # One Python call per image: Pillow decodes and resizes without holding the interpreter.
        image = tf.numpy_function(view, [index, record], tf.uint8)
        return tf.ensure_shape(image, (image_size, image_size, 3)), label

    def finish(images, labels):
        images = tf.cast(images, tf.float32)
        return (images if preprocess is None else preprocess(images)), labels

    # Random views differ from pass to pass: only the one for evaluation may be cached.
    cached = sampler is None and split.count * image_size**2 * 3 <= CACHE_BYTES
    records = split.records(None if cached else shuffle_seed)
    dataset = records.map(to_view, num_parallel_calls=os.cpu_count(), deterministic=True)
    if cached:
        dataset = dataset.cache()
        if shuffle_seed is not None:
            dataset = dataset.shuffle(split.count, seed=shuffle_seed, reshuffle_each_iteration=True)
    return dataset.batch(batch_size).map(finish).prefetch(tf.data.AUTOTUNE)


def preview(split: Split, *, image_size: int, sampler: Sampler | None, seed: int, side: int = 8) -> np.ndarray:
    """What training will see of some images, for a person to look at.

    Args:
        split: where the images come from.
        image_size: side of the square views, in pixels.
        sampler: the one that training uses, or `None` as in `batches`.
        seed: which images; any `shuffle_seed`.
        side: views in a row, and rows.

    Returns:
        uint8 array of shape (views, image_size, image_size, 3), at most `side * side` views. With a
        sampler, `side` of each image: the one for evaluation, then those of the first epochs.
        Without one, a view of each.

    Raises:
        ImageError: an image cannot be read.
    """
    epochs = [] if sampler is None else [replace(sampler, epoch=epoch) for epoch in range(side - 1)]
    views = []
    for index, record, _ in split.records(seed).take(side if epochs else side * side).as_numpy_iterator():
        image = split.read(record)
        views.append(resize_crop(image, image_size))
        views.extend(sample(image, image_size, int(index)) for sample in epochs)
    return np.stack(views)

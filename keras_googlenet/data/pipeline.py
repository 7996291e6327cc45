"""From the records of a split to the batches that the network takes."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

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
    view: Callable[[np.ndarray, int], np.ndarray] = resize_crop,
    preprocess: Callable[[tf.Tensor], tf.Tensor] | None = None,
    shuffle_seed: int | None = None,
) -> tf.data.Dataset:
    """Batches of a split, each image exactly once a pass; the last batch may be smaller.

    Args:
        split: where the images come from.
        image_size: side of the square views, in pixels.
        batch_size: images per batch.
        view: from a uint8 RGB image and `image_size` to a uint8 array of shape
            (image_size, image_size, 3). It runs in several threads. The default is the view for
            evaluation; training passes a random sampler here.
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

    def to_view(record, label):
        # One Python call per image: Pillow decodes and resizes without holding the interpreter.
        image = tf.numpy_function(lambda record: view(split.read(record), image_size), [record], tf.uint8)
        return tf.ensure_shape(image, (image_size, image_size, 3)), label

    def finish(images, labels):
        images = tf.cast(images, tf.float32)
        return (images if preprocess is None else preprocess(images)), labels

    # A random view must be drawn anew at each pass: only the deterministic one may be cached.
    cached = view is resize_crop and split.count * image_size**2 * 3 <= CACHE_BYTES
    records = split.records(None if cached else shuffle_seed)
    dataset = records.map(to_view, num_parallel_calls=os.cpu_count(), deterministic=True)
    if cached:
        dataset = dataset.cache()
        if shuffle_seed is not None:
            dataset = dataset.shuffle(split.count, seed=shuffle_seed, reshuffle_each_iteration=True)
    return dataset.batch(batch_size).map(finish).prefetch(tf.data.AUTOTUNE)

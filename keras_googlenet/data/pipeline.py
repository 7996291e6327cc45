"""From the records of a split to the batches that the network takes.

Training reads one endless stream of full batches that follows from the seed and the step alone, so that a run can go
on from any step. Evaluation sees each image exactly once, whatever the batch size and the number of devices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from keras_googlenet.data import worker_pool
from keras_googlenet.data.center_crop import center_crop
from keras_googlenet.data.errors import DataError
from keras_googlenet.data.order import training_order
from keras_googlenet.data.reading import Reader, drop_unreadable, replace_unreadable
from keras_googlenet.data.splits import WHOLE, Shard, Split
from keras_googlenet.data.viewing import SamplerFunction, Viewing

if TYPE_CHECKING:
    import tensorflow as tf

_CALL, _LARGE_CALL = 16, 64  # images a call: few keep all processes busy, many cost little each;
_WARM = 1024  # images, after which a stream is one that goes on
_FINISHED = 2  # batches at a time: floats of 3,000 images a second are what one thread makes
_AHEAD = 1  # calls more than processes, so that none has nothing to do

Preprocess = Callable[["tf.Tensor"], "tf.Tensor"]


def training_stream(
    split: Split | Reader,
    *,
    image_size: int,
    batch_size: int,
    seed: int,
    sampler: SamplerFunction | None = None,
    preprocess: Preprocess | None = None,
    first_step: int = 0,
    shard: Shard = WHOLE,
    views: int | None = None,
) -> tf.data.Dataset:
    """Batches without end, epoch after epoch, each with an order of its own.

    An epoch has `split.count // batch_size` batches. The images that are left over differ from epoch to epoch.

    Args:
        split: where the images come from, or a `Reader` of it.
        image_size: side of the square views, in pixels.
        batch_size: images per batch, of all workers together: a multiple of their number, at most `split.count`.
        seed: of the order; any other number makes another run.
        sampler: from a uint8 RGB image, `image_size`, the epoch and the image's index to a uint8 array of shape
            (image_size, image_size, 3), such as a `Sampler`. The package's own work in other processes, on files
            and encoded images; any other is called from several threads. `None` for the one view that the network is
            evaluated on.
        preprocess: from a float32 batch, RGB, 0-255, to what the network takes.
        first_step: where to begin: the number of batches to leave out, counted over all epochs.
        shard: which part of each batch to read.
        views: how many views each image has: after so many epochs the same ones come again, in another order. `None`
            for new ones in each epoch.

    Returns:
        Dataset with elements (float32 (batch_size / shard.count, image_size, image_size, 3), int64 likewise). Wrap
        what iterates over it in `reading_errors()`.

    Raises:
        ValueError: `image_size` or `batch_size` is out of range.

    Example:
        >>> from keras_googlenet.data.loading import load
        >>> stream = training_stream(load("digits").train, image_size=32, batch_size=100, seed=0, first_step=14)
        >>> images, labels = next(iter(stream))  # the first batch of the second epoch
        >>> images.shape, labels.shape
        (TensorShape([100, 32, 32, 3]), TensorShape([100]))
    """
    reader = Reader.of(split)
    _check(image_size, batch_size)
    if batch_size > reader.split.count or batch_size % shard.count:
        raise ValueError(
            f"`batch_size` must be at most the {reader.split.count} images of the split and a multiple of the "
            f"{shard.count} workers. Received: batch_size={batch_size}"
        )
    records = training_order(reader.split, batch_size, seed, first_step=first_step, shard=shard, views=views)
    made = _views(_calls(records), reader, image_size, sampler)
    made = made.rebatch(batch_size // shard.count, drop_remainder=True)
    return _finish(made, replace_unreadable, preprocess)


def evaluation_batches(
    split: Split | Reader,
    *,
    image_size: int,
    batch_size: int,
    preprocess: Preprocess | None = None,
    shard: Shard = WHOLE,
    replicas: int = 1,
    sampler: SamplerFunction | None = None,
    epoch: int = 0,
) -> tf.data.Dataset:
    """Batches of a split in a fixed order, each image exactly once.

    Args:
        split: where the images come from, or a `Reader` of it.
        image_size: side of the square views, in pixels.
        batch_size: most images per batch, of all replicas of all workers together.
        preprocess: from a float32 batch, RGB, 0-255, to what the network takes.
        shard: which part of the split to read.
        replicas: how many replicas the worker deals its batches out to, one each in turn.
        sampler: as in `training_stream`; `None` for the one view that the network is evaluated on.
        epoch: whose views the sampler gives.

    Returns:
        Dataset of known cardinality, the same on each worker, with elements (float32 (batch, image_size, image_size,
        3), int64 (batch,)). An element is one replica's; their sizes differ by one at most, so that none is empty.
        Wrap what iterates over it in `reading_errors()`.

    Raises:
        DataError: there are fewer images than replicas.
        ValueError: `image_size` or `batch_size` is out of range.

    Example:
        >>> from keras_googlenet.data.loading import load
        >>> dataset = evaluation_batches(load("digits").validation, image_size=32, batch_size=100)
        >>> [labels.shape[0] for images, labels in dataset]
        [90, 90, 90, 90]
    """
    import tensorflow as tf

    reader = Reader.of(split)
    _check(image_size, batch_size)
    pieces = evaluation_steps(reader.split.count, batch_size, shard.count * replicas) * replicas
    records = reader.split.fixed(shard).map(lambda index, record, label: (epoch, index, record, label))
    count = (reader.split.count + shard.count - 1 - shard.index) // shard.count
    size, larger = divmod(count, pieces)
    taken = larger * (size + 1)
    parts = ((records.take(taken), size + 1), (records.skip(taken), size))
    first, last = (
        _views(part.batch(_CALL).enumerate(), reader, image_size, sampler).rebatch(size) for part, size in parts
    )
    batches = first.concatenate(last).apply(tf.data.experimental.assert_cardinality(pieces))
    return _finish(batches, drop_unreadable, preprocess)


def evaluation_steps(count: int, batch_size: int, replicas: int = 1) -> int:
    """Steps in which `replicas` see `count` images, each replica at least one image at each step.

    Args:
        count: images.
        batch_size: most images per step, but for when that would leave a replica without any.
        replicas: of all workers together.

    Raises:
        DataError: there are fewer images than replicas.

    Example:
        >>> evaluation_steps(360, 100)
        4
    """
    if count < replicas:
        raise DataError(f"Expected at least one image for each of {replicas} replicas. Received: {count} images")
    return min(-(-count // batch_size), count // replicas)


def preview(
    split: Split | Reader, *, image_size: int, sampler: SamplerFunction | None, seed: int, side: int = 8
) -> np.ndarray:
    """What training will see of some images, for a person to look at.

    Args:
        split: where the images come from.
        image_size: side of the square views, in pixels.
        sampler: the one that training uses, or `None` as in `training_stream`.
        seed: which images; that of the run.
        side: views in a row, and rows.

    Returns:
        uint8 array of shape (views, image_size, image_size, 3), at most `side * side` views. With a
        sampler, `side` of each image: the one for evaluation, then those of the first epochs.
        Without one, a view of each.

    Raises:
        ImageError: an image cannot be read.
    """
    views = []
    reader = Reader.of(split)
    records = reader.split.shuffled(seed, np.int64(0), 1)
    for index, record, _ in records.take(side * side if sampler is None else side).as_numpy_iterator():
        if (image := reader.read(int(index), record)) is not None:
            views.append(center_crop(image, image_size))
            if sampler is not None:
                views.extend(sampler(image, image_size, epoch, int(index)) for epoch in range(side - 1))
    return np.stack(views) if views else np.empty((0, image_size, image_size, 3), np.uint8)


def _check(image_size, batch_size):
    for name, value in (("image_size", image_size), ("batch_size", batch_size)):
        if value < 1:
            raise ValueError(f"`{name}` must be a positive integer. Received: {name}={value}")


def _calls(records):
    """Records without end, numbered, to a few at a time, and to more at a time after a while."""
    import tensorflow as tf

    def goes_on(place, record):
        return tf.cast(place >= _WARM, tf.int64)

    def images(goes_on):
        return tf.where(goes_on > 0, tf.constant(_LARGE_CALL, tf.int64), tf.constant(_CALL, tf.int64))

    def call(goes_on, records):
        return records.batch(_LARGE_CALL)

    return records.enumerate().group_by_window(goes_on, call, window_size_func=images)


def _views(calls, reader, size, sampler):
    """Records, numbered and a few at a time, to (whether they could be read, views, labels)."""
    import tensorflow as tf

    make = Viewing(reader, size, sampler)

    def to_views(_, call):
        epochs, indices, records, labels = call
        made = tf.numpy_function(make, [epochs, indices, records], (tf.bool, tf.uint8), stateful=False)
        return tf.ensure_shape(made[0], (None,)), tf.ensure_shape(made[1], (None, size, size, 3)), labels

    ahead = worker_pool.processes() + _AHEAD
    return calls.map(to_views, num_parallel_calls=ahead, deterministic=True)


def _finish(batches, repair, preprocess):
    import tensorflow as tf

    def finish(readable, images, labels):
        images, labels = repair(readable, images, labels)
        images = tf.cast(images, tf.float32)
        return (images if preprocess is None else preprocess(images)), labels

    # Not AUTOTUNE: behind a network on a CPU it hoards batches, of 18 MiB each. Nothing being left to tune, the tuner's
    # thread is not started: an iterator that is deleted may wait for it (see `training.callbacks.EndValidation`).
    options = tf.data.Options()
    options.autotune.enabled = False
    # Threads of its own: most wait for other processes, and the network has work for the others.
    options.threading.private_threadpool_size = worker_pool.processes() + _AHEAD + _FINISHED
    finished = batches.map(finish, num_parallel_calls=_FINISHED, deterministic=True)
    return finished.prefetch(2).with_options(options)

"""Which image of a split comes when, in training: from the seed and the step alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_googlenet.data.splits import WHOLE, Shard, Split

if TYPE_CHECKING:
    import tensorflow as tf


def training_order(
    split: Split, batch_size: int, seed: int, *, first_step: int = 0, shard: Shard = WHOLE, views: int | None = None
) -> tf.data.Dataset:
    """The records of `training_stream`, one by one: which view of which image comes when. No image is read.

    Args:
        split: where the images come from.
        batch_size: as in `training_stream`, like what follows.
        seed: of the order.
        first_step: where to begin.
        shard: which part of each batch to read.
        views: how many views each image has.

    Returns:
        Dataset without end, with elements (int64 epoch whose view it is, int64 index, record, int64 label).
    """
    import tensorflow as tf

    first_epoch, skipped = divmod(first_step, split.count // batch_size)

    def records(epoch):
        shuffled = split.shuffled(seed, epoch, batch_size, shard)
        first = tf.constant(skipped * (batch_size // shard.count), tf.int64)
        rest = shuffled.skip(tf.where(epoch == first_epoch, first, 0))
        view = epoch if views is None else epoch % views
        return rest.map(lambda index, record, label: (view, index, record, label))

    return tf.data.Dataset.range(first_epoch, tf.int64.max).flat_map(records)

"""What a data set is to this package: splits of labelled images and the names of the classes.

A split gives the pipeline records, which are cheap to hold and to shuffle (a number, an encoded image), and `read`,
which turns one record into an image.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf


HELD_OUT = 0.2
"""Part of the images that is held out for validation, if nothing else is asked for."""


@dataclass(frozen=True)
class Share:
    """Which part of the data a worker reads, so that no image is decoded twice.

    Attributes:
        index: the worker's number, counted from 0.
        count: how many workers there are.
    """

    index: int = 0
    count: int = 1


WHOLE = Share()


class Split(Protocol):
    """Labelled images, for training or for validation.

    A record comes as a triple (int64 index, record, int64 label). The index is the image's own: the same at each
    pass, whatever the order, and that of no other image.
    """

    @property
    def count(self) -> int:
        """Number of images."""

    def fixed(self, share: Share = WHOLE) -> tf.data.Dataset:
        """The records of a worker, each exactly once, in the same order at each pass.

        The workers' parts are disjoint, make up the split, and differ by one record at most.
        """

    def shuffled(self, seed: int, epoch: tf.Tensor, batch_size: int, share: Share = WHOLE) -> tf.data.Dataset:
        """The records of a worker for one epoch, in an order that follows from the seed and the epoch.

        All workers' together are `count // batch_size` times `batch_size` records, none of them twice.

        Args:
            seed: the run's.
            epoch: int64 scalar, counted from 0.
            batch_size: of all workers together, a multiple of `share.count`.
            share: the worker's part of each batch.
        """

    def read(self, record: Any) -> np.ndarray:
        """One record, as NumPy sees it, to a uint8 RGB image of shape (height, width, 3).

        Raises:
            ImageError: the image cannot be read.
        """


@dataclass(frozen=True, eq=False)
class ListedSplit:
    """A split whose images are all known: their files' paths, or small images themselves. Its records are indices.

    Attributes:
        items: array of `count` paths or images.
        labels: int64 array of shape (count,), indices into the classes.
        decode: one item to a uint8 RGB image.
    """

    items: np.ndarray
    labels: np.ndarray
    decode: Callable[[Any], np.ndarray]

    @property
    def count(self) -> int:
        """Number of images."""
        return len(self.labels)

    def fixed(self, share: Share = WHOLE) -> tf.data.Dataset:
        """See `Split.fixed`; a worker's part is a run of neighbours."""
        return self._records(np.array_split(np.arange(self.count), share.count)[share.index])

    def shuffled(self, seed: int, epoch: tf.Tensor, batch_size: int, share: Share = WHOLE) -> tf.data.Dataset:
        """See `Split.shuffled`; the whole list is shuffled, and the batches are the same for any number of workers."""
        import tensorflow as tf

        def indices(epoch):
            order = np.random.default_rng((_ORDER, seed, int(epoch))).permutation(self.count)
            steps = self.count // batch_size
            return order[: steps * batch_size].reshape(steps, share.count, -1)[:, share.index].reshape(-1)

        order = tf.numpy_function(indices, [epoch], tf.int64, stateful=False)
        return self._records(tf.ensure_shape(order, (None,)))

    def _records(self, indices: np.ndarray | tf.Tensor) -> tf.data.Dataset:
        import tensorflow as tf

        labels = tf.constant(self.labels, tf.int64)
        return tf.data.Dataset.from_tensor_slices(indices).map(lambda i: (i, i, tf.gather(labels, i)))

    def read(self, record: Any) -> np.ndarray:
        """See `Split.read`."""
        return self.decode(self.items[record])


# Sets the random numbers that order images apart from those that sample them (`augmentation.generator`).
_ORDER = 0x0DE2


@dataclass(frozen=True, eq=False)
class Source:
    """A data set to train on.

    Attributes:
        name: the folder or the data set's name.
        classes: class names; a label is an index into them.
        train: the images to learn from.
        validation: the images held out.
        held_out: where the validation images come from, in words.
        ignored: files that are no images of a class and were left alone.
        test: the images to look at once, after training, if the data set has a split for that.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    validation: Split
    held_out: str
    ignored: tuple[Path, ...] = ()
    test: Split | None = None

    def summary(self) -> str:
        """What was found, for the output of a run.

        Returns:
            One line, and a second one if files were ignored.
        """
        counts = f"{self.train.count:,} training and {self.validation.count:,} validation"
        if self.test is not None:
            counts = f"{self.train.count:,} training, {self.validation.count:,} validation and {self.test.count:,} test"
        lines = [f"{self.name}: {counts} images in {len(self.classes):,} classes; validation: {self.held_out}"]
        if self.ignored:
            listed = ", ".join(str(path) for path in self.ignored[:3])
            more = ", ..." if len(self.ignored) > 3 else ""
            lines.append(f"ignored {len(self.ignored):,} that are no images: {listed}{more}")
        return "\n".join(lines)

"""What a data set is to this package: splits of labeled images and the names of the classes.

A split gives the pipeline records, which are cheap to hold and to shuffle (a number, an encoded image), and `read`,
which turns one record into an image.
"""

from __future__ import annotations

import hashlib
import os
import sys
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from keras_googlenet.data import stamps
from keras_googlenet.data.holding_out import same_everywhere
from keras_googlenet.data.images import read_image
from keras_googlenet.data.views import Encoded

if TYPE_CHECKING:
    import tensorflow as tf


HELD_OUT = 0.2
"""Part of the images that is held out for validation, if nothing else is asked for."""


TRAIN, VALIDATION, TEST = "train", "validation", "test"

_FILE_NAMES = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()  # as `os.fsdecode`, which is Python

# In any letter case. The first that is there serves.
_NAMES = {TRAIN: ("train", "training"), VALIDATION: ("val", "validation", "valid", "dev"), TEST: ("test", "testing")}


def splits_among(names: Collection[str]) -> dict[str, str]:
    """Which names are those of splits.

    Example:
        >>> splits_among(["Valid", "TRAIN", "cat"])
        {'train': 'TRAIN', 'validation': 'Valid'}
    """
    found = {}
    for part, known in _NAMES.items():
        if named := [name for name in names if name.lower() in known]:
            found[part] = min(named, key=lambda name: (known.index(name.lower()), name.lower() != name, name))
    return found


@dataclass(frozen=True)
class Shard:
    """Which part of the data a worker reads, so that no image is decoded twice.

    Attributes:
        index: the worker's number, counted from 0.
        count: how many workers there are.
    """

    index: int = 0
    count: int = 1


WHOLE = Shard()


class Split(Protocol):
    """Labeled images, for training or for validation.

    A record comes as a triple (int64 index, record, int64 label). The index is the image's own: the same at each
    pass, whatever the order, and that of no other image.
    """

    @property
    def count(self) -> int:
        """Number of images."""

    @property
    def labels(self) -> np.ndarray:
        """int64 array of shape (count,): the class of each image, in the fixed order."""

    @property
    def names(self) -> tuple[str, ...]:
        """What each image is called, in the fixed order: its path from the data set's folder, or else its number."""
        return tuple(map(str, range(self.count)))

    def path(self, place: int) -> str | None:
        """Where the file of an image lies, by its place in the fixed order; `None` where it has none of its own."""
        return None

    def fixed(self, shard: Shard = WHOLE) -> tf.data.Dataset:
        """The records of a worker, each exactly once, in the same order at each pass.

        The workers' parts are disjoint, make up the split, and differ by one record at most.
        """

    def shuffled(self, seed: int, epoch: tf.Tensor, batch_size: int, shard: Shard = WHOLE) -> tf.data.Dataset:
        """The records of a worker for one epoch, in an order that follows from the seed and the epoch.

        All workers' together are `count // batch_size` times `batch_size` records, none of them twice.

        Args:
            seed: the run's.
            epoch: int64 scalar, counted from 0.
            batch_size: of all workers together, a multiple of `shard.count`.
            shard: the worker's part of each batch.
        """

    def read(self, record: Any) -> np.ndarray:
        """One record, as NumPy sees it, to a uint8 RGB image of shape (height, width, 3).

        Raises:
            ImageError: the image cannot be read.
        """

    def encoded(self, records: np.ndarray) -> Encoded | None:
        """Some records as what `read` decodes: their files; `None` where another way leads to their images.

        Another process can then read them.
        """
        return None

    def fingerprint(self, root: str) -> str:
        """Text that is the same as long as the images, their labels and their order are: of files by name.

        Args:
            root: the data set's folder, wherever it lies.
        """

    def samples(self) -> list[str]:
        """For each class the checksums of three files at most, on one line; nothing where the images are no files."""
        return []


@dataclass(frozen=True, eq=False)
class ListedSplit:
    """A split whose images are all known: their files' paths, or small images themselves. Its records are indices.

    Attributes:
        items: array of `count` paths or images.
        labels: int64 array of shape (count,), indices into the classes.
        decode: one item to a uint8 RGB image.
        root: the data set's folder, from which the names of files count.
        stamps: what was noted of each file when it was listed; see `data.stamps`.
    """

    items: np.ndarray
    labels: np.ndarray
    decode: Callable[[Any], np.ndarray]
    root: str | os.PathLike | None = None
    stamps: np.ndarray | None = None

    @property
    def count(self) -> int:
        """Number of images."""
        return len(self.labels)

    @property
    def names(self) -> tuple[str, ...]:
        """See `Split.names`."""
        if self.items.dtype != object:
            return tuple(map(str, range(self.count)))
        return tuple(os.path.relpath(os.fsdecode(path), self.root) for path in self.items)

    def path(self, place: int) -> str | None:
        """See `Split.path`."""
        return os.fsdecode(self.items[place]) if self.items.dtype == object else None

    def fixed(self, shard: Shard = WHOLE) -> tf.data.Dataset:
        """See `Split.fixed`; a worker's part is a run of neighbors."""
        return self._records(np.array_split(np.arange(self.count), shard.count)[shard.index])

    def shuffled(self, seed: int, epoch: tf.Tensor, batch_size: int, shard: Shard = WHOLE) -> tf.data.Dataset:
        """See `Split.shuffled`; the whole list is shuffled, and the batches are the same for any number of workers."""
        import tensorflow as tf

        def indices(epoch):
            order = np.random.default_rng((_ORDER, seed, int(epoch))).permutation(self.count)
            steps = self.count // batch_size
            return order[: steps * batch_size].reshape(steps, shard.count, -1)[:, shard.index].reshape(-1)

        order = tf.numpy_function(indices, [epoch], tf.int64, stateful=False)
        return self._records(tf.ensure_shape(order, (None,)))

    def _records(self, indices: np.ndarray | tf.Tensor) -> tf.data.Dataset:
        import tensorflow as tf

        labels = tf.constant(self.labels, tf.int64)
        # AutoGraph writes a temporary file for what it converts, which a killed process leaves.
        record = tf.autograph.experimental.do_not_convert(lambda i: (i, i, tf.gather(labels, i)))
        return tf.data.Dataset.from_tensor_slices(indices).map(record)

    def read(self, record: Any) -> np.ndarray:
        """See `Split.read`; a file must be the one that was listed, or its label would be another's."""
        image = self.decode(self.items[record])
        if self.stamps is not None:
            stamps.check(self.items[record], self.stamps[record])
        return image

    def encoded(self, records: np.ndarray) -> Encoded | None:
        """See `Split.encoded`."""
        if self.decode is not read_image:
            return None
        names = list(map(bytes.decode, self.items[records], *map(repeat, _FILE_NAMES)))
        return Encoded(names, stamps=None if self.stamps is None else self.stamps[records].tolist())

    def fingerprint(self, root: str) -> str:
        """See `Split.fingerprint`; a path counts from the folder, as every system has it."""
        found = hashlib.sha256(self.labels.astype("<i8").tobytes())
        for item in self.items:
            if isinstance(item, (str, bytes)):
                item = os.fsencode(same_everywhere(os.fsdecode(item).removeprefix(root).lstrip(os.sep))) + b"\n"
            found.update(item)
        return found.hexdigest()[:16]

    def samples(self) -> list[str]:
        """See `Split.samples`; the first, the one in the middle and the last."""
        if self.items.dtype != object:
            return []
        by_class = np.argsort(self.labels, kind="stable")
        groups = np.split(by_class, np.unique(self.labels[by_class], return_index=True)[1][1:])
        threes = (self.items[[group[0], group[len(group) // 2], group[-1]]] for group in groups)
        return [" ".join(dict.fromkeys(map(_checksum, three))) for three in threes]


def _checksum(path: bytes) -> str:
    try:
        with open(path, "rb") as file:
            return f"{zlib.crc32(file.read(2**16)):08x}"
    except OSError:
        return "missing"


# Sets the random numbers that order images apart from those that sample them (`augmentation.generator`).
_ORDER = 0x0DE2

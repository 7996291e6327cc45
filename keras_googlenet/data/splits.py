"""What a data set is to this package: two splits of labelled images and the names of the classes.

A split gives the pipeline `records`, which are cheap to hold and to shuffle (a file's path, an
encoded image), and `read`, which turns one record into an image.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf


class Split(Protocol):
    """Labelled images, for training or for validation."""

    @property
    def count(self) -> int:
        """Number of images."""

    def records(self, shuffle_seed: int | None) -> tf.data.Dataset:
        """Triples (int64 index, record, int64 label), each exactly once.

        The index is the image's own: the same at each pass, whatever the order, and that of no other
        image. Sources that count their images count from 0.

        Args:
            shuffle_seed: `None` for the fixed order; otherwise the triples come in a new random
                order at each pass, which follows from the seed.
        """

    def read(self, record: Any) -> np.ndarray:
        """One record, as NumPy sees it, to a uint8 RGB image of shape (height, width, 3).

        Raises:
            ImageError: the image cannot be read.
        """


@dataclass(frozen=True, eq=False)
class ListedSplit:
    """A split whose records are all known: file paths, or small images themselves.

    Attributes:
        items: array of `count` records.
        labels: int64 array of shape (count,), indices into the classes.
        read: one record to a uint8 RGB image.
    """

    items: np.ndarray
    labels: np.ndarray
    read: Callable[[Any], np.ndarray]

    @property
    def count(self) -> int:
        """Number of images."""
        return len(self.labels)

    def records(self, shuffle_seed: int | None) -> tf.data.Dataset:
        """See `Split.records`; the whole list is shuffled, not a buffer's worth at a time."""
        import tensorflow as tf

        records = tf.data.Dataset.from_tensor_slices((np.arange(self.count), self.items, self.labels))
        if shuffle_seed is None:
            return records
        return records.shuffle(self.count, seed=shuffle_seed, reshuffle_each_iteration=True)


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

"""Reads the images of a split; unreadable ones may be skipped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from keras_googlenet.data.errors import ImageError
from keras_googlenet.data.splits import ListedSplit, Split
from keras_googlenet.utils.messages import one_line

if TYPE_CHECKING:
    import tensorflow as tf

MEMORY = 64 * 2**20
"""Bytes. So much of a split's decoded images is kept: opening a small file costs more than it takes to keep it."""

T = TypeVar("T")

_NONE = "ImageError: none of the images of a batch can be read"


class Reader:
    """The images of a split.

    Args:
        split: where they come from.
        on_corrupt: `"stop"` to raise the error of an image that cannot be read, `"skip"` to note it and go on.
        memory: bytes of decoded images to keep at most, for a sampler of your own. Each image of the split may take an
            equal part of them; a larger one is decoded again at each pass. For the package's samplers none is kept:
            other processes decode them.
        classes: the names of the classes. A listed class of which no image can be read is an error, whatever is
            skipped: what is left would be another data set.
        words: what the images are, `"training images"`.

    Attributes:
        split: the split.
        skipped: why images could not be read, by index.
    """

    def __init__(
        self,
        split: Split,
        *,
        on_corrupt: str = "stop",
        memory: int = MEMORY,
        classes: Sequence[str] = (),
        words: str = "images",
    ):
        self.split = split
        self.skipped: dict[int, str] = {}
        self._skips = on_corrupt == "skip"
        self._kept: dict[int, np.ndarray] = {}
        self._largest = memory // max(split.count, 1)
        self._classes, self._words = classes, words
        self._lacking = threading.Lock()
        self._lacks: str | None = None

    @staticmethod
    def of(split: Split | Reader) -> Reader:
        """A reader of a split that stops at unreadable images; a reader as it is."""
        return split if isinstance(split, Reader) else Reader(split)

    def read(self, index: int, record: Any) -> np.ndarray | None:
        """One image, from memory if it was read before. It may be called from several threads.

        Args:
            index: the image's.
            record: the image's, as NumPy sees it.

        Returns:
            uint8 RGB array of shape (height, width, 3); `None` for an unreadable image that is skipped.

        Raises:
            ImageError: the image cannot be read, and such images are not skipped; or none of its class can.
        """
        kept = self._kept.get(index)
        return self.attempt(index, lambda: self._keep(index, record) if kept is None else kept)

    def attempt(self, index: int, read: Callable[[], T]) -> T | None:
        """What `read` makes of an image, unless the image is one that is skipped.

        Args:
            index: the image's.
            read: raises an `ImageError` where the image cannot be read.

        Returns:
            As `read`; `None` for an unreadable image that is skipped.

        Raises:
            ImageError: as for the method `read`.
        """
        self.check()
        if index in self.skipped:
            return None
        try:
            return read()
        except ImageError as error:
            if not self._skips:
                raise
            self.skipped[index] = str(error)
            self._check_class(index)
            return None

    def check(self) -> None:
        """Looks whether there is a class of which no image can be read, and none may be passed over.

        Raises:
            ImageError: there is one.
        """
        if self._lacks is not None:
            raise ImageError(self._lacks)

    def _keep(self, index: int, record: Any) -> np.ndarray:
        image = self.split.read(record)
        if image.nbytes <= self._largest:
            self._kept[index] = image
        return image

    def _check_class(self, index: int) -> None:
        """Looks for an image of the same class that can be read."""
        if not self._classes or not isinstance(self.split, ListedSplit):
            return
        label = self.split.labels[index]
        places = np.flatnonzero(self.split.labels == label).tolist()
        with self._lacking:
            if self._lacks is None and not any(map(self._is_readable, places)):
                name = one_line(repr(self._classes[label]))
                self._lacks = (
                    f"class {name}: none of its {len(places):,} {self._words} can be read, and on_corrupt=skip passes "
                    f"over images, not over a class. The last that was tried: {self.skipped[index]}"
                )
        self.check()

    def _is_readable(self, place: int) -> bool:
        if place in self._kept:
            return True
        if place in self.skipped:
            return False
        try:
            self.split.read(place)
        except ImageError:
            return False
        return True


def replace_unreadable(readable: tf.Tensor, images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Give the place of each unreadable image to a readable one of its batch: the others stay where they are.

    Args:
        readable: boolean tensor of shape (batch,).
        images: tensor of shape (batch, ...).
        labels: tensor of shape (batch,).

    Returns:
        The images and the labels, as many as before. Where no image is readable, their evaluation
        raises the message of an `ImageError`; see `reading_errors`.
    """
    import tensorflow as tf

    rows, good = tf.range(tf.shape(readable)[0]), tf.reshape(tf.where(readable), (-1,))
    with tf.control_dependencies([tf.debugging.assert_positive(tf.size(good), _NONE)]):
        taken = tf.where(readable, tf.cast(rows, tf.int64), tf.gather(good, rows % tf.maximum(tf.size(good), 1)))
    return tuple(tf.ensure_shape(tf.gather(part, taken), part.shape) for part in (images, labels))


def drop_unreadable(readable: tf.Tensor, images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Leave unreadable images out of a batch.

    Args:
        readable: boolean tensor of shape (batch,).
        images: tensor of shape (batch, ...).
        labels: tensor of shape (batch,).

    Returns:
        The images and the labels, as many as are readable; as in `replace_unreadable` where none is.
    """
    import tensorflow as tf

    with tf.control_dependencies([tf.debugging.assert_positive(tf.size(tf.where(readable)), _NONE)]):
        return tf.boolean_mask(images, readable), tf.boolean_mask(labels, readable)

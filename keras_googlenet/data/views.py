"""One view of an encoded image, from its file to its pixels: Pillow has the image from beginning to end.

The processes of `data.worker_pool` do this for training and validation; this one does where there are none, to the
bit.
"""

import os
from collections.abc import Callable, Sequence
from enum import IntEnum
from io import BytesIO
from typing import BinaryIO, NamedTuple

from PIL import Image

from keras_googlenet.data import colors, decoding, stamps
from keras_googlenet.data.center_crop import central_part
from keras_googlenet.data.seeded_sampler import SeededSampler


class View(NamedTuple):
    """Which view of which image.

    Attributes:
        name: what an error calls the image, and where its file lies, unless there are
        data: the bytes of its file.
        stamp: what was noted of the file when it was listed; see `data.stamps`.
        epoch: the pass over the data.
        number: the image's, in its split.
    """

    name: str
    data: bytes | None
    stamp: Sequence[int] | None
    epoch: int
    number: int


class Encoded(NamedTuple):
    """Some images that are not decoded yet: a list for each of the first three attributes of a `View`, or `None`."""

    names: list[str]
    data: list[bytes] | None = None
    stamps: list[list[int]] | None = None


class Answer(IntEnum):
    """What becomes of a view: made; or to be made where time and memory are limited; or of the whole image's array."""

    MADE = 0
    LIMITED = 1
    WHOLE = 2


def make(
    view: View, path: str, size: int, sampler: SeededSampler | None, limit: Callable[[BinaryIO], bool]
) -> bytes | Answer:
    """Makes a view.

    A JPEG is decoded by a half, a quarter or an eighth of its pixels where its sampler has no use for more.

    Args:
        view: which.
        path: where the file lies, for this process.
        size: side of the view, in pixels.
        sampler: as in `training_stream`.
        limit: called with a file that may take long or much; limits this process, or returns that it can't.

    Returns:
        `size * size` pixels of three bytes, row by row; or what has to be done instead.

    Raises:
        ImageError: the image cannot be read.
    """
    name, data, stamp, epoch, number = view

    def decode(file: BinaryIO) -> bytes | Answer:
        fast = decoding.is_bounded(file, name)
        if not fast and not limit(file):
            return Answer.LIMITED
        return decoding.decode_here(file, name, finish, load=not fast)

    def finish(image: Image.Image, turn: Image.Transpose | None) -> bytes | Answer:
        return _view(image, turn, size, sampler, epoch, number)

    if data is not None:
        return decode(BytesIO(data))
    pixels = decoding.opened(path, name, decode)
    if stamp is not None:
        stamps.check(os.fsencode(path), stamp, name)
    return pixels


def _view(
    image: Image.Image, turn: Image.Transpose | None, size: int, sampler: SeededSampler | None, epoch: int, index: int
) -> bytes | Answer:
    columns, rows = image.size
    width, height = (rows, columns) if turn in colors.TRANSPOSING else (columns, rows)
    scale = 1 if sampler is None else sampler.scale(height, width, size, epoch, index)
    # Of an image that is turned, the last pixels would come first; they may be cut off.
    if turn is not None and (columns % scale or rows % scale):
        scale = 1
    if scale > 1 and image.draft(None, (columns // scale, rows // scale)) is None:
        scale = 1
    upright = colors.upright(image, turn)
    if upright is None:
        return Answer.WHOLE
    if sampler is None:
        return central_part(upright, size).tobytes()
    return sampler.view(upright, size, epoch, index, (height / scale, width / scale)).tobytes()

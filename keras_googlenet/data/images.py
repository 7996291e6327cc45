"""Image files to RGB arrays: the one rule, for training, evaluation and prediction, for what an image is.

Images come from anywhere, so the reader takes what Pillow can decode, in whatever color space, and turns everything
that can go wrong into one error that names the file. What may take long or much is decoded in another process.
"""

import os
from collections.abc import Sequence
from io import BytesIO
from typing import BinaryIO

import numpy as np
from PIL import Image

from keras_googlenet.data import undecodable, worker_pool
from keras_googlenet.data.center_crop import Size, center_crop_image
from keras_googlenet.data.colors import to_array
from keras_googlenet.data.decoding import decode_here, is_bounded, opened, settings
from keras_googlenet.data.errors import ImageError


def read_image(path: str | bytes | os.PathLike) -> np.ndarray:
    """Read an image file as the camera saw it.

    The first frame of an animation, turned upright by its EXIF orientation (a damaged EXIF block
    is ignored), over white where it is transparent. 16-bit gray is scaled to 8 bits.

    Args:
        path: an image file in one of `formats()`, recognized by content and not by name.

    Returns:
        uint8 array of shape (height, width, 3), RGB, 0-255.

    Raises:
        ImageError: the file is missing, no image, damaged, or larger than `MAX_PIXELS` (WebP, AVIF,
            JPEG 2000 and progressive JPEG: than two thirds to a sixth of it, so that all take the same memory at most).
            The size is known from the header, so a decompression bomb is never decoded. Or decoding took more than
            10 seconds of a processor or 1 GiB, or no process could be started that can be ended then.

    Example:
        >>> read_image("no/such/cat.jpg")
        Traceback (most recent call last):
            ...
        keras_googlenet.data.errors.ImageError: no/such/cat.jpg: no such file
    """
    return _read(path, None)[0]


def read_view(path: str | bytes | os.PathLike, size: Size) -> np.ndarray:
    """`center_crop(read_image(path), size)`, in half the memory where the image is large.

    Args:
        path: as in `read_image`.
        size: as in `center_crop`.

    Returns:
        uint8 array of shape (height, width, 3).

    Raises:
        ImageError: as `read_image`.
    """
    return _read(path, (size,))[0]


def decode_image(data: bytes, name: str) -> np.ndarray:
    """Decode an encoded image in memory exactly as `read_image` decodes a file.

    Args:
        data: the bytes of an image file.
        name: what an error calls the image.

    Returns:
        uint8 array of shape (height, width, 3), RGB, 0-255.

    Raises:
        ImageError: as `read_image`.
    """
    return _decode(BytesIO(data), data, name, None)[0]


def decode_view(data: bytes, name: str, size: Size) -> np.ndarray:
    """`center_crop(decode_image(data, name), size)`, the one view of `decode_views`."""
    return decode_views(data, name, (size,))[0]


def decode_views(data: bytes, name: str, sizes: Sequence[Size], seconds: float | None = None) -> list[np.ndarray]:
    """Views of an encoded image in memory that is decoded once, in half the memory of `center_crop` of all of it.

    Args:
        data: as in `decode_image`.
        name: as in `decode_image`.
        sizes: of the views, each as in `center_crop`.
        seconds: processor time that decoding may take, where it may take long; `None` for `worker_pool.SECONDS`.

    Returns:
        For each size a uint8 array of shape (height, width, 3).

    Raises:
        ImageError: as `read_image`.
    """
    return _decode(BytesIO(data), data, name, tuple(sizes), seconds)


def _read(path: str | bytes | os.PathLike, sizes: tuple[Size, ...] | None) -> list[np.ndarray]:
    if isinstance(path, bytes) and b"\0" in path:
        raise ImageError("Expected an image's path. Received: other bytes; `decode_image` takes those of an image file")
    path = os.fsdecode(path)
    return opened(path, path, lambda file: _decode(file, None, path, sizes))


def _decode(
    file: BinaryIO,
    data: bytes | None,
    name: str,
    sizes: tuple[Size, ...] | None,
    seconds: float | None = None,
) -> list[np.ndarray]:
    """The image alone, or views of it; `data` is what a file in memory holds."""
    if not is_bounded(file, name) and worker_pool.available() and not undecodable.is_for_this_process(file):
        job = worker_pool.Job(name, data, file.fileno() if data is None else None, sizes, settings())
        return worker_pool.decode(job, seconds)

    def finish(image: Image.Image, turn: Image.Transpose | None) -> list[np.ndarray]:
        return [to_array(image, turn)] if sizes is None else [center_crop_image(image, size, turn) for size in sizes]

    return decode_here(file, name, finish)

"""The view of an image that the network is evaluated on."""

import math

import numpy as np
from PIL import Image

from keras_googlenet.data.colors import STRIP, rgb_strips

Size = int | tuple[int, int]
"""The side of a square view, or the height and the width of another, in pixels."""


def resize_crop(image: np.ndarray, size: Size) -> np.ndarray:
    """The evaluation view: the shorter side resized to `size`, the central square kept.

    Both steps are one here: the central square is resampled straight from the image, so a panorama
    is never resized beyond its square. Bilinear, antialiased (as Pillow's `BILINEAR` is). For a view that is no square,
    the largest part of its proportions is kept, from the center.

    Args:
        image: uint8 array of shape (height, width, 3).
        size: side of the view, in pixels, or its height and width.

    Returns:
        uint8 array of shape (size, size, 3), or (height, width, 3).

    Raises:
        ValueError: `image` is no such array, or `size` no positive integer or pair of such.

    Example:
        >>> resize_crop(np.zeros((480, 640, 3), "uint8"), 224).shape
        (224, 224, 3)
        >>> resize_crop(np.zeros((480, 640, 3), "uint8"), (48, 96)).shape
        (48, 96, 3)
    """
    check_view(image, size)
    height, width = image.shape[:2]
    rows, columns = height_and_width(size)
    return _resized(Image.fromarray(image), _central(width, height, rows, columns), rows, columns)


def height_and_width(size: Size) -> tuple[int, int]:
    """The height and the width of a view.

    Args:
        size: as in `resize_crop`.
    """
    return (size, size) if isinstance(size, (int, np.integer)) else tuple(size)


def resize_crop_image(image: Image.Image, size: Size, turn: Image.Transpose | None = None) -> np.ndarray:
    """The same view, of an image of any mode as Pillow has loaded it.

    It is `resize_crop`'s to the bit but for images of more than `STRIP` pixels that are to be turned or are not RGB.
    Those never become RGB as a whole and are turned when they are small; they may differ by one level of 255, by the
    order in which rows and columns are rounded.

    Args:
        image: loaded.
        size: as in `resize_crop`.
        turn: what turns the image upright.

    Returns:
        uint8 array of shape (height, width, 3).
    """
    rows, columns = height_and_width(size)
    if turn is None and image.mode == "RGB" and not image.has_transparency_data:
        return _resized(image, _central(*image.size, rows, columns), rows, columns)
    if image.width * image.height <= STRIP:
        image = image if turn is None else image.transpose(turn)
        [(_, whole)] = rgb_strips(image, 0, image.height)
        return _resized(whole, _central(*image.size, rows, columns), rows, columns)
    if turn in _ON_THE_SIDE:
        rows, columns = columns, rows
    # What Pillow does at once, one after the other: each row by itself, then the columns.
    left, top, right, bottom = _central(*image.size, rows, columns)
    reach = math.ceil((bottom - top) / rows) + 1
    first, last = max(0, math.floor(top) - reach), min(image.height, math.ceil(bottom) + reach)
    narrow = Image.new("RGB", (columns, last - first))
    for row, strip in rgb_strips(image, first, last):
        box = (left, 0, right, strip.height)
        narrow.paste(strip.resize((columns, strip.height), Image.Resampling.BILINEAR, box=box), (0, row - first))
    view = _resized(narrow, (0, top - first, columns, bottom - first), rows, columns)
    return view if turn is None else np.array(Image.fromarray(view).transpose(turn))


_ON_THE_SIDE = frozenset(
    getattr(Image.Transpose, name) for name in ("TRANSPOSE", "ROTATE_270", "TRANSVERSE", "ROTATE_90")
)
"""Turns after which rows are columns."""


def _central(width: int, height: int, rows: int, columns: int) -> tuple[float, float, float, float]:
    """The largest part of an image that has the proportions of a view, from the center: left, top, right, bottom."""
    if width * rows >= height * columns:
        kept, tall = height * columns / rows, height
    else:
        kept, tall = width, width * rows / columns
    left, top = (width - kept) / 2, (height - tall) / 2
    return left, top, left + kept, top + tall


def _resized(image: Image.Image, box: tuple[float, float, float, float], rows: int, columns: int) -> np.ndarray:
    return np.array(image.resize((columns, rows), Image.Resampling.BILINEAR, box=box))


def check_view(image: np.ndarray, size: Size) -> None:
    """Refuse what no view can be made of.

    Args:
        image: to be a uint8 array of shape (height, width, 3).
        size: to be a positive number of pixels, or two.

    Raises:
        ValueError: one of them is not.
    """
    shape = getattr(image, "shape", None)
    if shape is None or len(shape) != 3 or shape[2] != 3 or image.dtype != np.uint8 or 0 in shape:
        raise ValueError(
            "`image` must be a uint8 array of shape (height, width, 3). "
            f"Received: dtype {getattr(image, 'dtype', type(image).__name__)}, shape {shape}"
        )
    sides = size if isinstance(size, tuple) and len(size) == 2 else (size,)
    if not all(isinstance(side, (int, np.integer)) and side >= 1 for side in sides):
        raise ValueError(f"`size` must be a positive number of pixels. Received: size={size}")

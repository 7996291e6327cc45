"""The view of an image that the network is evaluated on: its central square, resized."""

import math

import numpy as np
from PIL import Image

from keras_googlenet.data import colors

Size = int | tuple[int, int]
"""The side of a square view, or the height and the width of another, in pixels."""

Box = tuple[float, float, float, float]
"""Left, upper, right and lower edge of a part of an image, in pixels; they may lie between two."""


def center_crop(image: np.ndarray, size: Size) -> np.ndarray:
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
        >>> center_crop(np.zeros((480, 640, 3), "uint8"), 224).shape
        (224, 224, 3)
        >>> center_crop(np.zeros((480, 640, 3), "uint8"), (48, 96)).shape
        (48, 96, 3)
    """
    check_view(image, size)
    return center_crop_image(Image.fromarray(image), size)


def height_and_width(size: Size) -> tuple[int, int]:
    """The height and the width of a view.

    Args:
        size: as in `center_crop`.
    """
    return size if isinstance(size, tuple) else (size, size)


def center_crop_image(image: Image.Image, size: Size, turn: Image.Transpose | None = None) -> np.ndarray:
    """The same view, of an image of any mode as Pillow has opened it.

    A large image that has to be turned or is not RGB is never turned or RGB as a whole: it is resized in strips, and
    what is left is turned. The order in which rows and columns are rounded may then make one level of 255 difference.
    Any other image gives the bits of `center_crop`.

    Args:
        image: as it is stored.
        size: as in `center_crop`.
        turn: what turns the image upright.

    Returns:
        uint8 array of shape (height, width, 3).
    """
    upright = colors.upright(image, turn)
    if upright is None:
        return _in_strips(image, *height_and_width(size), turn)
    return np.array(central_part(upright, size))


def central_part(image: Image.Image, size: Size) -> Image.Image:
    """The same view, of an upright image in RGB and as one.

    Args:
        image: as Pillow has it.
        size: as in `center_crop`.
    """
    rows, columns = height_and_width(size)
    box = _central(*image.size, rows, columns)
    return image.resize((columns, rows), Image.Resampling.BILINEAR, box=box)


def _in_strips(image: Image.Image, rows: int, columns: int, turn: Image.Transpose | None) -> np.ndarray:
    """What Pillow does at once, one after the other: each row by itself, then the columns, then the turn."""
    if turn in colors.TRANSPOSING:
        rows, columns = columns, rows
    left, top, right, bottom = _central(*image.size, rows, columns)
    reach = math.ceil((bottom - top) / rows) + 1
    first, last = max(0, math.floor(top) - reach), min(image.height, math.ceil(bottom) + reach)
    narrow = Image.new("RGB", (columns, last - first))
    for row, strip in colors.rgb_strips(image, first, last):
        box = (left, 0, right, strip.height)
        narrow.paste(strip.resize((columns, strip.height), Image.Resampling.BILINEAR, box=box), (0, row - first))
    view = narrow.resize((columns, rows), Image.Resampling.BILINEAR, box=(0, top - first, columns, bottom - first))
    return np.array(view if turn is None else view.transpose(turn))


def _central(width: int, height: int, rows: int, columns: int) -> Box:
    """The largest part of an image that has the proportions of a view, from the center."""
    kept, tall = min(width, height * columns / rows), min(height, width * rows / columns)
    left, top = (width - kept) / 2, (height - tall) / 2
    return left, top, left + kept, top + tall


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

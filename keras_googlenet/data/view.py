"""The view of an image that the network is evaluated on."""

import math

import numpy as np
from PIL import Image

from keras_googlenet.data.colours import STRIP, rgb_strips


def resize_crop(image: np.ndarray, size: int) -> np.ndarray:
    """The evaluation view: the shorter side resized to `size`, the central square kept.

    Both steps are one here: the central square is resampled straight from the image, so a panorama
    is never resized beyond its square. Bilinear, antialiased (as Pillow's `BILINEAR` is).

    Args:
        image: uint8 array of shape (height, width, 3).
        size: side of the view, in pixels.

    Returns:
        uint8 array of shape (size, size, 3).

    Raises:
        ValueError: `image` is no such array, or `size` no positive integer.

    Example:
        >>> resize_crop(np.zeros((480, 640, 3), "uint8"), 224).shape
        (224, 224, 3)
    """
    check_view(image, size)
    height, width = image.shape[:2]
    return _square(Image.fromarray(image), _central(width, height), size)


def resize_crop_image(image: Image.Image, size: int, turn: Image.Transpose | None = None) -> np.ndarray:
    """The same view, of an image of any mode as Pillow has loaded it.

    It is `resize_crop`'s to the bit but for images of more than `STRIP` pixels that are to be turned or are not RGB.
    Those never become RGB as a whole and are turned when they are small; they may differ by one level of 255, by the
    order in which rows and columns are rounded.

    Args:
        image: loaded.
        size: side of the view, in pixels.
        turn: what turns the image upright.

    Returns:
        uint8 array of shape (size, size, 3).
    """
    width, height = image.size
    if turn is None and image.mode == "RGB" and not image.has_transparency_data:
        return _square(image, _central(width, height), size)
    if width * height <= STRIP:
        image = image if turn is None else image.transpose(turn)
        [(_, whole)] = rgb_strips(image, 0, image.height)
        return _square(whole, _central(*image.size), size)
    # What Pillow does at once, one after the other: each row by itself, then the columns.
    left, top, right, bottom = _central(width, height)
    reach = math.ceil((bottom - top) / size) + 1
    first, last = max(0, math.floor(top) - reach), min(height, math.ceil(bottom) + reach)
    narrow = Image.new("RGB", (size, last - first))
    for row, strip in rgb_strips(image, first, last):
        box = (left, 0, right, strip.height)
        narrow.paste(strip.resize((size, strip.height), Image.Resampling.BILINEAR, box=box), (0, row - first))
    view = _square(narrow, (0, top - first, size, bottom - first), size)
    return view if turn is None else np.array(Image.fromarray(view).transpose(turn))


def _central(width: int, height: int) -> tuple[float, float, float, float]:
    side = min(height, width)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def _square(image: Image.Image, box: tuple[float, float, float, float], size: int) -> np.ndarray:
    return np.array(image.resize((size, size), Image.Resampling.BILINEAR, box=box))


def check_view(image: np.ndarray, size: int) -> None:
    """Refuse what no view can be made of.

    Args:
        image: to be a uint8 array of shape (height, width, 3).
        size: to be a positive number of pixels.

    Raises:
        ValueError: one of them is not.
    """
    shape = getattr(image, "shape", None)
    if shape is None or len(shape) != 3 or shape[2] != 3 or image.dtype != np.uint8 or 0 in shape:
        raise ValueError(
            "`image` must be a uint8 array of shape (height, width, 3). "
            f"Received: dtype {getattr(image, 'dtype', type(image).__name__)}, shape {shape}"
        )
    if not isinstance(size, (int, np.integer)) or size < 1:
        raise ValueError(f"`size` must be a positive number of pixels. Received: size={size}")

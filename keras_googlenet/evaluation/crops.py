"""Section 7's crops: the views of a test image whose predictions are averaged."""

import numpy as np
from PIL import Image

from keras_googlenet.data.center_crop import Size, center_crop, check_view
from keras_googlenet.errors import InputError

CROPS = (0, 1, 10, 144)
"""Table 3's: the center crop; the corners and the center with their mirror images; all of section 7's. And 0, where
nothing is cropped off: the central square, resized, which is what validation during training sees."""

SIDES = (256, 288, 320, 352)
"""Section 7, step 2: "where the shorter dimension (height or width) is 256, 288, 320 and 352 respectively"."""

FULL_SIDE = 224
"""The network's input that they are meant for. Those of another size keep their proportion to it."""

PANORAMA = 4
"""An image longer than so many of its squares is never resized as a whole: only its three squares are."""


def crops(image: np.ndarray, count: int, size: Size = FULL_SIDE) -> np.ndarray:
    """The crops of an image, in a fixed order.

    All 144: for each of four scales, for the left, center and right square of the resized image (top, center and
    bottom of a portrait): its top left, top right, bottom left, bottom right and center crop and the whole square
    resized; each followed by its mirror image. The 10 are the center square's at the smallest scale without the
    resized one, and 1 is their center crop, so that 144 crops contain both. With 0 the only view is the whole central
    square, as `data.center_crop` makes it.

    Resizing is Pillow's bilinear with antialiasing, and each scale is resized once. An image smaller than a scale is
    enlarged. Where halves of pixels occur, positions are rounded down.

    Args:
        image: uint8 RGB array of shape `(height, width, 3)`.
        count: 0, 1, 10 or 144.
        size: Side of the crops, pixels; with 0 also a height and a width. At 224 the scales are the paper's; at
            another size they are 8/7, 9/7, 10/7 and 11/7 of it, rounded.

    Returns:
        uint8 array of shape `(max(count, 1), size, size, 3)`.

    Raises:
        ValueError: `count` is none of these, `size` is not positive or is no square's, or `image` is no such array.

    Example:
        >>> crops(np.zeros((375, 500, 3), "uint8"), 144).shape
        (144, 224, 224, 3)

    Reference:
        Section 7 of the paper; Krizhevsky et al. (2012), section 4.1, for the 10.
    """
    if count not in CROPS:
        raise ValueError(f"`count` must be one of {', '.join(map(str, CROPS))}. Received: count={count!r}")
    check_view(image, size)
    if count == 0:
        return center_crop(image, size)[None]
    if not isinstance(size, (int, np.integer)):
        raise InputError(f"Crops are squares: evaluate a model of other images without crops. Received: size={size}")
    if count == 144:
        views = [_six(square, size) for side in scales(size) for square in squares(image, side)]
        return _with_mirrors([view for six in views for view in six])
    square = squares(image, scales(size)[0])[1]
    five = _six(square, size)[:5]
    return np.stack(five[4:]) if count == 1 else _with_mirrors(five)


def crop_indices(count: int, of: int = 144) -> range:
    """Which of the crops are those of a smaller number.

    Args:
        count: The smaller number.
        of: The larger one.

    Returns:
        Indices along the first axis of `crops(image, of)`; there, in their order, lies `crops(image, count)`.

    Raises:
        ValueError: `of` crops do not contain `count`.

    Example:
        >>> list(crop_indices(10))
        [12, 13, 14, 15, 16, 17, 18, 19, 20, 21]
        >>> list(crop_indices(1, of=10))
        [8]
    """
    if count not in numbers_up_to(of):
        raise ValueError(f"Expected one of the numbers of crops that {of} contain. Received: {count}")
    if count == of:
        return range(max(of, 1))
    # The center square of the smallest scale is the second of twelve, each of which has twelve crops.
    first = 12 if of == 144 else 0
    return range(first, first + 10) if count == 10 else range(first + 8, first + 9)


def numbers_up_to(count: int) -> tuple[int, ...]:
    """The numbers of crops that a number contains, itself included.

    Args:
        count: 0, 1, 10 or 144.

    Example:
        >>> numbers_up_to(144), numbers_up_to(0)
        ((1, 10, 144), (0,))
    """
    return tuple(number for number in CROPS if min(count, 1) <= number <= count)


def scales(size: int = FULL_SIDE) -> tuple[int, ...]:
    """The four lengths of the shorter side, in pixels, for crops of a size.

    Example:
        >>> scales(), scales(32)
        ((256, 288, 320, 352), (37, 41, 46, 50))
    """
    return tuple(round(side * size / FULL_SIDE) for side in SIDES)


def squares(image: np.ndarray, side: int) -> list[np.ndarray]:
    """The left, center and right square of a resized image; of a portrait the top, center and bottom one.

    Args:
        image: uint8 array of shape `(height, width, 3)`.
        side: Length of the shorter side after resizing, and of the squares.

    Returns:
        Three uint8 arrays of shape `(side, side, 3)`.
    """
    height, width = image.shape[:2]
    shorter, longer = min(height, width), max(height, width)
    length = max(side, round(longer * side / shorter))
    starts = (0, (length - side) // 2, length - side)
    picture = Image.fromarray(image)
    if longer <= PANORAMA * shorter:
        size = (length, side) if width >= height else (side, length)
        resized = np.asarray(picture.resize(size, Image.Resampling.BILINEAR))
        return [resized.take(range(start, start + side), axis=int(width >= height)) for start in starts]
    return [_resized_square(picture, start, side, longer / length) for start in starts]


def _resized_square(picture, start, side, ratio):
    """One square of a panorama, the same pixels as if the whole had been resized."""
    first, last = start * ratio, (start + side) * ratio
    width, height = picture.size
    box = (first, 0, min(last, width), height) if width >= height else (0, first, width, min(last, height))
    return np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR, box=box))


def _six(square, size):
    """Section 7, step 2: four corners, the center, and the square itself, resized."""
    far = len(square) - size
    near = far // 2
    cuts = [square[y : y + size, x : x + size] for y, x in ((0, 0), (0, far), (far, 0), (far, far), (near, near))]
    whole = Image.fromarray(square).resize((size, size), Image.Resampling.BILINEAR)
    return [*cuts, np.asarray(whole)]


def _with_mirrors(views):
    return np.stack([one for view in views for one in (view, view[:, ::-1])])

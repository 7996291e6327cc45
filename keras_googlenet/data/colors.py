"""Decoded images of every mode to RGB, 8 bits a channel, over white where they are transparent."""

from collections.abc import Callable, Iterator

import numpy as np
from PIL import ExifTags, Image

# A large image is turned in strips of so many pixels, so that it is in memory once as it was decoded and not again.
STRIP = 2**24

# These make rows of columns.
TRANSPOSING = tuple(Image.Transpose[name] for name in ("TRANSPOSE", "ROTATE_270", "TRANSVERSE", "ROTATE_90"))

# For each turn, how the upright image is seen as it is stored.
_VIEWS: dict[Image.Transpose, Callable[[np.ndarray], np.ndarray]] = {
    Image.Transpose.FLIP_LEFT_RIGHT: lambda upright: upright[:, ::-1],
    Image.Transpose.ROTATE_180: lambda upright: upright[::-1, ::-1],
    Image.Transpose.FLIP_TOP_BOTTOM: lambda upright: upright[::-1],
    Image.Transpose.TRANSPOSE: lambda upright: upright.swapaxes(0, 1),
    Image.Transpose.ROTATE_270: lambda upright: upright[:, ::-1].swapaxes(0, 1),
    Image.Transpose.TRANSVERSE: lambda upright: upright[::-1, ::-1].swapaxes(0, 1),
    Image.Transpose.ROTATE_90: lambda upright: upright[::-1].swapaxes(0, 1),
}


def to_array(image: Image.Image, turn: Image.Transpose | None = None) -> np.ndarray:
    """The whole image.

    Args:
        image: loaded.
        turn: what turns it upright.

    Returns:
        uint8 array of shape (height, width, 3), RGB, 0-255.
    """
    upright, stored = canvas(image.width, image.height, turn)
    for row, strip in rgb_strips(image, 0, image.height):
        stored[row : row + strip.height] = np.asarray(strip)
    return upright


def upright(image: Image.Image, turn: Image.Transpose | None = None) -> Image.Image | None:
    """The whole image as Pillow has it, upright and RGB.

    Args:
        image: as it is stored.
        turn: what turns it upright.

    Returns:
        The image; `None` where a large one would be in memory twice.
    """
    if turn is None and image.mode == "RGB" and not image.has_transparency_data:
        return image
    if image.width * image.height > STRIP:
        return None
    turned = image if turn is None else image.transpose(turn)
    [(_, rgb)] = rgb_strips(turned, 0, turned.height)
    return rgb


def canvas(width: int, height: int, turn: Image.Transpose | None) -> tuple[np.ndarray, np.ndarray]:
    """An array for an upright image, and the same array as the image is stored, to be filled row by row.

    Args:
        width: of the image as it is stored.
        height: of the image as it is stored.
        turn: what turns it upright.

    Returns:
        The array and the view of it, uint8 of shapes (height, width, 3).
    """
    shape = (width, height, 3) if turn in TRANSPOSING else (height, width, 3)
    upright = np.empty(shape, np.uint8)
    return upright, upright if turn is None else _VIEWS[turn](upright)


def rgb_strips(image: Image.Image, first: int, last: int) -> Iterator[tuple[int, Image.Image]]:
    """Some rows of the image, from above to below, in strips.

    Args:
        image: loaded.
        first: the first row.
        last: the row after the last.

    Yields:
        A strip's first row, and the strip in mode RGB, as wide as the image.
    """
    if image.mode in ("P", "PA") and image.palette is None:  # Pillow mislays that of a PNG in an ICNS file
        kind = image.im.getpalettemode()
        image.putpalette(image.im.getpalette(kind, kind), kind)
    white = _white(image)
    rows = max(1, STRIP // image.width)
    for row in range(first, last, rows):
        end = min(row + rows, last)
        whole = row == 0 and end == image.height
        yield row, _to_rgb(image if whole else image.crop((0, row, image.width, end)), white)


def _to_rgb(image: Image.Image, white: int) -> Image.Image:
    if image.mode == "F" or image.mode.startswith("I"):
        pixels = np.nan_to_num(np.asarray(image, dtype=np.float32)) * np.float32(255 / white)
        image = Image.fromarray(np.rint(pixels.clip(0, 255)).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        paper = Image.new("RGB", image.size, "white")
        paper.paste(image, mask=image)
        return paper
    return image if image.mode == "RGB" else image.convert("RGB")


def _white(image: Image.Image) -> int:
    """The value of white in `I;16`, or in `I` from a PGM; floats count as 0-255 already."""
    if image.mode == "F":
        return 255
    # Scanners write 12-bit TIFFs, which Pillow unpacks without scaling them.
    bits = getattr(image, "tag_v2", {}).get(ExifTags.Base.BitsPerSample, (16,))[0]
    return 2 ** min(bits, 16) - 1

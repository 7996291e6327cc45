"""Decoded images of every mode to RGB, 8 bits a channel, over white where they are transparent."""

from collections.abc import Iterator

import numpy as np
from PIL import ExifTags, Image

# A large image is turned in strips of so many pixels, so that it is in memory once as it was decoded and not again.
STRIP = 2**24


def to_array(image: Image.Image, turn: Image.Transpose | None = None) -> np.ndarray:
    """The whole image.

    Args:
        image: loaded.
        turn: what turns it upright.

    Returns:
        uint8 array of shape (height, width, 3), RGB, 0-255.
    """
    image = image if turn is None else image.transpose(turn)
    array = np.empty((image.height, image.width, 3), np.uint8)
    for row, strip in rgb_strips(image, 0, image.height):
        array[row : row + strip.height] = np.asarray(strip)
    return array


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

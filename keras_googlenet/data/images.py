"""Image files to RGB arrays, and the view of an image that the network is evaluated on.

Training images come from anywhere, so the reader takes what Pillow can decode, in whatever colour
space, and turns everything that can go wrong into one error that names the file.
"""

import os
import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from keras_googlenet.data.errors import ImageError

# Raster formats that Pillow decodes by itself. Its other plugins start external programs
# (EPS needs Ghostscript) or read what no image collection holds.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "AVIF", "JPEG2000", "TGA", "ICO")

# Where Pillow, too, takes a file for a decompression bomb: half a GiB of RGB.
MAX_PIXELS = 178_956_970

_TIFF_BITS_PER_SAMPLE = 258

# Where Pillow looks for an orientation. Most small images have none of these, and the search costs
# as much as decoding one. (It turns TIFFs by itself.)
_ORIENTED_BY = frozenset(("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"))

_warnings_lock = threading.Lock()


@cache
def image_extensions() -> frozenset[str]:
    """File name extensions of `FORMATS`, in lower case with their dot.

    Example:
        >>> {".jpg", ".jpeg", ".png", ".tif"} <= image_extensions()
        True
    """
    # An MPO file (two views by a stereo camera) is opened as the JPEG that it begins with.
    formats = {*FORMATS, "MPO"}
    extensions = Image.registered_extensions().items()
    return frozenset(extension for extension, format in extensions if format in formats)


def read_image(path: str | os.PathLike) -> np.ndarray:
    """Read an image file as the camera saw it.

    The first frame of an animation, turned upright by its EXIF orientation (a damaged EXIF block
    is ignored), over white where it is transparent. 16-bit grey is scaled to 8 bits.

    Args:
        path: an image file in one of `FORMATS`, recognized by content and not by name.

    Returns:
        uint8 array of shape (height, width, 3), RGB, 0-255.

    Raises:
        ImageError: the file is missing, no image, damaged, or larger than `MAX_PIXELS`. The size
            is known from the header, so a decompression bomb is never decoded.

    Example:
        >>> read_image("no/such/cat.jpg")
        Traceback (most recent call last):
            ...
        keras_googlenet.data.errors.ImageError: no/such/cat.jpg: no such file
    """
    path = os.fsdecode(path)
    try:
        file = _open(path)
    except FileNotFoundError as error:
        raise ImageError(f"{_one_line(path)}: no such file") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ImageError(f"{_one_line(path)}: {_one_line(why)}") from error
    with file:
        return _decode(file, path)


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
    return _decode(BytesIO(data), name)


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
    side = min(height, width)
    left, top = (width - side) / 2, (height - side) / 2
    square = (left, top, left + side, top + side)
    view = Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR, box=square)
    return np.array(view)


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


def _open(path: str) -> BinaryIO:
    if not stat.S_ISREG(os.stat(path).st_mode):  # opening a named pipe would wait for its writer
        raise OSError("not a file")
    return open(path, "rb")


def _decode(file: BinaryIO, name: str) -> np.ndarray:
    try:
        with _without_warnings():
            image = Image.open(file, formats=FORMATS)
            _check_size(image)
            if image.format in ("TIFF", "ICO"):  # these two warn while they load, too
                image.load()
        image.load()
        _turn_upright(image)
        return np.array(_to_rgb(image))
    except UnidentifiedImageError as error:
        empty = file.seek(0, os.SEEK_END) == 0
        why = "the file is empty" if empty else "not an image in a format that Pillow can read"
        raise ImageError(f"{_one_line(name)}: {why}") from error
    except Exception as error:
        # Pillow's decoders raise whatever the damage led to: OSError, SyntaxError, ValueError,
        # struct.error, IndexError, MemoryError, DecompressionBombError, ...
        why = _one_line(error) or type(error).__name__
        raise ImageError(f"{_one_line(name)}: {why}") from error


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Keep what Pillow warns of (an odd TIFF tag, many pixels) away from the user.

    `catch_warnings` changes the filters of the whole process, and the reader runs in the threads
    of a `tf.data` map: one thread at a time, and for as short as possible.
    """
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(f"{image.width} x {image.height} pixels are more than the {MAX_PIXELS:,} allowed")


def _turn_upright(image: Image.Image) -> None:
    if not image.info.keys() & _ORIENTED_BY:
        return
    try:
        with _without_warnings():
            ImageOps.exif_transpose(image, in_place=True)
    except Exception:
        # A damaged EXIF block says nothing about the pixels, which have been read by now.
        return


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F" or image.mode.startswith("I"):
        image = _deep_grey_to_8_bits(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        paper = Image.new("RGB", image.size, "white")
        paper.paste(image, mask=image)
        return paper
    return image if image.mode == "RGB" else image.convert("RGB")


def _deep_grey_to_8_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey (`I;16`, or `I` from a PGM) to 0-255; floats count as 0-255 already."""
    pixels = np.nan_to_num(np.asarray(image, dtype=np.float32))
    if image.mode != "F":
        # Scanners write 12-bit TIFFs, which Pillow unpacks without scaling them.
        bits = getattr(image, "tag_v2", {}).get(_TIFF_BITS_PER_SAMPLE, (16,))[0]
        pixels *= 255 / (2 ** min(bits, 16) - 1)
    return Image.fromarray(np.rint(pixels.clip(0, 255)).astype(np.uint8))


def _one_line(text: object) -> str:
    """The text with line breaks, which file names may hold, made visible."""
    return str(text).strip().replace("\r", "\\r").replace("\n", "\\n")

"""An image file to an image of Pillow's, in this process: what is checked on the way, and what is said of a failure."""

import os
import stat
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, TypeVar

from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from keras_googlenet.data import bounded, undecodable
from keras_googlenet.data.errors import ImageError
from keras_googlenet.data.image_formats import formats
from keras_googlenet.utils.messages import one_line

# Where Pillow, too, takes a file for a decompression bomb: half a GiB of RGB. Formats whose decoders need more memory
# than the image itself (see `_bytes_a_pixel`) are allowed as many pixels fewer, so that none takes more than another.
MAX_PIXELS = 178_956_970

# Some rare formats Pillow decodes in Python, which takes a hundred times as long and several times the memory.
MAX_PIXELS_IN_PYTHON = 2**25

# Where Pillow looks for an orientation. Most small images have none of these, and the search costs
# as much as decoding one. (It turns TIFFs by itself.)
_ORIENTED_BY = frozenset(("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"))

# These do not warn while they load, so that several threads may load them at a time.
_QUIET = frozenset(("JPEG", "MPO", "PNG"))

# What tells of its orientation before it is loaded.
_LAZY = frozenset(("JPEG", "MPO"))

# What turns an image of EXIF's orientations 2 to 8 upright.
_UPRIGHT = ("FLIP_LEFT_RIGHT", "ROTATE_180", "FLIP_TOP_BOTTOM", "TRANSPOSE", "ROTATE_270", "TRANSVERSE", "ROTATE_90")
_TURNS: dict[int | None, Image.Transpose] = {n: Image.Transpose[name] for n, name in enumerate(_UPRIGHT, start=2)}

# What decoding goes by beside the file, in whichever process.
_SETTINGS = (
    (__name__, "MAX_PIXELS"),
    (__name__, "MAX_PIXELS_IN_PYTHON"),
    ("PIL.Image", "MAX_IMAGE_PIXELS"),
    ("PIL.ImageFile", "LOAD_TRUNCATED_IMAGES"),
)

T = TypeVar("T")

_warnings_lock = threading.Lock()


def opened(path: str, name: str, decode: Callable[[BinaryIO], T]) -> T:
    """What `decode` makes of an image file.

    Args:
        path: of the file.
        name: what an error calls it.
        decode: gets the file, open for reading.

    Raises:
        ImageError: there is no such file, it cannot be opened, or not read.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # opening a named pipe would wait for its writer
            raise OSError("not a file")
        with open(path, "rb") as file:
            return decode(file)
    except ImageError:
        raise
    except (OSError, ValueError) as error:
        why = "no such file" if isinstance(error, FileNotFoundError) else getattr(error, "strerror", None) or error
        raise ImageError(f"{one_line(name)}: {one_line(why)}") from error


def is_bounded(file: BinaryIO, name: str) -> bool:
    """`bounded.is_bounded`, whose error names the image.

    Args:
        file: as there.
        name: what an error calls the image.

    Raises:
        ImageError: it is a JPEG of too many scans.
    """
    try:
        return bounded.is_bounded(file)
    except ValueError as error:
        raise ImageError(f"{one_line(name)}: {error}") from error


def settings() -> list[tuple[str, str, Any]]:
    """What decoding goes by here, for another process to go by: modules, their attributes, and the values of these."""
    return [(module, attribute, getattr(sys.modules[module], attribute)) for module, attribute in _SETTINGS]


def decode_here(file: BinaryIO, name: str, finish: Callable[..., T], load: bool = True) -> T:
    """What `finish` makes of the image as it is stored and of what turns it upright, its `turn`.

    Args:
        file: open for reading, at its beginning.
        name: what an error calls the image.
        finish: gets both.
        load: whether a JPEG is decoded before; else `finish` may have it decoded smaller.

    Raises:
        ImageError: it cannot be decoded.
    """
    try:
        with _without_warnings():
            image = Image.open(file, formats=formats())
            undecodable.refuse_raw(image, file)
            _check_size(image)
            if image.format not in _QUIET:
                image.load()
        if load or image.format not in _LAZY:
            image.load()  # nothing, where it is loaded
        return finish(image, turn=_turn(image))
    except UnidentifiedImageError as error:
        raise ImageError(f"{one_line(name)}: {undecodable.why_unidentified(file)}") from error
    except Exception as error:
        # Pillow's decoders raise whatever the damage led to: OSError, SyntaxError, ValueError,
        # struct.error, IndexError, MemoryError, DecompressionBombError, ...
        why = one_line(str(error).strip()) or type(error).__name__
        raise ImageError(f"{one_line(name)}: {why}") from error


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Keep what Pillow warns of (an odd TIFF tag, many pixels) away from the user.

    `catch_warnings` changes the filters of the whole process, and the reader runs in the threads
    of a `tf.data` map: one thread at a time, and for as short as possible.
    """
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _check_size(image: ImageFile.ImageFile) -> None:
    in_python = any(tile[0] in Image.DECODERS for tile in image.tile)
    allowed = MAX_PIXELS_IN_PYTHON if in_python else 4 * MAX_PIXELS // _bytes_a_pixel(image)
    if image.width * image.height > allowed:
        raise ValueError(f"{image.width} x {image.height} pixels are more than the {allowed:,} allowed")


def _bytes_a_pixel(image: Image.Image) -> int:
    """The memory that decoding takes. An image itself takes 4, whatever its mode; most formats fill it row by row."""
    bands = len(image.getbands())
    if image.format == "JPEG2000":
        return 4 + 5 * bands  # 4 bytes a sample, and the encoded wavelets' own
    if image.info.get("progressive"):
        return 4 + 2 * bands  # all coefficients, of 2 bytes
    # Whole frames, before and after their colors are converted.
    return {"WEBP": 16, "AVIF": 12, "HEIF": 12}.get(image.format or "", 4)


def _turn(image: Image.Image) -> Image.Transpose | None:
    """What turns the image upright, or `None`."""
    if image.info.keys() & _ORIENTED_BY:
        # A damaged EXIF block says nothing about the pixels, which have been read by now.
        with suppress(Exception), _without_warnings():
            return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation))
    return None

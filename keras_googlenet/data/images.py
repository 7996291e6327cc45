"""Image files to RGB arrays: the one rule, for training, evaluation and prediction, for what an image is.

Images come from anywhere, so the reader takes what Pillow can decode, in whatever color space, and turns everything
that can go wrong into one error that names the file. What may take long or much is decoded in another process.
"""

import os
import stat
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np
from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from keras_googlenet.data import bounded, undecodable, worker_pool
from keras_googlenet.data.center_crop import Size, center_crop_image
from keras_googlenet.data.colors import to_array
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

_warnings_lock = threading.Lock()


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
    path = os.fsdecode(path)
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # opening a named pipe would wait for its writer
            raise OSError("not a file")
        with open(path, "rb") as file:
            return _decode(file, None, path, sizes)
    except ImageError:
        raise
    except (OSError, ValueError) as error:
        why = "no such file" if isinstance(error, FileNotFoundError) else getattr(error, "strerror", None) or error
        raise ImageError(f"{one_line(path)}: {one_line(why)}") from error


def _decode(
    file: BinaryIO,
    data: bytes | None,
    name: str,
    sizes: tuple[Size, ...] | None,
    seconds: float | None = None,
) -> list[np.ndarray]:
    """The image alone, or views of it; `data` is what a file in memory holds."""
    try:
        fast = bounded.is_bounded(file)
    except ValueError as error:
        raise ImageError(f"{one_line(name)}: {error}") from error
    if not fast and worker_pool.available() and not undecodable.is_for_this_process(file):
        settings = [(module, attribute, getattr(sys.modules[module], attribute)) for module, attribute in _SETTINGS]
        job = worker_pool.Job(name, data, file.fileno() if data is None else None, sizes, settings)
        return worker_pool.decode(job, seconds)

    def finish(image: Image.Image, turn: Image.Transpose | None) -> list[np.ndarray]:
        return [to_array(image, turn)] if sizes is None else [center_crop_image(image, size, turn) for size in sizes]

    return decode_here(file, name, finish)


def decode_here(file: BinaryIO, name: str, finish: Callable[..., Any]) -> Any:
    """What `finish` makes of the image as it is stored and of what turns it upright, its `turn`."""
    try:
        with _without_warnings():
            image = Image.open(file, formats=formats())
            undecodable.refuse_raw(image, file)
            _check_size(image)
            if image.format not in _QUIET:
                image.load()
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

"""An artifact on trial: opened by its own runtime and asked what the network answers, before it takes its name."""

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np

from keras_googlenet.data import center_crop
from keras_googlenet.errors import InputError, WorkError
from keras_googlenet.export.served_model import ServedModel
from keras_googlenet.utils.memory import is_shortage
from keras_googlenet.utils.messages import one_line

OFF = 1e-4
"""How far an answer in float32 may be off; those of GoogLeNet's are off by less than 1e-5."""

OFF_IN_FEWER_BITS = 0.25
"""How far an image's answers may be off in 8 or 16 bits, the most of each, averaged over some: a broken one's are."""

TRIED = 8
"""So many of the samples an artifact is tried on."""


def try_out(format: str, served: ServedModel, path: Path, run: Callable[..., np.ndarray | None]) -> None:
    """Has an artifact's own runtime, where it is installed, open it and answer as the network does.

    In 8 or 16 bits it is held loosely: what they cost on images to come is for a measurement to tell.

    Args:
        format: One of `FORMATS`.
        served: What it was made from.
        path: The artifact's.
        run: The format's, which asks the runtime.

    Raises:
        WorkError: The runtime does not open it or run it, or it answers otherwise.
    """
    images = served.samples[:TRIED]
    expected = keras.ops.convert_to_numpy(served.model(images, training=False))
    with in_a_line(f"The {format} artifact does not run"):
        found = run(path, images, served.output)
    if found is not None:
        _compare(format, np.asarray(found), expected, served)


def try_bytes(served: ServedModel, path: Path) -> None:
    """Has TensorFlow ask a SavedModel's `serve_bytes` about a file: it answers as the classifier does.

    Args:
        served: What it was made from.
        path: The SavedModel's.

    Raises:
        WorkError: It does not run, or answers otherwise.
    """
    import tensorflow as tf

    images = served.classifier.images
    height, width = images.size
    photo = np.random.default_rng(0).integers(0, 256, (height + 8, width + 4, 3), np.uint8)
    crop = images.preprocess(center_crop(photo, images.side)[None])
    expected = keras.ops.convert_to_numpy(served.model(crop, training=False))
    with in_a_line("The savedmodel artifact does not run"):
        answer = tf.saved_model.load(str(path)).signatures["serve_bytes"]
        found = answer(bytes=tf.io.encode_png(photo)[None])[served.output].numpy()
    _compare("savedmodel", found, expected, served, asked=", for a file")


def _compare(format, found, expected, served, asked=""):
    if found.shape != expected.shape or not np.isfinite(found).all():
        raise _otherwise(format, f"numbers of shape {expected.shape}", f"shape {found.shape}, {found.flat[:3]}, ...")
    off = np.abs(found.astype("float64") - expected).reshape(len(found), -1).max(axis=1)
    off, limit = off.max(), OFF * max(1.0, np.abs(expected).max())
    if served.int8 or served.precision != "float32":
        off, limit = off.mean(), OFF_IN_FEWER_BITS
    if off > limit:
        raise _otherwise(format, f"answers within {limit:g} of the network's{asked}", f"{off:.2g} from them")


def _otherwise(format, expected, received):
    return WorkError(
        f"The {format} artifact does not answer as the network does; nothing was written. Expected: {expected}. "
        f"Received: {received}"
    )


@contextlib.contextmanager
def in_a_line(what: str) -> Iterator[None]:
    """Makes a line of what a converter or a runtime raises, each its own kinds and many lines.

    Args:
        what: What could not be done, in words.

    Raises:
        WorkError: In the place of any error but this package's own, and those of the disk and of memory.
    """
    try:
        yield
    except (InputError, WorkError, OSError):
        raise
    except Exception as error:
        if is_shortage(error):
            raise  # the command says what to do
        raise WorkError(f"{what}; nothing was written. {_reason(error)}") from error


def _reason(error):
    """Which operation a converter or a runtime does not know; or else the first line of what it says."""
    text = str(error)
    unknown = r"(?:No conversion rule found for operations|TF Select ops|Custom ops): [\w, ]+|No Op registered for \w+"
    if named := re.search(unknown, text):
        return f"Leave out the layers that compute this, or choose another format. Received: {named[0].strip()}"
    lines = [re.sub(r"\S*/", "", line).strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not re.match(r"Exception from |Check '.*' failed at ", line)] or lines
    return f"Received: {one_line((lines or [type(error).__name__])[0])[:200].strip()}"

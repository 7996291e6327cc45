"""An artifact on trial: opened by its own runtime and asked what the network answers, before it takes its name."""

import contextlib
import re
import warnings

import keras
import numpy as np

from keras_googlenet.data import center_crop
from keras_googlenet.errors import InputError, WorkError
from keras_googlenet.utils.messages import one_line

OFF = 1e-4
"""How far an answer in float32 may be off; those of GoogLeNet's are off by less than 1e-5."""

OFF_IN_8_BITS = 0.25
"""How far an image's answers may be off in 8 bits, the most of each image, averaged over some: a broken one's are."""

VIEWS = 8
"""Calibration images that an artifact in 8 bits is tried on."""


def try_out(format, path, network, images, output, *, eight_bits=False):
    """Has an artifact's own runtime, where it is installed, open it and answer as the network does.

    In 8 bits it is held loosely, by `OFF_IN_8_BITS`: what they cost on images to come is for a measurement to tell.

    Args:
        format: One of `FORMATS`.
        path: The artifact's.
        network: What it was made from, a Keras model of one output.
        images: What the network takes, a few images.
        output: What the artifact calls its answers.
        eight_bits: Whether it computes in 8-bit integers.

    Raises:
        WorkError: The runtime does not open it or run it, or it answers otherwise.
    """
    images = np.asarray(images, "float32")
    expected = keras.ops.convert_to_numpy(network(images, training=False)).astype("float64")
    with in_a_line(f"The {format} artifact does not run"):
        found = _RUNTIMES[format](path, images, output)
    if found is None:
        return
    found = np.asarray(found, "float64")
    if found.shape != expected.shape or not np.isfinite(found).all():
        raise _otherwise(format, f"numbers of shape {expected.shape}", f"shape {found.shape}, {found.flat[:3]}, ...")
    off = np.abs(found - expected).reshape(len(images), -1).max(axis=1)
    limit = OFF_IN_8_BITS if eight_bits else _limit(expected)
    if (off.mean() if eight_bits else off.max()) > limit:
        raise _otherwise(format, f"answers within {limit:g} of the network's", f"{off.max():.2g} from them")


def try_bytes(path, classifier):
    """Has TensorFlow ask a SavedModel's `serve_bytes` about a file: it answers as the classifier does.

    Args:
        path: The SavedModel's.
        classifier: The `Classifier` that it was made from.

    Raises:
        WorkError: It does not run, or answers otherwise.
    """
    import tensorflow as tf

    height, width = classifier.images.size
    photo = np.random.default_rng(0).integers(0, 256, (height + 8, width + 4, 3), np.uint8)
    view = classifier.images.preprocess(center_crop(photo, classifier.images.side)[None])
    expected = keras.ops.convert_to_numpy(classifier.served(view, training=False))
    with in_a_line("The savedmodel artifact does not run"):
        answer = tf.saved_model.load(str(path)).signatures["serve_bytes"]
        found = answer(bytes=tf.io.encode_png(photo)[None])[classifier.output_name].numpy()
    off, limit = np.abs(found - expected).max(), _limit(expected)
    if not off <= limit:
        raise _otherwise("savedmodel", f"answers within {limit:g} of the network's, for a file", f"{off:.2g} from them")


@contextlib.contextmanager
def in_a_line(what):
    """Makes a line of what a converter or a runtime raises, each its own kinds and many lines.

    Args:
        what: What could not be done, in words.

    Raises:
        WorkError: In the place of any error but this package's own and those of the disk.
    """
    try:
        yield
    except (InputError, WorkError, OSError):
        raise
    except Exception as error:
        raise WorkError(f"{what}; nothing was written. {_reason(error)}") from error


def _reason(error):
    """Which operation a converter or a runtime does not know; or else the first line of what it says."""
    text = str(error)
    named = re.search(r"(?:No conversion rule found for operations|TF Select ops|Custom ops): [\w, ]+", text)
    named = named or re.search(r"No Op registered for \w+", text)
    lines = [re.sub(r"\S*/", "", line).strip() for line in text.splitlines() if line.strip()]
    said = one_line(named[0] if named else (lines or [type(error).__name__])[0])[:200].strip()
    if not named:
        return f"Received: {said}"
    return f"Leave out the layers that compute this, or choose another format. Received: {said}"


def _otherwise(format, expected, received):
    return WorkError(
        f"The {format} artifact does not answer as the network does; nothing was written. Expected: {expected}. "
        f"Received: {received}"
    )


def _limit(expected):
    return OFF * max(1.0, float(np.abs(expected).max()))


def _savedmodel(path, images, output):
    import tensorflow as tf

    return tf.saved_model.load(str(path)).signatures["serving_default"](images=tf.constant(images))[output].numpy()


def _litert(path, images, output):
    """LiteRT's interpreter, or the one that TensorFlow has of it."""
    try:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    except ImportError:
        from tensorflow.lite.python.interpreter import Interpreter, OpResolverType

    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES  # which would print what they are
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*tf.lite.Interpreter is deprecated", UserWarning)
        interpreter = Interpreter(str(path), experimental_op_resolver_type=plain)
    answer = interpreter.get_signature_runner("serving_default")
    return np.concatenate([answer(images=image[None])[output] for image in images])


def _onnx(path, images, output):
    """ONNX Runtime; without it the file is checked to be sound, and no more."""
    try:
        import onnxruntime
    except ImportError:
        import onnx

        return onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    [answers] = session.run([output], {"images": images})
    return answers


def _openvino(path, images, output):
    import openvino

    return openvino.Core().compile_model(str(path), "CPU")({"images": images})[output]


_RUNTIMES = {"savedmodel": _savedmodel, "litert": _litert, "onnx": _onnx, "openvino": _openvino}

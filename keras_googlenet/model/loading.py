"""What `MODEL` means, on the command line and in Python: a `.keras` file, a weights name, or a weights file."""

import json
import zipfile
from pathlib import Path

import keras

from keras_googlenet import weights
from keras_googlenet.architecture.table import DEFAULT_SIZE
from keras_googlenet.model.googlenet import GoogLeNet
from keras_googlenet.model.googlenet_model import GoogLeNetModel
from keras_googlenet.model.inputs import FIRST
from keras_googlenet.utils.messages import nearest


def load_model(spec, aux_heads=False):
    """Loads the model that the command line's MODEL names.

    Args:
        spec: A `.keras` file, a name of the weights registry, or a file that `GoogLeNet(weights=...)` takes: a string.
        aux_heads: Whether to keep or build the auxiliary heads, where the weights have them.

    Returns:
        A Keras model, not compiled; a `GoogLeNetModel` unless a `.keras` file holds another.

    Raises:
        InputError: There is no such model, or it cannot be read.

    Example:
        >>> load_model("flowers.keras")
        Traceback (most recent call last):
            ...
        keras_googlenet.weights.reader.WeightsError: No such model. Expected the path of a file. Received: flowers.keras
    """
    if spec in weights.REGISTRY:
        return GoogLeNet(weights=spec, aux_heads=aux_heads)
    if str(spec).lower().endswith(".keras"):
        return _load_keras(spec, aux_heads)
    if not weights.is_format(spec):
        raise weights.WeightsError(
            f"Expected a .keras file, one of {', '.join(weights.REGISTRY)}, or a weights file, which ends with one of "
            f"{', '.join(weights.READERS)}. Received: {spec!r}.{_meant(spec)}".rstrip(".")
        )
    arrays = weights.recognized(weights.read(spec))
    classes = _classes(arrays)
    if classes is None:
        raise weights.WeightsError(
            f"A model of one's own needs a classifier, layer `predictions`. Received: {spec}, which has none"
        )
    has_heads = any(name.startswith("aux1/") for name in arrays)
    return GoogLeNet(weights=spec, input_shape=_shape(arrays), classes=classes, aux_heads=aux_heads and has_heads)


def loss_of(spec):
    """What a `.keras` file says that its model was compiled with.

    Args:
        spec: As in `load_model`.

    Returns:
        A loss as Keras writes it, JSON; None where there is none.
    """
    try:
        with zipfile.ZipFile(spec) as archive:
            return json.loads(archive.read("config.json"))["compile_config"]["loss"]
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError):
        return None


def _load_keras(path, aux_heads):
    if not Path(path).is_file():
        raise weights.WeightsError(f"No such model. Expected the path of a file. Received: {path}")
    try:
        model = keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras raises whatever the damaged part happens to raise
        raise weights.WeightsError(
            f"Cannot load {path}: save the model again. Received: {type(error).__name__}: {_first_line(error)}"
        ) from error
    if isinstance(model, GoogLeNetModel) and not aux_heads:
        return model.inference_model()
    return model


def _meant(spec):
    end = Path(spec).suffix
    return nearest(end, weights.READERS) if end else nearest(spec, weights.REGISTRY)


def _first_line(error):
    return str(error).strip().partition("\n")[0][:200]


def _shape(arrays):
    """The shape of images that filters of one channel see; None, the usual one, for others."""
    kernels = (arrays[name] for name in (f"{FIRST}/kernel", f"{FIRST}/0") if name in arrays)
    if not any(kernel.ndim == 4 and kernel.shape[2] == 1 for kernel in kernels):
        return None
    size = (DEFAULT_SIZE, DEFAULT_SIZE)
    return (1, *size) if keras.config.image_data_format() == "channels_first" else (*size, 1)


def _classes(arrays):
    for name in ("predictions/bias", "predictions/1"):
        if name in arrays:
            return int(arrays[name].shape[0])
    return None

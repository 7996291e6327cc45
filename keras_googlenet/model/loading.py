"""What `MODEL` means, on the command line and in Python: a `.keras` file, a weights name, or a weights file."""

import contextlib
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_googlenet.architecture.table import DEFAULT_SIZE
from keras_googlenet.errors import InputError, WorkError
from keras_googlenet.keras_compat import reviving
from keras_googlenet.model.classifier import Classifier
from keras_googlenet.model.fitting import classes_of
from keras_googlenet.model.googlenet import GoogLeNet
from keras_googlenet.model.googlenet_model import GoogLeNetModel
from keras_googlenet.model.inputs import FIRST
from keras_googlenet.model.precision import set_precision
from keras_googlenet.model.pretrained import in_order_of_ilsvrc
from keras_googlenet.utils import ilsvrc2012, memory
from keras_googlenet.utils.messages import nearest, one_line, shown
from keras_googlenet.utils.precision import PRECISIONS
from keras_googlenet.weights import REGISTRY, WeightsError, keras_files, read
from keras_googlenet.weights.fine_tuned import recognized
from keras_googlenet.weights.formats import FORMATS, suffix_of

_MORE_MEMORY = "End other programs, raise the limit that the process has (ulimit -v), or use a machine with more."


def load_model(spec: str | Path, aux_heads: bool = False, precision: str | None = None) -> keras.Model:
    """Loads the model that the command line's MODEL names.

    Args:
        spec: A `.keras` file, a name of the weights registry, or a file that `GoogLeNet(weights=...)` takes.
        aux_heads: Whether to keep or build the auxiliary heads, where the weights have them.
        precision: What it computes in: `float32`, `bfloat16`, `float16`, or `auto` for the fastest of these on this
            device. None leaves a `.keras` file's own, and is float32 for all else.

    Returns:
        A Keras model, not compiled; a `GoogLeNetModel` unless a `.keras` file holds another.

    Raises:
        InputError: There is no such model or precision, or it cannot be read.

    Example:
        >>> load_model("flowers.keras")
        Traceback (most recent call last):
            ...
        keras_googlenet.weights.reader.WeightsError: No such model. Expected the path of a file. Received: flowers.keras
    """
    if precision is not None and precision not in PRECISIONS:
        near = nearest(precision, PRECISIONS)
        raise InputError(f"`precision` must be one of {', '.join(PRECISIONS)}. Received: {shown(precision)}.{near}")
    with memory.reporting(f"the model {spec}", _MORE_MEMORY):
        model = _load(spec, aux_heads)
    if precision is not None:
        set_precision(model, precision)
    return model


def load_classifier(spec: str | Path, model: keras.Model | None = None, precision: str | None = None) -> Classifier:
    """Loads a model as a classifier of photos.

    Args:
        spec: As in `load_model`.
        model: The model, where it has been loaded.
        precision: As in `load_model`, where it has not.

    Returns:
        A `Classifier`, whose `notes` say what is assumed of the model.

    Raises:
        InputError: There is no such model, it cannot be read, or it does not classify images.
    """
    return Classifier(load_model(spec, precision=precision) if model is None else model, loss_of(spec))


def load_any_model(spec: str | Path) -> tuple[keras.Model, str | None]:
    """Loads a model that need not classify images, with its auxiliary heads, as `convert` takes it.

    Args:
        spec: As in `load_model`.

    Returns:
        The model, and why it is no classifier of images, or None where it is one.

    Raises:
        InputError: There is no such model, or it cannot be read.
    """
    model = load_model(spec, aux_heads=True)
    try:
        Classifier(model, loss_of(spec))
    except InputError as error:
        return model, str(error)
    return model, None


def names_or_numbers(classifier: Classifier, class_index: str | Path | None = None) -> list[tuple[str, str]]:
    """What the classes are called; without names to be had, their numbers, with a warning.

    Args:
        classifier: A `Classifier`.
        class_index: As in `Classifier.names`.

    Returns:
        A list of `(key, name)` pairs.

    Raises:
        InputError: The file is no class index.
        OSError: The file that was given cannot be read.
    """
    try:
        return classifier.names(class_index)
    except OSError as error:
        if class_index is not None:
            raise
        warnings.warn("classes are called by their numbers. " + str(error).partition("\n")[0], stacklevel=2)
        return classifier.numbers()


def loss_of(spec: str | Path) -> Any:
    """What a `.keras` file says that its model was compiled with.

    Args:
        spec: As in `load_model`.

    Returns:
        A loss as Keras writes it, JSON; None where there is none.
    """
    with contextlib.suppress(WeightsError, KeyError, TypeError):
        return keras_files.config(spec)["compile_config"]["loss"]
    return None


def _load(spec: str | Path, aux_heads: bool) -> keras.Model:
    if spec in REGISTRY:
        # Of Google's own, too, in Keras's order, which class indices and labels of data sets have.
        return GoogLeNet(weights=spec, classes=len(ilsvrc2012.COLUMNS), aux_heads=aux_heads)
    suffix = suffix_of(spec)
    if suffix == ".keras":
        return _load_keras(spec, aux_heads)
    if suffix is None:
        raise WeightsError(
            f"Expected a .keras file, one of {', '.join(REGISTRY)}, or a weights file, which ends with one of "
            f"{', '.join(FORMATS)}. Received: {spec!r}.{_meant(spec)}".rstrip(".")
        )
    arrays = recognized(read(spec))
    aux_heads = aux_heads and any(name.startswith("aux1/") for name in arrays)
    shape = _shape(arrays)
    classes = classes_of(spec, arrays, 3 if shape is None else 1, aux_heads)
    if classes == ilsvrc2012.WIDTH and in_order_of_ilsvrc(spec):
        classes = len(ilsvrc2012.COLUMNS)  # as by name
    del arrays  # which are read again, and need not be there twice
    return GoogLeNet(weights=spec, input_shape=shape, classes=classes, aux_heads=aux_heads)


def _load_keras(path: str | Path, aux_heads: bool) -> keras.Model:
    if not Path(path).is_file():
        raise WeightsError(f"No such model. Expected the path of a file. Received: {path}")
    with _loading(path):
        config, root = keras_files.config(path), keras_files.tree(Path(path))
        size = 0
        for name, dataset in root.datasets():  # one at a time, before there is a model
            size += dataset.nbytes
            if dataset.dtype.kind == "f" and not np.isfinite(dataset.read()).all():
                raise ValueError(f"the weights at {name} are no finite numbers")
        model = reviving.revive(config, root, size)
    return model.inference_model() if isinstance(model, GoogLeNetModel) and not aux_heads else model


@contextlib.contextmanager
def _loading(path: str | Path) -> Iterator[None]:
    """Whatever goes wrong with a file, which it is to blame for unless the memory is short, in one line."""
    try:
        yield
    except (WeightsError, WorkError):
        raise
    except Exception as error:  # Keras raises whatever the damaged part happens to raise
        if memory.is_shortage(error):
            raise
        # Of what Keras wraps into its own words, and colors, the last.
        told = re.sub(r"\x1b\[\d*m", "", str(error)).rpartition("Exception encountered: ")[2]
        reason = one_line(" ".join(f"{type(error).__name__}: {told}".split()))[:200]
        raise WeightsError(f"Cannot load {path}: save the model again. Received: {reason}") from error


def _meant(spec: str | Path) -> str:
    end = Path(spec).suffix
    return nearest(end, FORMATS) if end else nearest(spec, REGISTRY)


def _shape(arrays: Mapping[str, np.ndarray]) -> tuple[int, int, int] | None:
    """The shape of images that filters of one channel see; None, the usual one, for others."""
    kernel = keras_files.variable(arrays, FIRST, "kernel")
    if kernel is None or kernel.ndim != 4 or kernel.shape[2] != 1:
        return None
    size = (DEFAULT_SIZE, DEFAULT_SIZE)
    return (1, *size) if keras.config.image_data_format() == "channels_first" else (*size, 1)

"""A network as an artifact of a runtime, with its card, whole or not at all."""

import contextlib
import importlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_googlenet.architecture.table import DEFAULT_SIZE
from keras_googlenet.errors import InputError
from keras_googlenet.export.card import card
from keras_googlenet.export.served_model import ServedModel, noise, served
from keras_googlenet.export.trial import in_a_line, try_bytes, try_out
from keras_googlenet.model.classifier import Classifier
from keras_googlenet.model.precision import computing_in
from keras_googlenet.utils.export_formats import FORMATS, PRECISIONS
from keras_googlenet.utils.partial import clear_partial, partial_folder, place_together, temporary_files_in
from keras_googlenet.utils.precision import automatic
from keras_googlenet.utils.writing import real

CARD = "model_card.json"


def export(
    model: keras.Model,
    target: str | Path,
    format: str,
    *,
    labels: Sequence[str],
    calibration: np.ndarray | None = None,
    precision: str | None = None,
    **about: Any,
) -> None:
    """Writes a network in a runtime's format, without auxiliary heads, whole or not at all, and a card with it.

    A SavedModel is a folder: its `serving_default` takes `images`, as the network does, of shape `(batch, height,
    width, 3)`, and `serve_bytes` takes `bytes`, the files of JPEG or PNG images, and does all preprocessing. Both
    answer with `probabilities` and the `classes` they are of, both of shape `(batch, classes)`. The other formats are
    a file, or two in OpenVINO's case, with an input `images` and an output `probabilities`; the card lies beside them.

    The artifact answers as `Classifier` does: a softmax is put behind logits, and the independent scores of sigmoids
    are called `scores`. The card says so.

    Args:
        model: A `GoogLeNetModel`, or any Keras classifier of images of a fixed size. The backend must be TensorFlow.
        target: Where to: a folder for a SavedModel, else a file that ends as its format does. It must not exist.
        format: `savedmodel`, `litert`, `onnx` or `openvino`.
        labels: A name for each class.
        calibration: Crops of typical images, uint8 or float RGB in 0-255 of shape `(count, height, width, 3)`: the
            artifact then computes in 8-bit integers, where its runtime can, in a quarter of the room.
        precision: Otherwise `float32`, which None means, also where the model was trained in half precision;
            `float16`, in which LiteRT, ONNX and OpenVINO keep the weights, in half of the room; `bfloat16` for a
            SavedModel, which computes in either; or `auto`, the fastest on this device that the format has. OpenVINO
            chooses by itself what it computes in.
        **about: `source`, `license` and `accuracy` for the card.

    Raises:
        InputError: The format is unknown, the target exists or ends otherwise, the backend is another, the model is no
            classifier of images or its input has no fixed size, or the format has no 8-bit form or no such precision,
            or a package is not installed.
        WorkError: What the model answers to noise are no probabilities; it cannot be converted; its runtime does not
            open the artifact, or answers otherwise than the network; or the disk is full. Then nothing is left of it.

    Example:
        >>> export(model, "served", "savedmodel", labels=("ant", "bee"))  # doctest: +SKIP
    """
    target = Path(target)
    precision = _check(target, format, calibration, precision)
    classifier = Classifier(model)
    _check_model(classifier, labels)
    shipped = served(classifier, labels, calibration, precision)
    told = {**card(shipped, **about), "note": getattr(_runtime(format), "NOTE", None)}
    with _made_beside(target) as made:
        _write(format, shipped, made)
        card_file = made / CARD if made.is_dir() else _card_beside(made)
        card_file.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_onnx(model: keras.Model, path: str | Path) -> None:
    """Writes an ONNX file, whose input is `images` and whose output `probabilities`, whole or not at all.

    Scores of sigmoids are called `scores`, and what a model answers that is no classifier, `features`.

    Args:
        model: A Keras model of images, with one output. Logits get their softmax.
        path: Path of the file.

    Raises:
        InputError: A package that this needs is not installed.
        WorkError: As in `export`.
    """
    try:
        shipped = served(Classifier(model))
    except InputError:
        sides = (side or DEFAULT_SIZE for side in model.inputs[0].shape[1:])
        samples = np.random.default_rng(0).uniform(-100, 100, (2, *sides)).astype("float32")
        shipped = ServedModel(keras.Model(model.inputs, model.outputs[0]), "features", samples)
    with _made_beside(Path(path)) as made:
        _write("onnx", shipped, made)


def _write(format, shipped, path):
    """Writes an artifact, and has its runtime try it."""
    runtime = _runtime(format)
    with computing_in(shipped.model, "float32"):  # also where it was trained in half precision
        with in_a_line(f"The model cannot be converted to {format}"):
            runtime.write(shipped, path)
        try_out(format, shipped, path, runtime.run)
        if format == "savedmodel":
            try_bytes(shipped, path)


def _runtime(format):
    return importlib.import_module(f"keras_googlenet.export.{format}")


@contextlib.contextmanager
def _made_beside(target: Path) -> Iterator[Path]:
    """A path to make the artifact at, in a folder of its own; what lies there takes its name at the end, or is gone."""
    place = real(target)
    with partial_folder(place.parent, target) as folder:
        with temporary_files_in(folder):
            yield folder / place.name
        place_together(folder, place, replacing=(_card_beside(place).name,))


def _card_beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.{CARD}")


def _check(target, format, calibration, precision):
    clear_partial(target.parent)
    if format not in FORMATS:
        raise InputError(f"`format` must be one of {', '.join(FORMATS)}. Received: format={format!r}")
    if keras.backend.backend() != "tensorflow" or keras.config.image_data_format() != "channels_last":
        raise InputError(
            "Exporting runs on Keras's TensorFlow backend with channels last; the artifacts need neither. Set "
            f"KERAS_BACKEND=tensorflow. Received: {keras.backend.backend()}, {keras.config.image_data_format()}"
        )
    suffix = FORMATS[format]
    if target.suffix != suffix:
        wanted = f"a name that ends in {suffix}" if suffix else "a folder's name, without a suffix"
        raise InputError(f"The format {format} takes {wanted}. Received: {target}")
    for one in (target, target.with_suffix(".bin")) if suffix == ".xml" else (target,):
        if one.exists():
            raise InputError(f"The target exists already; remove it or choose another name. Received: {one}")
    if calibration is not None and format == "savedmodel":
        raise InputError(
            "A SavedModel has no 8-bit form here; litert, onnx and openvino have. Received: format='savedmodel'"
        )
    if calibration is not None and precision is not None:
        raise InputError(f"8 bits take the place of another precision. Received: int8 and precision={precision!r}")
    if precision == "auto":
        return automatic(PRECISIONS[format]).value
    if precision is not None and precision not in PRECISIONS[format]:
        can, note = ", ".join(PRECISIONS[format]), getattr(_runtime(format), "NOTE", "")
        raise InputError(f"The format {format} is written in {can}. Received: precision={precision!r}. {note}".strip())
    return precision or "float32"


def _check_model(classifier, labels):
    shape = classifier.model.inputs[0].shape
    if None in shape[1:]:
        raise InputError(f"The model's images must have a fixed size. Received: input_shape={shape}")
    if len(labels) != classifier.classes:
        raise InputError(
            f"Expected a label for each of the model's {classifier.classes} classes. Received: {len(labels)}"
        )
    classifier.predict(noise(classifier))  # which checks the numbers

"""The formats of weights files: how each ends, what reads it, and what writes it.

Another format is a module with a `read`, and a `write` where there is one, and its row in `FORMATS`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from keras_googlenet.utils.partial import ExistsError, temporary_files_in
from keras_googlenet.utils.writing import written_whole
from keras_googlenet.weights import (
    caffemodel,
    inception5h,
    keras_files,
    npz,
    onnx,
    prototxt,
    pytorch,
    safetensors,
    saving,
    slim,
    torchvision,
)
from keras_googlenet.weights.assignment import targets
from keras_googlenet.weights.caffe import from_caffe
from keras_googlenet.weights.reader import Named, WeightsError, collect, existing_file, reading


@dataclass(frozen=True)
class Format:
    """A format of weights files.

    Attributes:
        kind: What a file of it is, for messages.
        read: Reads the names and arrays of a file. Whatever it raises becomes one `WeightsError`.
        rename: Gives the arrays of a file this package's names and layouts.
        write: Writes a model's weights to a path, and what belongs to them beside it; None where that is not done.
        variant: The variant of the network that its weights are for, where the format tells.
    """

    kind: str
    read: Callable[[Path], Named]
    rename: Callable[[dict[str, np.ndarray]], Named] = dict.items
    write: Callable[[keras.Model, Path], object] | None = None
    variant: str | None = None


def arrays_of(model: keras.Model) -> dict[str, np.ndarray]:
    """The weights of a model.

    Args:
        model: A model of layers that have names of their own.

    Returns:
        Arrays by `"<layer>/<variable>"`.

    Raises:
        WeightsError: If two variables have the same name.
    """
    return {name: keras.ops.convert_to_numpy(variable) for name, variable in targets(model.layers).items()}


def _write_caffemodel(model: keras.Model, path: Path) -> None:
    path.with_suffix(".prototxt").write_text(prototxt.describe(model), encoding="utf-8")
    caffemodel.write(path, arrays_of(model))


_TORCH = Format(pytorch.KIND, pytorch.read, torchvision.from_torchvision, variant="torchvision")
_SLIM = Format(slim.KIND, slim.read, slim.from_slim, variant="slim")
_GRAPH = Format(inception5h.KIND, inception5h.read, variant="inception5h")

FORMATS = {
    ".keras": Format(keras_files.KIND_OF_MODEL, keras_files.read, write=saving.write_model),
    ".weights.h5": Format(keras_files.KIND, keras_files.read, write=saving.write_weights),
    ".npz": Format(npz.KIND, npz.read, from_caffe, lambda model, path: npz.write(path, arrays_of(model))),
    ".caffemodel": Format(caffemodel.KIND, caffemodel.read, from_caffe, _write_caffemodel),
    ".onnx": Format(onnx.KIND, onnx.read, from_caffe),
    ".pth": replace(_TORCH, write=lambda model, path: torchvision.write(path, arrays_of(model))),
    **dict.fromkeys((".pt", ".pth.tar", ".bin"), _TORCH),
    ".safetensors": replace(_TORCH, kind=safetensors.KIND, read=safetensors.read),
    ".ckpt": _SLIM,
    **dict.fromkeys((".tar.gz", ".tgz"), replace(_SLIM, kind=slim.KIND_OF_ARCHIVE, read=slim.read_archive)),
    ".pb": _GRAPH,
    ".zip": replace(_GRAPH, kind=inception5h.KIND_OF_ARCHIVE, read=inception5h.read_archive),
}
"""The formats, by the end of a file's name. A `.ckpt` may also be PyTorch Lightning's: `format_of` tells."""


def suffix_of(path: str | Path) -> str | None:
    """Which of `FORMATS` a file's name ends with, in small letters.

    Args:
        path: Any path.

    Example:
        >>> suffix_of("GoogLeNet.CaffeModel"), suffix_of("photo.jpg")
        ('.caffemodel', None)
    """
    name = Path(path).name.lower()
    return next((suffix for suffix in FORMATS if name.endswith(suffix)), None)


def format_of(path: str | Path) -> Format | None:
    """The format of a file, by its name, and of a `.ckpt` that exists by its content.

    Args:
        path: Any path.

    Returns:
        One of `FORMATS`, or None for other names.

    Example:
        >>> format_of("googlenet.pth").variant, format_of("photo.jpg")
        ('torchvision', None)
    """
    suffix = suffix_of(path)
    if suffix == ".ckpt" and pytorch.is_pytorch(path):
        return _TORCH
    return None if suffix is None else FORMATS[suffix]


def read(path: str | Path) -> dict[str, np.ndarray]:
    """Reads a weights file of any supported format.

    Args:
        path: File whose name ends with one of `formats.FORMATS`.

    Returns:
        Arrays by `"<layer>/<variable>"`, in Keras's layouts (HWIO, (in, out)) and for RGB input.
        Keras's own files do not name their variables: theirs are called `"<layer>/<index>"`.

    Raises:
        WeightsError: If the file is missing, damaged, too large or of an unknown format, or if it holds anything but weights under names of their own.

    Example:
        >>> read("googlenet.txt")
        Traceback (most recent call last):
            ...
        keras_googlenet.weights.reader.WeightsError: Unknown format of weights. Expected a file name that ends with one of .keras, .weights.h5, .npz, .caffemodel, .onnx, .pth, .pt, .pth.tar, .bin, .safetensors, .ckpt, .tar.gz, .tgz, .pb, .zip; convert or rename the file. Received: path=googlenet.txt
    """  # noqa: E501
    found = format_of(path)
    if found is None:
        raise WeightsError(
            f"Unknown format of weights. Expected a file name that ends with one of "
            f"{', '.join(FORMATS)}; convert or rename the file. Received: path={path}"
        )
    file = existing_file(path)
    with reading(file, found.kind):
        return collect(file, found.rename(collect(file, found.read(file))))


def write(model: keras.Model, target: str | Path) -> None:
    """Writes a model's weights in another format, whole or not at all.

    Args:
        model: A Keras model.
        target: The file, whose name ends with one of `FORMATS` that has a writer. It is replaced where it exists.

    Raises:
        WeightsError: The format cannot hold the model, needs a package that is not installed, or would put a file of
            another name in the place of one that exists.
        WriteError: The disk is full, for instance. What was there is as it was.
    """
    target, found = Path(target), format_of(target)
    if found is None or found.write is None:
        writable = [suffix for suffix, form in FORMATS.items() if form.write]
        raise WeightsError(f"Expected a file name that ends with one of {', '.join(writable)}. Received: {target}")
    try:
        with written_whole(target) as made, temporary_files_in(made.parent):
            found.write(model, made)
    except ExistsError as error:
        raise WeightsError(
            f"A {target.suffix} gets a {error.place.suffix} beside it; remove this one. Received: {error.place}"
        ) from error

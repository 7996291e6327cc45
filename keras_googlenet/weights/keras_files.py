"""Keras's own files: `.weights.h5`, and the `.weights.h5` inside a `.keras` archive.

Keras names the groups of these files by class and order (`layers/conv2d_3/vars/0`), which changes
with the network. Since each group also records its layer's name, the names are what counts here:
the same layers are found whether or not the file has auxiliary heads or another classifier.

Of the archive's description of the model, `config` gives the JSON: nothing is deserialized, so no code can run.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import h5py
import ml_dtypes
import numpy as np

from keras_googlenet.weights.reader import Arrays, Named, WeightsError, check_size, existing_file, reading

KIND = "weights as model.save_weights() writes them"

KIND_OF_MODEL = "a model as model.save() writes it"

MAX_CONFIG = 16 << 20
"""Most bytes of a model's configuration; this package's networks take a hundredth of it."""


def read(path: Path) -> Named:
    """Reads a `.weights.h5` file, or the one in a `.keras` file.

    Args:
        path: The file. Links to other files are not followed.

    Yields:
        `"<layer>/<index>"`, the index being the variable's place in `layer.weights` (see `by_variable`), and an array.
        The optimizer's state is left out.

    Raises:
        WeightsError: If the file is too large once read, refers to other files, or does not record its layers' names,
            as those of older versions of Keras.
    """
    source: Path | io.BytesIO = path
    if path.suffix.lower() == ".keras":
        with zipfile.ZipFile(path) as archive:
            check_size(path, archive.getinfo("model.weights.h5").file_size)
            source = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(source, "r") as file:
        found = list(_datasets(path, file))
        check_size(path, sum(dataset.nbytes for _, dataset in found))
        for name, dataset in found:
            is_bfloat = dataset.attrs.get("dtype") == "bfloat16"  # which HDF5 lacks: stored as opaque bytes
            yield name, np.array(dataset, ml_dtypes.bfloat16).astype("float32") if is_bfloat else np.array(dataset)


def config(path: str | Path) -> dict[str, Any]:
    """Reads what a `.keras` file says of its model, as JSON: nothing is made of it.

    Args:
        path: The file.

    Raises:
        WeightsError: It is not a whole `.keras` file.
    """
    with reading(existing_file(path), KIND_OF_MODEL), zipfile.ZipFile(path) as archive:
        if archive.getinfo("config.json").file_size > MAX_CONFIG:
            raise ValueError("its config.json is too large to be a model's")
        return json.loads(archive.read("config.json"))


def variable(arrays: Arrays, layer: str, name: str) -> np.ndarray | None:
    """The kernel or the bias of a layer, whether or not the file that it comes from names its variables.

    Args:
        arrays: Arrays as `weights.read` returns them.
        layer: Name of the layer.
        name: `"kernel"` or `"bias"`.

    Returns:
        The array, or None where there is none.
    """
    return arrays.get(f"{layer}/{name}", arrays.get(f"{layer}/{('kernel', 'bias').index(name)}"))


def by_variable(arrays: Arrays, targets: Iterable[str]) -> dict[str, np.ndarray]:
    """Renames `"<layer>/<index>"` to `"<layer>/<variable>"`.

    Args:
        arrays: Arrays as `read` returns them.
        targets: Names as `assignment.targets` returns them, in the order of `layer.weights`.

    Returns:
        The arrays. Those without a target keep their names, so that a strict assignment reports
        them.

    Example:
        >>> by_variable({"conv/1": "b", "conv/0": "k", "old/0": "?"}, ["conv/kernel", "conv/bias"])
        {'conv/bias': 'b', 'conv/kernel': 'k', 'old/0': '?'}
    """
    names: dict[str, str] = {}
    counts: dict[str, int] = {}
    for target in targets:
        layer = target.rpartition("/")[0]
        index = counts[layer] = counts.get(layer, -1) + 1
        names[f"{layer}/{index}"] = target
    return {names.get(key, key): array for key, array in arrays.items()}


def _datasets(path: Path, file: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    """Yields the datasets of all layers, those of nested models too."""
    items: dict[str, h5py.HLObject] = {}
    file.visititems(items.__setitem__)  # which never follows soft and external links
    for name, dataset in items.items():
        match = re.fullmatch(r"((?:layers/[^/]+/)+vars)/(\d+)", name)
        if match is None or not isinstance(dataset, h5py.Dataset):
            continue
        if dataset.external or dataset.is_virtual:
            raise WeightsError(
                f"{path} keeps its weights in other files, which are not followed. Expected the numbers in the file "
                f"itself; save it again. Received: external dataset {name!r}"
            )
        layer = file[match[1]].attrs.get("name")
        if layer is None:
            raise WeightsError(
                f"{path} does not record the names of its layers, as files of older versions of Keras. Expected a name "
                "for each layer; load it with model.load_weights() into the model that saved it, and save that again. "
                f"Received: group {match[1]!r} without a name"
            )
        yield f"{layer}/{match[2]}", dataset

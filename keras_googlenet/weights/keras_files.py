"""Keras's own files: `.weights.h5`, and the `.weights.h5` inside a `.keras` archive.

Keras names the groups of these files by class and order (`layers/conv2d_3/vars/0`), which changes
with the network. Since each group also records its layer's name, the names are what counts here:
the same layers are found whether or not the file has auxiliary heads or another classifier.

Of the archive's description of the model, `config` gives the JSON: nothing is deserialized, so no code can run.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keras_googlenet.utils import archives
from keras_googlenet.weights import reader
from keras_googlenet.weights.hdf5.datasets import Dataset
from keras_googlenet.weights.hdf5.tree import Group, parse
from keras_googlenet.weights.reader import Arrays, Named, WeightsError, check_size, existing_file, reading

KIND = "weights as model.save_weights() writes them"

KIND_OF_MODEL = "a model as model.save() writes it"

CONFIG, WEIGHTS = "config.json", "model.weights.h5"

MAX_CONFIG = 16 << 20
"""Most bytes of a model's configuration; this package's networks take a hundredth of it."""

FREE, EXPANSION = 64 << 20, 16
"""Bytes that numbers may take, however few are stored; and how often the bytes that are stored, beyond that.

Keras compresses nothing, and trained numbers hardly can be; it is zeros that take a thousandth.
"""


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
    for name, dataset in _datasets(path, tree(path)):
        yield name, dataset.read()


def tree(path: Path) -> Group:
    """The groups and datasets of a `.weights.h5` file, or of the one in a `.keras` file, but the optimizer's.

    Args:
        path: The file.

    Returns:
        The root. What reading its numbers takes is within the limit.

    Raises:
        WeightsError: If they would take more than that, or more than what is stored can be.
        Hdf5Error: The file is damaged, refers to other files, or is made in a way that Keras makes none.
    """
    if path.suffix.lower() == ".keras":
        with _opened(path) as archive:
            content = archives.content(archive, archive.getinfo(WEIGHTS))
    else:
        content = reader.content(path)
    root = parse(content, leave=frozenset(("optimizer",)))
    size, stored = sum(dataset.nbytes for _, dataset in root.datasets()), path.stat().st_size
    check_size(path, size)
    if size > max(FREE, EXPANSION * stored):
        raise WeightsError(
            f"{path} claims far more numbers than it stores. Expected at most {EXPANSION} times its size; save the "
            f"model again. Received: {size:,} bytes of numbers in {stored:,} bytes"
        )
    return root


def config(path: str | Path) -> dict[str, Any]:
    """Reads what a `.keras` file says of its model, as JSON: nothing is made of it.

    Args:
        path: The file.

    Raises:
        WeightsError: It is not a whole `.keras` file.
    """
    path = existing_file(path)
    with reading(path, KIND_OF_MODEL), _opened(path) as archive:
        member = archive.getinfo(CONFIG)
        if member.file_size > MAX_CONFIG:
            raise ValueError("its config.json is too large to be a model's")
        try:
            found = json.loads(bytes(archives.content(archive, member)))
        except RecursionError as error:
            raise ValueError("its config.json is nested too deep") from error
        if not isinstance(found, dict) or not isinstance(found.get("config"), dict):
            raise ValueError("its config.json describes no model")
        return found


def _opened(path):
    return archives.opened(path, lambda size: check_size(path, size))


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


def _datasets(path: Path, root: Group) -> Iterator[tuple[str, Dataset]]:
    """Yields the datasets of all layers, those of nested models too."""
    for name, dataset in root.datasets():
        match = re.fullmatch(r"((?:layers/[^/]+/)+vars)/(\d+)", name)
        if match is None:
            continue
        layer = root.get(match[1]).attrs.get("name")
        if layer is None:
            raise WeightsError(
                f"{path} does not record the names of its layers, as files of older versions of Keras. Expected a name "
                "for each layer; load it with model.load_weights() into the model that saved it, and save that again. "
                f"Received: group {match[1]!r} without a name"
            )
        yield f"{layer}/{match[2]}", dataset

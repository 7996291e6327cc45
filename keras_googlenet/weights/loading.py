"""Loading a weights file into a network's layers: which part of it, and how strictly."""

import warnings
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import keras

from keras_googlenet.weights import native
from keras_googlenet.weights.caffe import HEADS
from keras_googlenet.weights.formats import read
from keras_googlenet.weights.transfer import targets, transfer

IMAGENET_CLASSES = 1000
"""Classes of the published networks, which others may want the trunk of."""


def load(
    layers: Iterable[keras.Layer],
    path: str | Path,
    *,
    classifier: str = "predictions",
    heads: Collection[str] = (),
    trunk_only: bool = False,
    stacklevel: int = 2,
) -> None:
    """Loads a weights file into layers: every array and every variable, or nothing.

    Three differences between file and model are allowed. Heads that only the file has are left
    out. Heads that only the model has stay as initialized, with a warning. So does, where the file
    has ImageNet's 1000 classes and the model has not, the classifier, and the heads with it.

    Args:
        layers: Built layers of the network, without any others that surround it.
        path: File of any supported format.
        classifier: Name of the classifier layer.
        heads: Names of the layers of the auxiliary heads, where the network has others than `HEADS`.
        trunk_only: Leave out the classifier and the heads, of the file and of the model.
        stacklevel: Where warnings point, as in `warnings.warn`: 2 is the caller.

    Raises:
        WeightsError: If the file cannot be read or does not fit. The layers are as they were.
    """
    wanted = targets(layers)
    arrays = native.by_variable(read(path), wanted)  # of the other formats it changes nothing
    heads = HEADS.union(heads)
    if trunk_only or _is_other_classifier(arrays, wanted, f"{classifier}/kernel"):
        skipped = heads | {classifier}
    elif heads.isdisjoint(_layers(arrays)) or heads.isdisjoint(_layers(wanted)):
        skipped = heads
    else:
        skipped = frozenset()
    transfer(_without(skipped, arrays), _without(skipped, wanted), str(path))
    initial = [layer for layer in _layers(wanted) if layer in skipped]
    if initial and not trunk_only:
        warnings.warn(
            f"{path} has no weights that fit these layers, which stay as initialized: "
            f"{', '.join(initial)}. Train them before use",
            stacklevel=stacklevel,
        )


def _is_other_classifier(arrays: Mapping, wanted: Mapping, kernel: str) -> bool:
    """Tells whether the file's classifier is ImageNet's and the model's is another."""
    if kernel not in arrays or kernel not in wanted:
        return False
    return arrays[kernel].shape[-1:] == (IMAGENET_CLASSES,) != tuple(wanted[kernel].shape[-1:])


def _layers(named: Mapping) -> list[str]:
    """Returns the layers that the names belong to, each once."""
    return list(dict.fromkeys(name.rpartition("/")[0] for name in named))


def _without(layers: Collection[str], named: Mapping) -> dict:
    return {name: item for name, item in named.items() if name.rpartition("/")[0] not in layers}

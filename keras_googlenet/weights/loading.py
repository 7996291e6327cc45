"""Loading a weights file into a network's layers: which part of it, and how strictly."""

import warnings
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import keras
import numpy as np

from keras_googlenet.utils import ilsvrc2012
from keras_googlenet.utils.messages import few
from keras_googlenet.weights import keras_files
from keras_googlenet.weights.assignment import targets, transfer
from keras_googlenet.weights.caffe import HEADS
from keras_googlenet.weights.fine_tuned import PART_OF_HEAD, above_trunk, layer_of, recognized
from keras_googlenet.weights.formats import read
from keras_googlenet.weights.reader import Arrays

_UNTRAINED = "{} has no weights that fit these layers, which stay as initialized: {}. Train them before use"


def load(
    layers: Iterable[keras.Layer],
    path: str | Path,
    *,
    classifier: str = "predictions",
    heads: Collection[str] = (),
    first: str = "conv1_7x7_s2",
    trunk_only: bool = False,
    in_order_of_ilsvrc: bool = False,
    stacklevel: int = 2,
) -> None:
    """Loads a weights file into layers: every array and every variable, or nothing.

    Four differences between file and model are allowed. Heads that only the file has are left out. Heads that only the
    model has stay as initialized, with a warning. Where the file's classifier is for other classes than the model's,
    or the file has other layers in its place, the trunk is taken: the classifier and the heads stay as initialized, and
    a warning says which, and which layers of the file were left out. A model of more than three channels is filled from
    a file of RGB, the kernels of the further channels with zeros.

    A fine-tuned classifier with a name of its own (`loss3/classifier_retrain`, `fc.1.weight`) is taken for the
    classifier.

    Args:
        layers: Built layers of the network, without any others that surround it.
        path: File of any supported format.
        classifier: Name of the classifier layer.
        heads: Names of the layers of the auxiliary heads, where the network has others than `HEADS`.
        first: Name of the layer that reads the image.
        trunk_only: Leave out the classifier and the heads, of the file and of the model.
        in_order_of_ilsvrc: Whether the file's classifiers have ILSVRC 2012's order and width, as Google's own network
            has. To classifiers of 1,000 classes they are then loaded in Keras's order.
        stacklevel: Where warnings point, as in `warnings.warn`: 2 is the caller.

    Raises:
        WeightsError: If the file cannot be read or does not fit. The layers are as they were.
    """
    wanted = targets(layers)
    file = keras_files.by_variable(read(path), wanted)  # of the other formats it changes nothing
    arrays = _widened(file if trunk_only else recognized(file), wanted, f"{first}/kernel")
    arrays = _in_keras_order(arrays, wanted) if in_order_of_ilsvrc else arrays
    heads = HEADS.union(heads) | set(filter(PART_OF_HEAD.match, _layers(file)))
    top = heads | {classifier}
    trunk = _without(top, wanted)
    others = above_trunk(_layers(_without(top, file)), _layers(trunk)) if trunk.keys() <= arrays.keys() else []
    if trunk_only or _is_other_classifier(arrays, wanted, f"{classifier}/kernel", others):
        skipped = top.union(others)
    else:
        others = []
        skipped = heads if heads.isdisjoint(_layers(arrays)) or heads.isdisjoint(_layers(wanted)) else frozenset()
    transfer(_without(skipped, arrays), _without(skipped, wanted), str(path))
    initial = [] if trunk_only else [layer for layer in _layers(wanted) if layer in skipped]
    said = [_UNTRAINED.format(path, ", ".join(initial))] if initial else []
    said += [f"{path} has these layers above the trunk, which are left out: {few(others)}"] if others else []
    if said:
        warnings.warn(". ".join(said), stacklevel=stacklevel)


def _widened(arrays: Arrays, wanted: Mapping, name: str) -> dict[str, np.ndarray]:
    """Gives the first kernel of an RGB network zeros for the further channels of the model."""
    match [tuple(named[name].shape) for named in (arrays, wanted) if name in named]:
        case [(_, _, 3, _), (_, _, channels, _)] if channels >= 3:
            return {**arrays, name: np.pad(arrays[name], [(0, 0), (0, 0), (0, channels - 3), (0, 0)])}
    return dict(arrays)


def _in_keras_order(arrays: Arrays, wanted: Mapping) -> dict[str, np.ndarray]:
    """Takes the columns of Keras's classes, in their order, for classifiers that are as wide."""
    columns, width = list(ilsvrc2012.COLUMNS), ilsvrc2012.WIDTH
    fewer = {name for name in wanted if tuple(wanted[name].shape[-1:]) == (len(columns),)}
    return {
        name: array[..., columns] if name in fewer and array.shape[-1:] == (width,) else array
        for name, array in arrays.items()
    }


def _is_other_classifier(arrays: Mapping, wanted: Mapping, kernel: str, others: list[str]) -> bool:
    """Tells whether the file's classifier is for other classes than the model's, or is other layers."""
    if kernel not in wanted or kernel not in arrays:
        return kernel in wanted and bool(others)
    return arrays[kernel].shape[-1:] != tuple(wanted[kernel].shape[-1:])


def _layers(named: Mapping) -> list[str]:
    """Returns the layers that the names belong to, each once."""
    return list(dict.fromkeys(map(layer_of, named)))


def _without(layers: Collection[str], named: Mapping) -> dict:
    return {name: item for name, item in named.items() if layer_of(name) not in layers}

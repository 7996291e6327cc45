"""Keras's own files, read by the names of the layers that they record, all or nothing."""

import contextlib
import warnings
from pathlib import Path

import h5py
import keras

from keras_googlenet.architecture.table import PAPER
from keras_googlenet.errors import InputError
from keras_googlenet.keras_compat.saving import SavedLayers, expected_groups, kind_of, place_of
from keras_googlenet.model import graph
from keras_googlenet.model.version_0_1_0 import OLD_CLASS, old_places
from keras_googlenet.weights import keras_files
from keras_googlenet.weights.reader import reading


def by_names(model, store):
    """Makes a file answer Keras, which will load a model's layers by class and place, by the layers' names.

    Args:
        model: A `GoogLeNetModel`.
        store: What Keras hands to `load_own_variables`, opened for reading at the model's place in the file.

    Raises:
        InputError: Layers of the model are not in the file, or layers of the file, other than an auxiliary head's, not
            in the model. What is in both is loaded nevertheless, as Keras does.
    """
    saved = SavedLayers(store)
    if not saved.groups:
        return
    expected = expected_groups(model.layers)
    groups = {group: saved.groups[layer.name] for layer, group in expected.items() if layer.name in saved.groups}
    missing = [layer for layer in expected if layer.weights and layer.name not in saved.groups]
    heads = _heads(model)
    known = heads.union(layer.name for layer in expected)
    surplus = [name for name in saved.with_variables if name not in known]
    renamed = _pairs(missing, [saved.groups[name] for name in surplus])
    for layer in missing:
        groups[expected[layer]] = renamed.get(layer, f"{expected[layer]} is not in the file")
    top = graph.maker(model.outputs[0])
    moved = len(model.outputs) > 1 and saved.groups.get(top.name) != expected.get(top)  # as in 0.1.0
    saved.redirect(groups, lambda path, entry: _in_order(model, path, entry) if moved else entry)
    if not renamed and (missing or surplus):
        raise _misfit([layer.name for layer in missing], surplus, heads)


def _heads(model):
    """Names of the layers with weights of the auxiliary heads that a model has or could have."""
    return {name for head in (model.architecture or PAPER).auxiliary for name in head.layers}


def _pairs(layers, groups):
    """Layers and groups that only the names part: as many of each class, which are matched by their places."""
    groups = sorted(groups, key=place_of)
    pairs = {}
    for layer in layers:
        kind = kind_of(layer).replace(OLD_CLASS, "dense")
        group = next((group for group in groups if place_of(group)[0].replace(OLD_CLASS, "dense") == kind), None)
        if group is None:
            return {}
        groups.remove(group)
        pairs[layer] = group
    return {} if groups else pairs


def _in_order(model, path, entry):
    """An entry of a file of 0.1.0: if it is an optimizer's, with its variables in order."""
    outer = getattr(model, "optimizer", None)
    inner = getattr(outer, "inner_optimizer", None)
    optimizer = {"optimizer": outer, "optimizer/inner_optimizer": inner}.get(path)
    if optimizer is None or len(entry) != len(optimizer.variables):
        return entry
    return {str(now): entry[str(then)] for now, then in enumerate(old_places(model, optimizer))}


def _misfit(missing, surplus, heads):
    lines = [f"of the model, the file lacks {', '.join(missing)}"] if missing else []
    lines += [f"of the file, the model lacks {', '.join(surplus)}"] if surplus else []
    advice = "`skip_mismatch=True` loads what is in both"
    if missing and heads.issuperset(missing):
        advice = f"`GoogLeNet(weights=path, aux_heads=True)` or {advice}, and leaves the heads as they are"
    return InputError(
        "The file's layers are not the model's: " + "; ".join(lines) + ". Expected weights for each of the model's "
        f"layers, by their names. Build the model that was saved, or: {advice}"
    )


@contextlib.contextmanager
def loading(model, path, options):
    """Takes back what was loaded into a model, and into its optimizer, where the loading fails.

    Args:
        model: The model.
        path: The file.
        options: What `load_weights` was given besides; of an `.h5` file as `model.save` writes it, `by_name` is added.
    """
    if str(path).endswith((".h5", ".hdf5", ".keras")) and Path(path).is_file():  # before the HDF5 library sees it
        with reading(Path(path), keras_files.KIND):
            keras_files.tree(Path(path))
    if str(path).endswith((".h5", ".hdf5")) and not str(path).endswith(".weights.h5") and _has_layers_of(model, path):
        options.setdefault("by_name", True)
    optimizer = getattr(model, "optimizer", None)
    variables = [*model.variables, *(optimizer.variables if optimizer is not None else ())]
    before = [keras.ops.copy(variable.value) for variable in variables]
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Skipping nested container")  # of a layer that the error names as well
            yield
    except Exception:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
        raise


def _has_layers_of(model, path):
    """Whether an `.h5` file has the layers of a model, by name, and no others but auxiliary heads'."""
    with h5py.File(path, "r") as file:
        groups = file.get("model_weights", file)
        names = {name for name, group in groups.items() if len(group.attrs.get("weight_names", ()))}
    own = {layer.name for layer in model.layers if layer.weights}
    return own <= names <= own | _heads(model)

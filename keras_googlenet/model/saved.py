"""Keras's own files, read by the names of the layers that they record.

Keras puts a layer's weights into a group that is called by the layer's class and place, `layers/dense_1`, and loads by
the same rule. Another head moves the places, and a layer would be given another's weights wherever the shapes agree.
The groups also record the names of their layers, which is what is asked for here.
"""

import contextlib
import re
import warnings

import h5py
import keras

from keras_googlenet.architecture import PAPER
from keras_googlenet.errors import InputError
from keras_googlenet.model.version_0_1_0 import OLD_CLASS, old_places


def by_names(model, store):
    """Makes a file answer Keras, which will load a model's layers by class and place, by the layers' names.

    Args:
        model: A `GoogLeNetModel`.
        store: What Keras hands to `load_own_variables`, opened for reading at the model's place in the file.

    Raises:
        InputError: Layers of the model are not in the file, or layers of the file, other than an auxiliary head's, not
            in the model. What is in both is loaded nevertheless, as Keras does.
    """
    path = getattr(store, "_h5_entry_path", None)
    if path is None:
        return  # no HDF5: nothing is recorded
    prefix = f"{path}/layers/" if path else "layers/"
    saved, weighty = _recorded(store, prefix)
    if not saved:
        return
    expected = _expected_groups(model)
    groups = {expected[layer]: saved[layer.name] for layer in expected if layer.name in saved}
    missing = [layer for layer in expected if layer.weights and layer.name not in saved]
    names = {layer.name for layer in expected}
    heads = _heads(model)
    surplus = [name for name in weighty if name not in names and name not in heads]
    renamed = _pairs(missing, [saved[name] for name in surplus])
    for layer in missing:
        groups[expected[layer]] = renamed.get(layer, f"{expected[layer]} is not in the file")
    top = model.outputs[0]._keras_history.operation
    moved = len(model.outputs) > 1 and saved.get(top.name) != expected.get(top)  # as in 0.1.0
    _redirect(store, prefix, groups, model if moved else None, f"{path}/optimizer" if path else "optimizer")
    if not renamed and (missing or surplus):
        raise _misfit([layer.name for layer in missing], surplus, heads)


def _heads(model):
    """Names of the layers with weights of the auxiliary heads that a model has or could have."""
    return {name for head in (model.architecture or PAPER).auxiliary for name in head.layers}


def _recorded(store, prefix):
    """The groups of a file's layers by the names that they record, and the names of those that hold variables."""
    names, weighty = {}, set()
    with contextlib.ExitStack() as opened:
        for file in _files(store, opened):
            for group in file.get(prefix, ()):
                variables = file.get(f"{prefix}{group}/vars", {})
                name = getattr(variables, "attrs", {}).get("name")
                names[group] = names.get(group) or name  # of one that goes on in another file, only the first tells
                weighty |= {group} if len(variables) else set()
    saved = {name: group for group, name in names.items()}
    if None in saved or len(saved) < len(names):
        return {}, []  # of a version of Keras that recorded none
    return saved, [name for name, group in saved.items() if group in weighty]


def _files(store, opened):
    """The HDF5 files behind a store: one, or those that a `.weights.json` lists."""
    if not hasattr(store, "sharding_config"):
        return [store.h5_file]
    listed = store.sharding_config["weight_map"].values()
    names = {name for names in listed for name in ([names] if isinstance(names, str) else names)}
    return [opened.enter_context(h5py.File(store.path.with_name(name), "r")) for name in sorted(names)]


def _expected_groups(model):
    """Which group Keras will look into for each of a model's layers."""
    counts = {}
    groups = {}
    for layer in model.layers:
        kind = _kind(layer)
        count = counts[kind] = counts.get(kind, -1) + 1
        groups[layer] = f"{kind}_{count}" if count else kind
    return groups


def _kind(layer):
    name = re.sub(r"\W+", "", type(layer).__name__)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _pairs(layers, groups):
    """Layers and groups that only the names part: as many of each class, which are matched by their places."""

    def place(group):
        kind, _, index = group.rpartition("_")
        return (kind, int(index)) if index.isdigit() and kind else (group, 0)

    groups = sorted(groups, key=place)
    kinds = [place(group)[0].replace(OLD_CLASS, "dense") for group in groups]
    pairs = {}
    for layer in layers:
        kind = _kind(layer).replace(OLD_CLASS, "dense")
        if kind not in kinds:
            return {}
        index = kinds.index(kind)
        del kinds[index]
        pairs[layer] = groups.pop(index)
    return {} if groups else pairs


def _redirect(store, prefix, groups, old_model, optimizer_path):
    """Puts other groups behind the paths that Keras asks a store for, until the store is closed."""

    def redirected(path):
        group, slash, rest = path[len(prefix) :].partition("/")
        return prefix + groups.get(group, group) + slash + rest if path.startswith(prefix) else path

    get, has_path = store.get, store.has_path

    def get_redirected(path):
        entry = get(redirected(path))
        optimizer = getattr(old_model, "optimizer", None)
        if path == f"{optimizer_path}/inner_optimizer":
            optimizer = getattr(optimizer, "inner_optimizer", None)
        elif path != optimizer_path:
            optimizer = None
        if optimizer is None or len(entry) != len(optimizer.variables):
            return entry
        return {str(now): entry[str(then)] for now, then in enumerate(old_places(old_model, optimizer))}

    store.get = get_redirected
    store.has_path = lambda path: has_path(redirected(path))


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

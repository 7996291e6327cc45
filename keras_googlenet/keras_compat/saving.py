"""How Keras lays out its own files of weights, and a way to have it load a model's layers by their names.

Keras puts a layer's weights into a group that is called by the layer's class and place, `layers/dense_1`, and loads by
the same rule. Another head moves the places, and a layer would be given another's weights wherever the shapes agree.
The groups also record the names of their layers.

Why: `load_weights` knows no `by_name` for these files. What breaks it: a store handing out a model's place in the file
otherwise than by `_h5_entry_path`, its files otherwise than by `h5_file` and `sharding_config`, and groups otherwise
than by `get(path)` and `has_path(path)`; or groups called otherwise than by class and place.
"""

import contextlib
import re
from collections.abc import Callable, Mapping
from typing import Any

import h5py
import keras


class SavedLayers:
    """A model's layers in a file that Keras is about to load it from.

    Args:
        store: What Keras hands to `load_own_variables`, opened for reading at the model's place in the file.

    Attributes:
        groups: Each layer's group by the name that it records; empty where the file records none.
        with_variables: Names of the layers that have variables.
    """

    def __init__(self, store: Any):
        self._store = store
        path = getattr(store, "_h5_entry_path", None)  # which only HDF5 has
        self._root = f"{path}/" if path else ""
        names, weighty = _recorded(store, f"{self._root}layers/") if path is not None else ({}, set())
        self.groups = {name: group for group, name in names.items()}
        if None in self.groups or len(self.groups) < len(names):
            self.groups = {}  # of a version of Keras that recorded none
        self.with_variables = [name for name, group in self.groups.items() if group in weighty]

    def redirect(self, groups: Mapping[str, str], entry_of: Callable[[str, Any], Any]) -> None:
        """Puts other groups behind those that Keras asks for, until the store is closed.

        Args:
            groups: The group to read for a group that Keras asks for.
            entry_of: Function of a path within the model's part of the file, such as `optimizer`, and of the entry that
                is there; it returns the entry to use.
        """
        layers, get, has_path = f"{self._root}layers/", self._store.get, self._store.has_path

        def redirected(path):
            group, slash, rest = path.removeprefix(layers).partition("/")
            return layers + groups.get(group, group) + slash + rest if path.startswith(layers) else path

        self._store.get = lambda path: entry_of(path.removeprefix(self._root), get(redirected(path)))
        self._store.has_path = lambda path: has_path(redirected(path))


def expected_groups(layers: list[keras.layers.Layer]) -> dict[keras.layers.Layer, str]:
    """Which group Keras will look into for each of a model's layers."""
    counts: dict[str, int] = {}
    groups = {}
    for layer in layers:
        kind = kind_of(layer)
        count = counts[kind] = counts.get(kind, -1) + 1
        groups[layer] = f"{kind}_{count}" if count else kind
    return groups


def kind_of(layer: keras.layers.Layer) -> str:
    """What a layer's class is called in a group's name: `Conv2D` is `conv2d`, `MaxPooling2D` is `max_pooling2d`."""
    name = re.sub(r"\W+", "", type(layer).__name__)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def place_of(group: str) -> tuple[str, int]:
    """The class of a group's layer and its place among those of the class: `("dense", 1)` for `dense_1`."""
    kind, _, index = group.rpartition("_")
    return (kind, int(index)) if index.isdigit() and kind else (group, 0)


def _recorded(store, layers):
    """The names of a file's layers by their groups, and the groups that hold variables."""
    names, weighty = {}, set()
    with contextlib.ExitStack() as opened:
        for file in _files(store, opened):
            for group in file.get(layers, ()):
                variables = file.get(f"{layers}{group}/vars", {})
                name = getattr(variables, "attrs", {}).get("name")
                names[group] = names.get(group) or name  # of one that goes on in another file, only the first tells
                weighty |= {group} if len(variables) else set()
    return names, weighty


def _files(store, opened):
    """The HDF5 files behind a store: one, or those that a `.weights.json` lists."""
    if not hasattr(store, "sharding_config"):
        return [store.h5_file]
    listed = store.sharding_config["weight_map"].values()
    names = {name for names in listed for name in ([names] if isinstance(names, str) else names)}
    return [opened.enter_context(h5py.File(store.path.with_name(name), "r")) for name in sorted(names)]

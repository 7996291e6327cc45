"""A saved model made anew: from its configuration, which is checked first, and from arrays, not from Keras's own file.

Why: `keras.saving.load_model` gives the file to the HDF5 library, which damaged ones let crash and hang, makes layers
of any size, and imports any module of Keras's packages that a configuration names. What breaks it: `_load_state` and
`H5IOStore` of `saving_lib`, by which a model's weights are loaded from a store; configurations with other names for a
class and its module.
"""

import sys
from typing import Any

import keras
from keras.src.saving import saving_lib
from keras.src.saving.serialization_lib import ObjectSharingScope

from keras_googlenet.keras_compat.watching import watched
from keras_googlenet.utils.messages import shown

MAX_OBJECTS, DEEPEST, DEEPEST_OBJECT = 20_000, 200, 12
"""Most objects in a configuration (the largest of keras.applications has 9,000), most levels of it, and most objects
within each other."""

_PACKAGES = ("keras", "keras_hub", "keras_googlenet")

UNSUITABLE = frozenset((
    "StringLookup", "IntegerLookup", "TextVectorization", "Hashing", "HashedCrossing", "CategoryEncoding",
    "Discretization", "FeatureSpace", "MelSpectrogram", "STFTSpectrogram", "TFSMLayer", "TorchModuleWrapper",
    "JaxLayer", "FlaxLayer",
))  # fmt: skip
"""Layers for text and sound, which read files or allocate what they are told to, and other frameworks' code."""


def revive(config: dict[str, Any], root: Any, size: int) -> keras.Model:
    """A model from what its file holds.

    Args:
        config: The file's configuration, JSON.
        root: The file's tree of groups, a `weights.hdf5.tree.Group`.
        size: Bytes of the tree's numbers.

    Returns:
        The model, not compiled.

    Raises:
        Exception: Of many kinds: the configuration is no model's or asks for more than is stored, or the weights do
            not fit.
    """
    check(config)
    with watched(2 * size + (1 << 20)), ObjectSharingScope():
        model = keras.saving.deserialize_keras_object({**config, "compile_config": None}, safe_mode=True)
    if not isinstance(model, keras.Model):
        raise ValueError("its configuration describes no model")
    failed: dict[int, Any] = {}
    saving_lib._load_state(
        model,
        weights_store=_Store(root),
        assets_store=None,
        inner_path="",
        visited_saveables=set(),
        failed_saveables=set(),
        error_msgs=failed,
    )
    if failed:
        part, error = next(iter(failed.values()))
        raise ValueError(f"{getattr(part, 'name', type(part).__name__)}: {error}") from error
    return model


def check(config: Any) -> None:
    """Refuses configurations of too many parts, and of parts that are no network's.

    Args:
        config: JSON.

    Raises:
        ValueError: The message says what.
    """
    if not isinstance(config, dict):
        raise ValueError("its configuration describes no model")
    objects = 0
    left: list[tuple[Any, int, int, int]] = [(config, 0, 0, 1)]
    while left:
        value, depth, within, times = left.pop()
        calls = 1
        if isinstance(value, dict) and isinstance(value.get("class_name"), str):
            objects, within = objects + times, within + 1
            _check_object(value)
            nodes = value.get("inbound_nodes")  # each a call of all that is within
            calls = max(len(nodes), 1) if isinstance(nodes, list) else 1
        if depth > DEEPEST or within > DEEPEST_OBJECT:
            raise ValueError("its configuration is nested too deep")
        if objects > MAX_OBJECTS:
            raise ValueError(f"its configuration has more than {MAX_OBJECTS:,} parts, each as often as it is called")
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        left += [
            (part, depth + 1, within, times * calls if key == "config" else times)
            for key, part in inner
            if isinstance(part, (dict, list))
        ]


def _check_object(value):
    kind, module = value["class_name"], value.get("module")
    name = value.get("registered_name") or kind
    if kind.rpartition(">")[2] in UNSUITABLE:
        raise ValueError(f"it has a layer {kind!r}, which no network of images needs")
    known = isinstance(name, str) and keras.saving.get_registered_object(name) is not None
    if module is None or module == "builtins" or known or kind.startswith("__"):
        return
    package = str(module).partition(".")[0]
    if package not in _PACKAGES or module not in sys.modules:  # none is imported because a file says so
        raise ValueError(f"it needs {shown(kind)} of the module {shown(module)}, which is not registered with Keras")


class _Store(saving_lib.H5IOStore):
    """A tree of arrays as what Keras loads weights from."""

    def __init__(self, root):
        self.mode, self.h5_file = "r", root
        self._h5_entry_path, self._h5_entry_group = None, {}

    def __bool__(self):
        return True

    def get(self, path):
        old = path.replace("layers", "_layer_checkpoint_dependencies")
        groups = (self.h5_file.get(f"{place}/vars") for place in (path, old))
        self._h5_entry_path = path
        self._h5_entry_group = next((group for group in groups if isinstance(group, dict)), {})
        return self

    def has_path(self, path):
        return self.h5_file.get(path) is not None

    def __getitem__(self, key):
        return self._h5_entry_group[key].read()

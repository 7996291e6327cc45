"""A network's tensors among all that training scripts put into a checkpoint of PyTorch's.

The network's state dict stands beside the optimizer's, under a key that each script chooses, and wrappers
(`DataParallel`, `torch.compile`, Lightning) put prefixes before its names. It is told by its first tensor.
"""

import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_googlenet.utils.messages import few
from keras_googlenet.weights.reader import check_names

FIRST = "conv1.conv.weight"
"""What torchvision calls the first tensor of googlenet."""

CONTAINERS = ("state_dict", "model_state_dict", "model", "net", "network", "weights")
"""Where training scripts put the state dict, the likelier first."""

DEPTH = 4
"""How many dicts may stand around it. A pickle may hold a dict that is within itself."""

_WRAPPERS = re.compile(r"(?:^|(?<=\.))(?:_orig_mod|module|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
_AVERAGED = re.compile(r"(?<![a-z])(ema|swa|averaged?)(?![a-z])")
_UNUSED = ("num_batches_tracked", "n_averaged", "_extra_state")  # counts of batches, and what is no tensor


def state_dict(path: Path, content: Any) -> Any:
    """Finds the network's state dict in what a file holds. Averaged weights (EMA) go before those they are made from.

    Args:
        path: The file, for warnings.
        content: What `torch.load` returns.

    Returns:
        The state dict; of another network's checkpoint what is most likely to be one.
    """
    if found := dict(_found(content)):
        return found[_chosen(path, list(found))]
    for _ in range(DEPTH):
        inner = [content[key] for key in CONTAINERS if isinstance(content, dict) and isinstance(content.get(key), dict)]
        content = inner[0] if inner else content
    return content


def network(path: Path, state: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Gives the tensors of a state dict their names in the network, without the prefixes of wrappers.

    Args:
        path: The file, for warnings.
        state: Tensors by name.

    Returns:
        Names and tensors; two may have come to one name. What stands beside the network keeps its whole name, and is
        left out, with a warning, where the network has a classifier of its own.

    Raises:
        ValueError: There are more tensors than in any network, or a name is too long.
    """
    check_names(state)
    pairs = [(_plain(name), value) for name, value in state.items() if not str(name).endswith(_UNUSED)]
    prefixes = [name.removesuffix(FIRST) for name, _ in pairs if f".{name}".endswith(f".{FIRST}")]
    if not prefixes:
        return pairs
    prefix = _chosen(path, prefixes)
    inside = [(name.removeprefix(prefix), value) for name, value in pairs if name.startswith(prefix)]
    beside = [(name, value) for name, value in pairs if not name.startswith(tuple(prefixes))]
    if not any(name.startswith("fc.") for name, _ in inside):
        return inside + beside
    if beside:
        left = few([name for name, _ in beside])
        warnings.warn(f"{path} has more than the network {prefix!r}, which is left out: {left}", stacklevel=2)
    return inside


def _found(content: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The dicts that hold a network of this kind, with the keys that lead to them; each dict is looked at once."""
    level, seen = [("", content)] if isinstance(content, dict) else [], set[int]()
    for _ in range(DEPTH):
        dicts, level = level, []
        for name, inner in dicts:
            if id(inner) in seen:
                continue
            seen.add(id(inner))
            if any(f".{_plain(key)}".endswith(f".{FIRST}") for key in inner):
                yield name, inner
            else:
                inside = [(key, value) for key, value in inner.items() if isinstance(value, dict)]
                level += [(f"{name}.{str(key)[:100]}".lstrip("."), value) for key, value in inside]


def _chosen(path: Path, names: list[str]) -> str:
    """One of several networks, by the keys or prefixes that lead to them."""
    averaged = [name for name in names if _AVERAGED.search(name.lower())]
    known = [name for container in CONTAINERS for name in names if name.strip(".") == container]
    chosen = [*averaged, *known, *names][0]
    if len(names) > 1:
        why = ", whose weights are averages" if averaged else ""
        warnings.warn(f"{path} holds {len(names)} networks: {few(names)}. Taken: {chosen!r}{why}", stacklevel=2)
    return chosen


def _plain(name: Any) -> str:
    """A tensor's name without the parts that wrappers of modules put into it."""
    return _WRAPPERS.sub("", str(name))

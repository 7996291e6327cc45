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

FIRST = "conv1.conv.weight"
"""What torchvision calls the first tensor of googlenet."""

CONTAINERS = ("state_dict", "model_state_dict", "model", "net", "network", "weights")
"""Where training scripts put the state dict, the likelier first."""

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
    inner = content
    while isinstance(inner, dict):
        content = inner
        inner = next((content[key] for key in CONTAINERS if isinstance(content.get(key), dict)), None)
    return content


def network(path: Path, state: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Gives the tensors of a state dict their names in the network, without the prefixes of wrappers.

    Args:
        path: The file, for warnings.
        state: Tensors by name.

    Returns:
        Names and tensors; two may have come to one name. What stands beside the network keeps its whole name, and is
        left out, with a warning, where the network has a classifier of its own.
    """
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


def _found(content: Any, name: str = "", depth: int = 4) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The dicts that hold a network of this kind, with the keys that lead to them."""
    if isinstance(content, dict) and depth:
        if any(f".{_plain(key)}".endswith(f".{FIRST}") for key in content):
            yield name, content
        else:
            for key, value in content.items():
                yield from _found(value, f"{name}.{key}".lstrip("."), depth - 1)


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

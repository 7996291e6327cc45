"""`torchvision.models.googlenet`'s state dicts, read and written.

It is another network than the paper's: batch normalization after each convolution, 3x3 windows in place of 5x5, no
local response normalization, a pool of 2x2 before inception_5a; the variant `torchvision`. What its file does not say
is how its pixels are to be scaled: torchvision's pretrained network (`transform_input=True`) sees `x / 127.5 - 1`, x
being RGB in 0-255, and so does the variant here, whose layer `pixels` makes that of this package's pixels.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from keras_googlenet.extras import optional
from keras_googlenet.weights.files import WeightsError, check_size, collect, existing_file, reading

STEM = {"conv1": "conv1_7x7_s2", "conv2": "conv2_3x3_reduce", "conv3": "conv2_3x3"}

BRANCHES = {
    "branch1": "1x1",
    "branch2.0": "3x3_reduce",
    "branch2.1": "3x3",
    "branch3.0": "5x5_reduce",
    "branch3.1": "5x5",  # its window is 3x3
    "branch4.1": "pool_proj",
}

LINEAR = {"aux1.fc1": "aux1_fc", "aux1.fc2": "aux1", "aux2.fc1": "aux2_fc", "aux2.fc2": "aux2", "fc": "predictions"}

GRID = 4
"""Side of the map that the auxiliary heads flatten: channels first in PyTorch, last in Keras."""

BATCH_NORM = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}

_UNUSED = ".bn.num_batches_tracked"  # counts batches where the momentum is a mean's


def require() -> ModuleType:
    """Returns the `torch` package, which is an extra.

    Raises:
        WeightsError: If it is not installed.
    """
    return optional("torch", "Reading and writing .pth files needs PyTorch", extra="torch", error=WeightsError)


def read(path: str | Path) -> dict[str, np.ndarray]:
    """Reads a state dict of `torchvision.models.googlenet`.

    Only tensors are read (PyTorch's `weights_only`): a pickle that would run code is refused.

    Args:
        path: The `.pth` or `.pt` file.

    Returns:
        Arrays by `"<keras layer>/<variable>"`: HWIO and (in, out). Tensors that are not torchvision's are kept under
        their names, so that a strict transfer reports them.

    Raises:
        WeightsError: If PyTorch is not installed, or the file is missing, damaged, too large, or holds anything but
            a dict of tensors.
    """
    path = existing_file(path)
    torch = require()
    check_size(path, path.stat().st_size)
    with reading(path, "a state dict of tensors, as torch.save(model.state_dict()) writes it"):
        state = torch.load(path, map_location="cpu", weights_only=True)
        for key in ("state_dict", "model"):  # of training scripts
            if isinstance(state, dict) and isinstance(state.get(key), dict):
                state = state[key]
        if not isinstance(state, dict):
            raise ValueError(f"it holds {type(state).__name__}")
        return collect(path, _named(_arrays(path, torch, state)))


def write(path: str | Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes a state dict that `torchvision.models.googlenet` loads with `strict=True`.

    Args:
        path: The file to write.
        arrays: Arrays by `"<keras layer>/<variable>"` of the variant `torchvision`; with the auxiliary heads it is for
            `aux_logits=True`, without them for `aux_logits=False`.

    Raises:
        WeightsError: If PyTorch is not installed, or the arrays are another variant's.
    """
    torch = require()
    names = _keras_to_torch(arrays)
    foreign = [
        name
        for name, array in arrays.items()
        if name.rpartition("/")[0] not in names or (name.endswith("_5x5/kernel") and array.shape[0] != 3)
    ]
    if foreign or not any(name.endswith("_bn/gamma") for name in arrays):
        raise WeightsError(
            "A .pth file holds torchvision's network, which has batch normalization: the variant `torchvision`. Save "
            f"this one as .keras or .weights.h5. Received: {(foreign or list(arrays))[0]!r} among {len(arrays)} arrays"
        )
    state = {}
    for name, array in arrays.items():
        layer, _, variable = name.rpartition("/")
        module = names[layer]
        if variable == "kernel":
            value = array.transpose(3, 2, 0, 1) if array.ndim == 4 else _to_chw(layer, array).T
            state[f"{module}.weight"] = value
        elif layer.endswith("_bn"):
            parts = {ours: theirs for theirs, ours in BATCH_NORM.items()}
            state[f"{module}.{parts[variable]}"] = array
            state[f"{module}.num_batches_tracked"] = np.zeros((), "int64")
        else:
            state[f"{module}.{variable}"] = array
    torch.save({name: torch.from_numpy(np.array(value, order="C")) for name, value in state.items()}, path)


def _arrays(path: Path, torch: ModuleType, state: Mapping[Any, Any]) -> Iterator[tuple[str, np.ndarray]]:
    tensors = {str(name).removeprefix("module."): value for name, value in state.items()}
    wrong = [name for name, value in tensors.items() if not isinstance(value, torch.Tensor)]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is no tensor")
    # A view may claim more numbers than the file has.
    check_size(path, sum(value.numel() * value.element_size() for value in tensors.values()))
    for name, value in tensors.items():
        if not name.endswith(_UNUSED):
            yield name, value.float().numpy() if value.dtype == torch.bfloat16 else value.numpy()


def _named(arrays: Iterator[tuple[str, np.ndarray]]) -> Iterator[tuple[str, np.ndarray]]:
    for name, array in arrays:
        module, _, variable = name.rpartition(".")
        if module in LINEAR:
            value = array.T if array.ndim == 2 else array
            if module.endswith(".fc1") and array.ndim == 2 and not array.shape[1] % GRID**2:
                value = _from_chw(value)
            yield f"{LINEAR[module]}/{'kernel' if variable == 'weight' else variable}", value
            continue
        block, _, part = module.rpartition(".")
        layer = _layer(block)
        if layer is not None and part == "conv" and variable == "weight" and array.ndim == 4:
            yield f"{layer}/kernel", array.transpose(2, 3, 1, 0)
        elif layer is not None and part == "bn" and variable in BATCH_NORM:
            yield f"{layer}_bn/{BATCH_NORM[variable]}", array
        else:
            yield name, array


def _layer(block: str) -> str | None:
    """The Keras layer of one of torchvision's convolutions."""
    if block in STEM:
        return STEM[block]
    if block in ("aux1.conv", "aux2.conv"):
        return block.replace(".", "_")
    match = re.fullmatch(r"inception(\d[a-e])\.(.+)", block)
    return f"inception_{match[1]}_{BRANCHES[match[2]]}" if match and match[2] in BRANCHES else None


def _keras_to_torch(arrays: Mapping[str, np.ndarray]) -> dict[str, str]:
    """From this package's layers to torchvision's modules."""
    names = {ours: theirs for theirs, ours in LINEAR.items()}
    blocks = {ours: theirs for theirs, ours in STEM.items()} | {f"aux{n}_conv": f"aux{n}.conv" for n in (1, 2)}
    for name in arrays:
        match = re.fullmatch(r"inception_(\d[a-e])_(.+)/kernel", name)
        for theirs, ours in BRANCHES.items() if match else ():
            if match[2] == ours:
                blocks[f"inception_{match[1]}_{ours}"] = f"inception{match[1]}.{theirs}"
    for ours, theirs in blocks.items():
        names[ours], names[f"{ours}_bn"] = f"{theirs}.conv", f"{theirs}.bn"
    return names


def _from_chw(kernel: np.ndarray) -> np.ndarray:
    rows, units = kernel.shape
    return kernel.reshape(rows // GRID**2, GRID, GRID, units).transpose(1, 2, 0, 3).reshape(rows, units)


def _to_chw(layer: str, kernel: np.ndarray) -> np.ndarray:
    if layer not in ("aux1_fc", "aux2_fc"):
        return kernel
    rows, units = kernel.shape
    return kernel.reshape(GRID, GRID, rows // GRID**2, units).transpose(2, 0, 1, 3).reshape(rows, units)

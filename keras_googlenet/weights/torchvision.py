"""`torchvision.models.googlenet`'s state dicts, read and written.

It is another network than the paper's: batch normalization after each convolution, 3x3 windows in place of 5x5, no
local response normalization, a pool of 2x2 before inception_5a; the variant `torchvision`. What its file does not say
is how its pixels are to be scaled: torchvision's pretrained network (`transform_input=True`) sees `x / 127.5 - 1`, x
being RGB in 0-255, and so does the variant here, whose layer `pixels` makes that of this package's pixels.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from keras_googlenet.weights import pytorch
from keras_googlenet.weights.reader import WeightsError, collect

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


def read(path: str | Path) -> dict[str, np.ndarray]:
    """Reads the weights of `torchvision.models.googlenet`: a state dict, or a checkpoint that has one in it.

    Only tensors are read (PyTorch's `weights_only`): a pickle that would run code is refused.

    Args:
        path: The `.pth` or `.pt` file.

    Returns:
        Arrays by `"<keras layer>/<variable>"`: HWIO and (in, out). Tensors that are not torchvision's are kept under
        their names, so that a strict transfer reports them.

    Raises:
        WeightsError: If PyTorch is not installed, or the file is missing, damaged, too large, or has no state dict.
    """
    return collect(Path(path), _named(pytorch.read(path)))


def read_safetensors(path: str | Path) -> dict[str, np.ndarray]:
    """Reads a `.safetensors` file with torchvision's names as `read` reads the others.

    Raises:
        WeightsError: If the library is not installed, or the file is missing, damaged or too large.
    """
    return collect(Path(path), _named(pytorch.read_safetensors(path)))


def write(path: str | Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes a state dict that `torchvision.models.googlenet` loads with `strict=True`.

    Args:
        path: The file to write.
        arrays: Arrays by `"<keras layer>/<variable>"` of the variant `torchvision`; with the auxiliary heads it is for
            `aux_logits=True`, without them for `aux_logits=False`.

    Raises:
        WeightsError: If PyTorch is not installed, or the arrays are another variant's.
    """
    torch = pytorch.require()
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


def _named(arrays: Mapping[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    for name, array in arrays.items():
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

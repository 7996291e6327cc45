"""`torchvision.models.googlenet`'s state dicts: their names, and how they are written.

It is another network than the paper's: batch normalization after each convolution, 3x3 windows in place of 5x5, no
local response normalization, a pool of 2x2 before inception_5a; the variant `torchvision`. What its file does not say
is how its pixels are to be scaled: torchvision's pretrained network (`transform_input=True`) sees `x / 127.5 - 1`, x
being RGB in 0-255, and so does the variant here, whose layer `pixels` makes that of this package's pixels.
"""

import io
from pathlib import Path

import numpy as np

from keras_googlenet.utils.extras import optional
from keras_googlenet.weights.layouts import chw_to_hwc, hwc_to_chw, joined_names, to_hwio, to_oihw
from keras_googlenet.weights.reader import Arrays, Named, WeightsError

STEM = {"conv1": "conv1_7x7_s2", "conv2": "conv2_3x3_reduce", "conv3": "conv2_3x3"}

BRANCHES = {
    "branch1": "1x1",
    "branch2.0": "3x3_reduce",
    "branch2.1": "3x3",
    "branch3.0": "5x5_reduce",
    "branch3.1": "5x5",  # its window is 3x3
    "branch4.1": "pool_proj",
}

BLOCKS = [f"{group}{letter}" for group in range(10) for letter in "abcde"]
"""Of these torchvision's own network has 3a to 5b; a table of one's own may have others."""

CONVOLUTIONS = STEM | {"aux1.conv": "aux1_conv", "aux2.conv": "aux2_conv"}
CONVOLUTIONS |= joined_names({f"inception{block}.": f"inception_{block}_" for block in BLOCKS}, BRANCHES)

LINEAR = {"aux1.fc1": "aux1_fc", "aux1.fc2": "aux1", "aux2.fc1": "aux2_fc", "aux2.fc2": "aux2", "fc": "predictions"}

NORM = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}

KERAS_NAMES = joined_names(LINEAR, {".weight": "/kernel", ".bias": "/bias"})
KERAS_NAMES |= joined_names(CONVOLUTIONS, {".conv.weight": "/kernel"} | joined_names({".bn.": "_bn/"}, NORM))

TORCH_NAMES = {ours: theirs for theirs, ours in KERAS_NAMES.items()}

FLATTENED = ("aux1_fc/kernel", "aux2_fc/kernel")
"""Kernels that read a flattened map: channels first in PyTorch, last in Keras."""

GRID = 4
"""Side of that map."""


def from_torchvision(arrays: Arrays) -> Named:
    """Gives torchvision's arrays this package's names and layouts.

    Args:
        arrays: The network's arrays by PyTorch's names. Those that are not torchvision's are kept under their names, so
            that a strict assignment reports them.

    Yields:
        `"<keras layer>/<variable>"` and an array: HWIO or (in, out).
    """
    for theirs, array in arrays.items():
        name = KERAS_NAMES.get(theirs, theirs)
        if name.endswith("/kernel"):
            array = to_hwio(array)
        if name in FLATTENED and array.ndim == 2 and not array.shape[0] % GRID**2:
            array = chw_to_hwc(array, channels=array.shape[0] // GRID**2)
        yield name, array


def write(path: Path, arrays: Arrays) -> None:
    """Writes a state dict that `torchvision.models.googlenet` loads with `strict=True`.

    Args:
        path: The file to write.
        arrays: Arrays by `"<keras layer>/<variable>"` of the variant `torchvision`; with the auxiliary heads it is for
            `aux_logits=True`, without them for `aux_logits=False`.

    Raises:
        WeightsError: If PyTorch is not installed, or the arrays are another variant's.
    """
    torch = optional("torch", "Writing .pth files needs PyTorch", "torch", error=WeightsError)
    wide = {name for name, array in arrays.items() if name.endswith("_5x5/kernel") and array.shape[0] != 3}
    foreign = [name for name in arrays if name not in TORCH_NAMES or name in wide]
    if foreign or not any(name.endswith("_bn/gamma") for name in arrays):
        raise WeightsError(
            "A .pth file holds torchvision's network, which has batch normalization: the variant `torchvision`. Save "
            f"this one as .keras or .weights.h5. Received: {(foreign or list(arrays))[0]!r} among {len(arrays)} arrays"
        )
    state = {}
    for name, array in arrays.items():
        theirs = TORCH_NAMES[name]
        if name in FLATTENED:
            array = hwc_to_chw(array, channels=array.shape[0] // GRID**2)
        state[theirs] = to_oihw(array) if name.endswith("/kernel") else array
        if theirs.endswith(".bn.weight"):
            state[theirs.replace("weight", "num_batches_tracked")] = np.zeros((), "int64")
    file = io.BytesIO()  # of a full disk PyTorch says little
    torch.save({name: torch.from_numpy(np.array(value, order="C")) for name, value in state.items()}, file)
    path.write_bytes(file.getbuffer())

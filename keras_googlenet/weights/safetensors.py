"""Hugging Face's `.safetensors`: the length of a JSON, the JSON, the numbers. Named as torchvision's network."""

import json
import math
from pathlib import Path

import ml_dtypes
import numpy as np

from keras_googlenet.weights import torch_checkpoints
from keras_googlenet.weights.reader import Named, content

KIND = "a .safetensors file"

MAX_HEADER = 4 << 20
"""Most bytes of the JSON, of which a network of 300 tensors takes 40,000."""

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": ml_dtypes.bfloat16, "BOOL": "?"} | {
    f"{kind.upper()}{8 * size}": f"<{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)
}


def read(path: Path) -> Named:
    """Reads a network from a `.safetensors` file, as `pytorch.read` does from PyTorch's own.

    Args:
        path: The file.

    Returns:
        The name in the network (see `torch_checkpoints.network`) and the array of each tensor.

    Raises:
        WeightsError: If the file is too large.
        ValueError: It is no such file, or declares tensors that are not side by side in it.
    """
    whole = content(path)
    length = int.from_bytes(whole[:8], "little")
    if bytes(whole[8:9]) != b"{" or length > min(MAX_HEADER, len(whole) - 8):
        raise ValueError("it does not begin as .safetensors files do")
    header, numbers = json.loads(bytes(whole[8 : 8 + length])), whole[8 + length :]
    header.pop("__metadata__", None)
    end, arrays = 0, {}
    for name, tensor in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        kind, shape, (begin, next_one) = tensor["dtype"], tensor["shape"], tensor["data_offsets"]
        if kind not in _TYPES:
            raise ValueError(f"it has numbers of type {str(kind)[:50]}")
        if not all(isinstance(side, int) and side >= 0 for side in (*shape, next_one)) or begin != end:
            raise ValueError(f"the tensor {name[:100]!r} is not where the last one ends")
        if next_one - begin != math.prod(shape) * np.dtype(_TYPES[kind]).itemsize:
            raise ValueError(f"the tensor {name[:100]!r} has the shape {shape} in {next_one - begin} bytes")
        arrays[name] = np.frombuffer(numbers[begin:next_one], _TYPES[kind]).reshape(shape)
        end = next_one
    if end != len(numbers):
        raise ValueError(f"its tensors take {end:,} of {len(numbers):,} bytes")
    return torch_checkpoints.network(path, arrays)

"""PyTorch's files: the arrays of a network, by PyTorch's names. Nothing but tensors is made of what they hold."""

import pickle
import re
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from keras_googlenet.weights import torch_checkpoints
from keras_googlenet.weights.reader import Named, WeightsError, check_size, library

KIND = "a state dict of tensors, as torch.save(model.state_dict()) writes it"

_BEGINNINGS = (b"PK\x03\x04", b"\x80")  # of an archive, and of the pickle that files before PyTorch 1.6 are

_SAFETENSORS = {"F64": "f8", "F32": "f4", "F16": "f2", "BOOL": "?"} | {
    f"{kind.upper()}{8 * size}": f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)
}


class Unread:
    """Stands for an object of a class that is no tensor: what a file says of it is dropped, and no code of it runs."""

    kind = ""

    def __new__(cls, *_, **__):
        """Takes whatever the file would give the class."""
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        """Takes whatever the file would give the object."""


def is_pytorch(path: str | Path) -> bool:
    """Tells PyTorch's files (Lightning's `.ckpt`) by how they begin: TensorFlow's have the same suffix.

    Args:
        path: A path, with or without a file.
    """
    path = Path(path)
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4).startswith(_BEGINNINGS)


def read(path: Path) -> Named:
    """Reads a network from a file of `torch.save`: a state dict, or a checkpoint that has one in it.

    Only tensors are read (PyTorch's `weights_only`). Other objects, such as a training script's arguments, are passed
    over.

    Args:
        path: The file.

    Returns:
        The name in the network (see `torch_checkpoints.network`) and the array of each tensor.

    Raises:
        WeightsError: If PyTorch is not installed, or the file is too large or holds more than tensors.
        ValueError: It is no file of `torch.save`, or has no state dict.
    """
    check_size(path, path.stat().st_size)
    if not is_pytorch(path):
        raise ValueError("it does not begin as PyTorch's files do")
    torch = library("torch")
    state = torch_checkpoints.state_dict(path, _loaded(path, torch))
    for value in state.values() if isinstance(state, dict) else [state]:
        if isinstance(value, Unread):
            raise _refusal(path, f"a pickled object of {value.kind}")
    if not isinstance(state, dict):
        raise ValueError(f"it holds {type(state).__name__}")
    tensors = torch_checkpoints.network(path, state)
    if wrong := [name for name, value in tensors if not isinstance(value, torch.Tensor)]:
        raise ValueError(f"{wrong[0]!r} is no tensor")
    # A view may claim more numbers than the file has.
    check_size(path, sum(value.numel() * value.element_size() for _, value in tensors))
    for name, value in tensors:
        yield name, (value.float() if value.dtype == torch.bfloat16 else value).detach().numpy()


def read_safetensors(path: Path) -> Named:
    """Reads a network from a `.safetensors` file, as `read` does from the others.

    Raises:
        WeightsError: If the library is not installed, or the file is too large.
        ValueError: It is no such file.
    """
    check_size(path, path.stat().st_size)
    content = path.read_bytes()
    if content[8:9] != b"{":
        raise ValueError("it does not begin as .safetensors files do")
    arrays = {name: _decoded(**tensor) for name, tensor in library("safetensors").deserialize(content)}
    return torch_checkpoints.network(path, arrays)


def _loaded(path: Path, torch: ModuleType) -> Any:
    foreign = []
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(name.endswith("/constants.pkl") for name in archive.namelist()):
                raise _refusal(path, "a TorchScript program")
        foreign = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    stand_ins = [(type("Unread", (Unread,), {"kind": name}), name) for name in foreign]
    try:
        with torch.serialization.safe_globals(stand_ins):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if match := re.search(r"Unsupported global: GLOBAL (\S+)", str(error)):  # of the older format
            raise _refusal(path, f"a pickled object of {match[1]}") from error
        raise


def _refusal(path: Path, what: str) -> WeightsError:
    return WeightsError(
        f"Cannot read {path}: it holds {what}, whose code would have to run. Expected tensors alone; in PyTorch, save "
        f"those with torch.save(model.state_dict(), ...). Received: {path.stat().st_size:,} bytes"
    )


def _decoded(dtype: str, shape: list[int], data: bytes) -> np.ndarray:
    if dtype == "BF16":  # the upper half of a float32
        return (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4").reshape(shape)
    if dtype not in _SAFETENSORS:
        raise ValueError(f"it has numbers of type {dtype}")
    return np.frombuffer(data, f"<{_SAFETENSORS[dtype]}").reshape(shape)

"""PyTorch's files: the arrays of a network, by PyTorch's names. Nothing but tensors is made of what they hold.

`torch.save` writes an archive with a pickle and a member for the numbers of each storage; before PyTorch 1.6 it wrote
five pickles, and the numbers behind them. PyTorch itself is not needed to read them.
"""

import io
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

import ml_dtypes
import numpy as np

from keras_googlenet.utils import archives
from keras_googlenet.weights import pickles, torch_checkpoints
from keras_googlenet.weights.reader import Named, WeightsError, check_size, content

KIND = "a state dict of tensors, as torch.save(model.state_dict()) writes it"

_BEGINNINGS = (b"PK\x03\x04", b"\x80")  # of an archive, and of the pickle that files before PyTorch 1.6 are

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001  # the first two pickles of such a file

_STORAGES = {
    "Double": "<f8", "Float": "<f4", "Half": "<f2", "BFloat16": ml_dtypes.bfloat16, "Long": "<i8", "Int": "<i4",
    "Short": "<i2", "Char": "i1", "Byte": "u1", "Bool": "?", "Untyped": "u1",
}  # fmt: skip

_TYPES = {"torch.uint16": "<u2", "torch.uint32": "<u4", "torch.uint64": "<u8"}  # which have no storage of their own

Numbers = Callable[[pickles.Storage], np.ndarray]
"""Finds the numbers of a storage in a file."""


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

    Only tensors are read. Other objects, such as a training script's arguments, are passed over.

    Args:
        path: The file.

    Yields:
        The name in the network (see `torch_checkpoints.network`) and the array of each tensor.

    Raises:
        WeightsError: If the file is too large or holds more than tensors.
        ValueError: It is no file of `torch.save`, or has no state dict.
    """
    if not is_pytorch(path):
        raise ValueError("it does not begin as PyTorch's files do")
    with path.open("rb") as file:
        kind = _archive if file.read(1) == b"P" else _pickles
    with kind(path) as (found, numbers):
        state = torch_checkpoints.state_dict(path, found)
        for value in state.values() if isinstance(state, dict) else [state]:
            if isinstance(value, pickles.Unread):
                raise _refusal(path, f"a pickled object of {value.kind[:100]}")
        if not isinstance(state, dict):
            raise ValueError(f"it holds {type(state).__name__}")
        tensors = torch_checkpoints.network(path, state)
        if wrong := [name for name, value in tensors if not isinstance(value, pickles.Tensor)]:
            raise ValueError(f"{wrong[0][:100]!r} is no tensor")
        # Tensors may share their numbers, and so be more than the file has.
        check_size(path, sum(math.prod(tensor.shape) * _dtype(tensor.storage).itemsize for _, tensor in tensors))
        for name, tensor in tensors:
            yield name, _array(name, tensor, numbers)


@contextmanager
def _archive(path: Path) -> Iterator[tuple[object, Numbers]]:
    with archives.opened(path, partial(check_size, path)) as archive:
        names = archive.namelist()
        if any(name.endswith("/constants.pkl") for name in names):
            raise _refusal(path, "a TorchScript program")
        pickled = [name for name in names if name.endswith("/data.pkl")]
        if len(pickled) != 1:
            raise ValueError(f"it has {len(pickled)} members data.pkl")
        folder = pickled[0].removesuffix("data.pkl")
        order = f"{folder}byteorder"
        if order in names and bytes(archives.content(archive, archive.getinfo(order))) != b"little":
            raise ValueError("its numbers are big-endian")

        @cache  # by the key: tensors may describe one storage in many ways
        def stored(key: str) -> memoryview:
            return archives.content(archive, archive.getinfo(f"{folder}data/{key}"))

        def numbers(storage: pickles.Storage) -> np.ndarray:
            return np.frombuffer(stored(storage.key), _dtype(storage), storage.count)

        yield pickles.load(io.BytesIO(archives.content(archive, archive.getinfo(pickled[0])))), numbers


@contextmanager
def _pickles(path: Path) -> Iterator[tuple[object, Numbers]]:
    whole, storages = content(path), dict[str, pickles.Storage]()
    stream = io.BytesIO(whole)
    if (pickles.load(stream), pickles.load(stream)) != (_MAGIC, _PROTOCOL):
        raise ValueError("it does not begin as PyTorch's files do")
    if not pickles.load(stream)["little_endian"]:
        raise ValueError("its numbers are big-endian")
    found, keys, stored, at = pickles.load(stream, storages), pickles.load(stream), {}, stream.tell()
    for key in keys:
        count, dtype = int.from_bytes(whole[at : at + 8], "little"), _dtype(storages[key])
        stored[key] = np.frombuffer(whole[: at + 8 + count * dtype.itemsize], dtype, count, at + 8)
        at += 8 + count * dtype.itemsize
    yield found, lambda storage: stored[storage.key]


def _dtype(storage: pickles.Storage) -> np.dtype:
    name = storage.kind.removesuffix("Storage")
    if name not in _STORAGES:
        raise ValueError(f"it has numbers of type {storage.kind[:50]}")
    return np.dtype(_STORAGES[name])


def _array(name: str, tensor: pickles.Tensor, numbers: Numbers) -> np.ndarray:
    """A view of a storage's numbers."""
    stored = numbers(tensor.storage)
    if tensor.kind is not None:
        stored = stored.view(_TYPES[tensor.kind])
    last = tensor.offset + sum(
        (length - 1) * stride for length, stride in zip(tensor.shape, tensor.strides, strict=True)
    )
    count = math.prod(tensor.shape)
    if count and not (count <= stored.size and last < stored.size):
        raise ValueError(f"{name[:100]!r} has the shape {tensor.shape}, for which its storage is too small")
    bytes_apart = [stride * stored.itemsize for stride in tensor.strides]
    return np.lib.stride_tricks.as_strided(stored[tensor.offset :], tensor.shape, bytes_apart, writeable=False)


def _refusal(path: Path, what: str) -> WeightsError:
    return WeightsError(
        f"Cannot read {path}: it holds {what}, whose code would have to run. Expected tensors alone; in PyTorch, save "
        f"those with torch.save(model.state_dict(), ...). Received: {path.stat().st_size:,} bytes"
    )

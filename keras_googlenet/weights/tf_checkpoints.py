"""The tensors of TensorFlow's checkpoints, in both formats; TensorFlow itself is not needed to read them.

The first format is one table, with the numbers in it. The second is a table, the index, beside files of numbers. Field
numbers are those of `saved_tensor_slice.proto`, `tensor_bundle.proto`, `tensor_shape.proto` and `tensor.proto`.
"""

import math
from collections.abc import Callable
from pathlib import Path

import ml_dtypes
import numpy as np

from keras_googlenet.weights.crc32c import masked
from keras_googlenet.weights.protobuf import Value, Wire, bytes_of, fits, integer, numbers, shape, text
from keras_googlenet.weights.reader import Named, check_size
from keras_googlenet.weights.tf_tables import entries

_TYPES = {
    1: "<f4", 2: "<f8", 3: "<i4", 4: "u1", 5: "<i2", 6: "i1", 9: "<i8", 10: "?", 14: ml_dtypes.bfloat16, 17: "<u2",
    19: "<f2", 22: "<u4", 23: "<u8",
}  # fmt: skip
"""Of `types.proto`: all but strings, complex and quantized numbers."""

_FLOATS = {1: 5, 2: 6}
"""The field of `TensorProto` that has numbers of a type."""


def read(path: Path, table: memoryview, part: Callable[[str], memoryview], unwanted: Callable[[str], object]) -> Named:
    """Reads a checkpoint.

    Args:
        path: What it is called in messages.
        table: The file of the first format, or the index of the second.
        part: Gives the bytes of another file of the second format, by the end of its name: `.data-00000-of-00001`.
        unwanted: Whether an array is to be passed over, by its name.

    Yields:
        The name and the array of each tensor: views of the files' bytes.

    Raises:
        WeightsError: It is too large.
        ValueError: It is damaged, or has tensors in parts, or of another type than numbers.
    """
    found, wire = dict(entries(table)), Wire()
    header = wire.all(found.pop(b"", memoryview(b"")))
    if not found:
        raise ValueError("it has no tensors")
    if all(isinstance(value, int) for value in header.get(1, [])):
        yield from _second(path, wire, header, found, part, unwanted)
    else:
        yield from _first(wire, header, found, unwanted)


def _first(wire: Wire, header: dict, found: dict, unwanted: Callable) -> Named:
    told = {}
    for meta in header[1]:
        for tensor in wire.all(meta).get(1, []):
            fields = wire.all(tensor)
            told[text(fields[1][0])] = fields[3][0], _shape(wire, fields.get(2, []))
    for value in found.values():
        for data in wire.all(value).get(2, []):
            fields = wire.all(data)
            name = text(fields[1][0])
            kind, lengths = told[name]
            if unwanted(name):
                continue
            if any(wire.all(extent) for part in fields.get(2, []) for extent in wire.all(part).get(1, [])):
                raise ValueError(f"{name[:100]!r} is saved in parts")
            if kind not in _FLOATS:
                raise ValueError(f"{name[:100]!r} has values of TensorFlow's type {kind}")
            array = numbers(wire.all(fields[3][0]).get(_FLOATS[kind], []), _TYPES[kind])
            if not fits(lengths, array.size):
                raise ValueError(f"{name[:100]!r} has the shape {lengths} and {array.size:,} numbers")
            yield name, array.reshape(lengths)


def _second(path: Path, wire: Wire, header: dict, found: dict, part: Callable, unwanted: Callable) -> Named:
    count = integer(header.get(1, [1])[-1])
    if header.get(2, [0])[-1]:
        raise ValueError("its numbers are big-endian")
    wanted = {name: wire.all(value) for key, value in found.items() if not unwanted(name := key.decode())}
    shapes = {name: _shape(wire, entry.get(2, [])) for name, entry in wanted.items()}
    dtypes = {}
    for name, entry in wanted.items():
        if (kind := entry.get(1, [0])[-1]) not in _TYPES or 7 in entry:
            raise ValueError(f"{name[:100]!r} is saved in parts, or has values of TensorFlow's type {kind}")
        dtypes[name] = np.dtype(_TYPES[kind])
    # Entries may share their bytes, and so be more than the files have.
    check_size(path, sum(math.prod(shapes[name]) * dtypes[name].itemsize for name in wanted))
    files: dict[int, memoryview] = {}
    for name, entry in wanted.items():
        shard, start, size = (integer(entry.get(field, [0])[-1]) for field in (3, 4, 5))
        if shard not in files:
            files[shard] = part(f".data-{shard:05d}-of-{count:05d}")
        data = files[shard][start : start + size]
        if not len(data) == size == math.prod(shapes[name]) * dtypes[name].itemsize or min(shapes[name], default=0) < 0:
            raise ValueError(f"{name[:100]!r} has the shape {shapes[name]} and {len(data):,} of {size:,} bytes")
        if 6 in entry and np.frombuffer(bytes_of(entry[6][-1]), "<u4").tolist() != [masked(data)]:
            raise ValueError(f"{name[:100]!r} has another checksum than it should")
        yield name, np.frombuffer(data, dtypes[name]).reshape(shapes[name])


def _shape(wire: Wire, messages: list[Value]) -> tuple[int, ...]:
    dims = [dim for message in messages for dim in wire.all(message).get(2, [])]
    return shape(wire.all(dim).get(1, [0])[-1] for dim in dims)

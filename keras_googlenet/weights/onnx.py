"""The ONNX model zoo's copy of BVLC's weights.

Only the initializers are taken, not the graph: the zoo's pools round down where Caffe's round up. An `.onnx` file is a
protobuf message of type `ModelProto`; field numbers are those of ONNX's `onnx/onnx.proto`.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import ml_dtypes
import numpy as np

from keras_googlenet.weights.layouts import to_hwio
from keras_googlenet.weights.protobuf import Value, Wire, fits, numbers, shape, text
from keras_googlenet.weights.reader import Named, WeightsError, content

KIND = "an ONNX model"

VARIABLES = {"w": "kernel", "b": "bias"}
"""The zoo's initializers are called `<caffe layer>_w_0` and `<caffe layer>_b_0`."""

GRAPH, INITIALIZER = 7, 5
"""Fields of `ModelProto` and `GraphProto`."""

DIMS, TYPE, NAME, RAW, LOCATION = 1, 2, 8, 9, 14
"""Fields of `TensorProto`. `LOCATION` is 1 where the numbers are in another file."""

FLOATS = {1: ("<f4", 4), 10: ("<f2", 0), 11: ("<f8", 10), 16: (ml_dtypes.bfloat16, 0)}
"""The types of floating-point numbers in `TYPE`, and the field that has them where `RAW` has not."""

INTEGERS = (6, 7)
"""int32 and int64: the graph's own constants, such as the target shape of a Reshape."""


def read(path: Path) -> Named:
    """Reads the weights of an `.onnx` file that uses the zoo's names.

    Args:
        path: The file. Data that it keeps in other files is refused, not followed.

    Yields:
        `"<caffe layer>/<variable>"` and an array: HWIO or (in, out). Floating-point initializers with other names keep
        them, and their layout, so that a strict assignment reports them.

    Raises:
        WeightsError: If the file is too large or refers to external data.
        ValueError: It is damaged, or has numbers of another type.
    """
    wire = Wire()
    for tensor in _initializers(wire, content(path)):
        name, kind = text(tensor.get(NAME, [memoryview(b"")])[-1]), tensor.get(TYPE, [0])[-1]
        if tensor.get(LOCATION, [0])[-1]:
            raise WeightsError(
                f"{path} keeps its weights in other files, which are not followed. Expected the numbers in the .onnx "
                f"file itself; save it without external data. Received: {name[:100]!r} with external data"
            )
        if match := re.fullmatch(r"(.+)_([wb])_0", name):
            yield f"{match[1]}/{VARIABLES[match[2]]}", to_hwio(_array(name, kind, tensor))
        elif kind not in INTEGERS:
            yield name, _array(name, kind, tensor)


def _initializers(wire: Wire, model: memoryview) -> Iterator[dict[int, list[Value]]]:
    for field, graph in wire.fields(model):
        if field == GRAPH:
            for inner, tensor in wire.fields(graph):
                if inner == INITIALIZER:
                    yield wire.all(tensor)


def _array(name: str, kind: Value, tensor: dict[int, list[Value]]) -> np.ndarray:
    if not isinstance(kind, int) or kind not in FLOATS:
        raise ValueError(f"{name[:100]!r} has numbers of ONNX's type {kind}")
    dtype, field = FLOATS[kind]
    array = numbers(tensor.get(RAW, []) or tensor.get(field, []), dtype)
    lengths = shape(tensor.get(DIMS, []))
    if not fits(lengths, array.size):
        raise ValueError(f"{name[:100]!r} has the shape {lengths} and {array.size:,} numbers")
    return array.reshape(lengths)

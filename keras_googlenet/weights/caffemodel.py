"""Caffe's binary weights: a protobuf message of type `NetParameter`.

Only the fields that lead to the weights are declared; protobuf skips all others. Field numbers are
those of Caffe's `src/caffe/proto/caffe.proto`, for both generations of layers (`layers`, as in
BVLC's file of 2014, and `layer`) and both ways to state a blob's shape.
"""

import itertools
import math
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from keras_googlenet.weights.caffe import to_caffe
from keras_googlenet.weights.layouts import to_hwio, to_oihw
from keras_googlenet.weights.reader import WeightsError, check_size

MESSAGES = {
    "NetParameter": [
        ("layers", 2, "repeated V1LayerParameter"),
        ("layer", 100, "repeated LayerParameter"),
    ],
    "LayerParameter": [("name", 1, "string"), ("type", 2, "string"), ("blobs", 7, "repeated BlobProto")],
    "V1LayerParameter": [("name", 4, "string"), ("blobs", 6, "repeated BlobProto")],
    "BlobProto": [
        ("num", 1, "int32"),
        ("channels", 2, "int32"),
        ("height", 3, "int32"),
        ("width", 4, "int32"),
        ("data", 5, "repeated float"),
        ("shape", 7, "BlobShape"),
        ("double_data", 8, "repeated double"),
    ],
    "BlobShape": [("dim", 1, "repeated int64")],
}
"""The part of `caffe.proto` that is read: field names, numbers and types by message."""

VARIABLES = {0: "kernel", 1: "bias"}
"""What the blobs of convolutions and inner products are, by their order."""


def read(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Reads a `.caffemodel` file, with or without auxiliary heads.

    Args:
        path: The file.

    Yields:
        `"<caffe layer>/<variable>"` and an array: HWIO or (in, out).

    Raises:
        WeightsError: If the file is too large, or has a blob whose shape does not fit its numbers.
    """
    check_size(path, path.stat().st_size)
    net = _net_parameter().FromString(path.read_bytes())
    for layer in itertools.chain(net.layers, net.layer):
        for index, blob in enumerate(layer.blobs):
            name = f"{layer.name}/{VARIABLES.get(index, f'blobs[{index}]')}"
            yield name, to_hwio(_array(path, name, blob))


def write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays as `read` and Caffe read them back, in the newer generation of layers (`layer`).

    Args:
        path: The file to write.
        arrays: `"<keras layer>/kernel"` and `"<keras layer>/bias"` to arrays.

    Raises:
        WeightsError: If there are variables that Caffe's network lacks (batch normalization's).
    """
    net = _net_parameter()()
    layers: dict[str, Any] = {}
    for key, array in to_caffe(arrays).items():
        name, _, variable = key.rpartition("/")
        if variable == "kernel":
            layers[name] = net.layer.add(name=name, type="Convolution" if array.ndim == 4 else "InnerProduct")
        array = to_oihw(np.asarray(array, "float32"))
        blob = layers[name].blobs.add()
        blob.shape.dim.extend(array.shape)
        blob.data.extend(array.ravel())
    path.write_bytes(net.SerializeToString())


def _array(path: Path, name: str, blob: Any) -> np.ndarray:
    old_shape = (blob.num, blob.channels, blob.height, blob.width)
    shape = tuple(blob.shape.dim) if blob.HasField("shape") else old_shape
    numbers = np.array(blob.data or blob.double_data, dtype=np.float32)
    if min(shape, default=0) < 0 or math.prod(shape) != numbers.size:
        raise WeightsError(
            f"{path} is damaged. Expected as many numbers as the shape {shape} of {name!r} has; "
            f"download it again. Received: {numbers.size:,} numbers"
        )
    # The old format has four axes for everything: (1, 1, out, in) is an inner product and
    # (1, 1, 1, out) a bias.
    if len(shape) == 4 and shape[:2] == (1, 1):
        shape = shape[3:] if shape[2] == 1 and name.endswith("/bias") else shape[2:]
    return numbers.reshape(shape)


@cache
def _net_parameter() -> Any:
    """Builds the message class, in a pool of its own beside any installed Caffe's."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="caffe_weights.proto", package="caffe")
    for message, fields in MESSAGES.items():
        descriptor = file.message_type.add(name=message)
        for name, number, kind in fields:
            field = descriptor.field.add(name=name, number=number)
            *repeated, kind = kind.split()
            field.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
            if kind in MESSAGES:
                field.type, field.type_name = field.TYPE_MESSAGE, f".caffe.{kind}"
            else:
                field.type = getattr(field, f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("caffe.NetParameter"))

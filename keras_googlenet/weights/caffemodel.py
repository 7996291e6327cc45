"""Caffe's binary weights: a protobuf message of type `NetParameter`.

Only the fields that lead to the weights are declared; protobuf skips all others. Field numbers are
those of Caffe's `src/caffe/proto/caffe.proto`, for both generations of layers (`layers`, as in
BVLC's file of 2014, and `layer`) and both ways to state a blob's shape.
"""

import itertools
import math
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from keras_googlenet.weights.caffe import to_caffe
from keras_googlenet.weights.layouts import to_hwio, to_oihw
from keras_googlenet.weights.reader import Arrays, Named, WeightsError, check_size

KIND = "a binary Caffe NetParameter"

MESSAGES = {
    "NetParameter": "repeated V1LayerParameter layers = 2; repeated LayerParameter layer = 100;",
    "LayerParameter": "optional string name = 1; optional string type = 2; repeated BlobProto blobs = 7;",
    "V1LayerParameter": "optional string name = 4; repeated BlobProto blobs = 6;",
    "BlobProto": "optional int32 num = 1; optional int32 channels = 2; optional int32 height = 3;"
    "optional int32 width = 4; repeated float data = 5; optional BlobShape shape = 7; repeated double double_data = 8;",
    "BlobShape": "repeated int64 dim = 1;",
}
"""The part of `caffe.proto` that is read."""

VARIABLES = {0: "kernel", 1: "bias"}
"""What the blobs of convolutions and inner products are, by their order."""


def read(path: Path) -> Named:
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


def write(path: Path, arrays: Arrays) -> None:
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
        layers[name].blobs.add(shape={"dim": array.shape}, data=array.ravel())
    path.write_bytes(net.SerializeToString())


def _array(path: Path, name: str, blob: Any) -> np.ndarray:
    shape = tuple(blob.shape.dim) if blob.HasField("shape") else (blob.num, blob.channels, blob.height, blob.width)
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
        for label, kind, name, number in re.findall(r"(\w+) (\w+) (\w+) = (\d+);", fields):
            typed = {"type_name": f".caffe.{kind}"} if kind in MESSAGES else {"type": f"TYPE_{kind.upper()}"}
            descriptor.field.add(name=name, number=int(number), label=f"LABEL_{label.upper()}", **typed)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("caffe.NetParameter"))

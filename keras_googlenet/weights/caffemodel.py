"""Caffe's binary weights: a protobuf message of type `NetParameter`.

Only the fields that lead to the weights are looked at. Field numbers are
those of Caffe's `src/caffe/proto/caffe.proto`, for both generations of layers (`layers`, as in
BVLC's file of 2014, and `layer`) and both ways to state a blob's shape.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from keras_googlenet.weights.caffe import to_caffe
from keras_googlenet.weights.layouts import to_hwio, to_oihw
from keras_googlenet.weights.protobuf import Value, Wire, fits, integer, shape, text
from keras_googlenet.weights.protobuf import numbers as floats
from keras_googlenet.weights.reader import Arrays, Named, WeightsError, content

KIND = "a binary Caffe NetParameter"

MESSAGES = {
    "NetParameter": "repeated LayerParameter layer = 100;",
    "LayerParameter": "optional string name = 1; optional string type = 2; repeated BlobProto blobs = 7;",
    "BlobProto": "repeated float data = 5; optional BlobShape shape = 7;",
    "BlobShape": "repeated int64 dim = 1;",
}
"""The part of `caffe.proto` that is written."""

LAYERS = {2: (4, 6), 100: (1, 7)}
"""Of each generation of layers, its field in `NetParameter`: the fields of a layer's name and of its blobs."""

AXES, FLOATS, SHAPE, DOUBLES = (1, 2, 3, 4), 5, 7, 8
"""Fields of `BlobProto`: the axes of the older files, and what `MESSAGES` calls `data`, `shape` and `double_data`."""

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
    wire = Wire()
    for generation, layer in wire.fields(content(path)):
        if numbering := LAYERS.get(generation):
            fields = wire.all(layer)
            title = text(fields.get(numbering[0], [memoryview(b"")])[-1])
            for index, blob in enumerate(fields.get(numbering[1], [])):
                name = f"{title}/{VARIABLES.get(index, f'blobs[{index}]')}"
                yield name, to_hwio(_array(path, name, wire.all(blob), wire))


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


def _array(path: Path, name: str, blob: dict[int, list[Value]], wire: Wire) -> np.ndarray:
    lengths = tuple(integer(blob.get(axis, [0])[-1]) for axis in AXES)
    if SHAPE in blob:
        lengths = shape(dim for message in blob[SHAPE] for dim in wire.all(message).get(1, []))
    numbers = floats(blob[FLOATS], "<f4") if FLOATS in blob else floats(blob.get(DOUBLES, []), "<f8")
    if not fits(lengths, numbers.size):
        raise WeightsError(
            f"{path} is damaged. Expected as many numbers as the shape {lengths} of {name!r} has; "
            f"download it again. Received: {numbers.size:,} numbers"
        )
    # The old format has four axes for everything: (1, 1, out, in) is an inner product and
    # (1, 1, 1, out) a bias.
    if len(lengths) == 4 and lengths[:2] == (1, 1):
        lengths = lengths[3:] if lengths[2] == 1 and name.endswith("/bias") else lengths[2:]
    return numbers.reshape(lengths)


@cache
def _net_parameter() -> Any:
    """Builds the message class, in a pool of its own beside any installed Caffe's."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="caffe_weights.proto", package="caffe")
    for message, fields in MESSAGES.items():
        descriptor = file.message_type.add(name=message)
        for label, kind, name, number in re.findall(r"(\w+) (\w+) (\w+) = (\d+);", fields):
            typed = {"type_name": f".caffe.{kind}"} if kind in MESSAGES else {"type": f"TYPE_{kind.upper()}"}
            field = descriptor.field.add(name=name, number=int(number), label=f"LABEL_{label.upper()}", **typed)
            if label == "repeated" and kind not in MESSAGES:
                field.options.packed = True  # as Caffe has it: numbers one after another, not each as a field
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("caffe.NetParameter"))

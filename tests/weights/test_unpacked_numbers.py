"""Arrays that have each number as a field of its own, as `.caffemodel` files of version 0.1.0 do.

They are written by protobuf's own library, with a description that does not pack numbers.
"""

import time

import numpy as np
import pytest
from caffe_builders import block, integer
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from keras_googlenet.weights import WeightsError, read
from keras_googlenet.weights.protobuf import MAX_FIELDS

MESSAGES = {
    "Net": {2: ("layers", "V1"), 100: ("layer", "Layer")},
    "V1": {4: ("name", "string"), 6: ("blobs", "Blob")},
    "Layer": {1: ("name", "string"), 7: ("blobs", "Blob")},
    "Blob": {5: ("data", "float"), 7: ("shape", "Shape"), 8: ("double_data", "double")},
    "Shape": {1: ("dim", "int64")},
    "Model": {7: ("graph", "Graph")},
    "Graph": {5: ("initializer", "Tensor")},
    "Tensor": {
        1: ("dims", "int64"), 2: ("data_type", "int32"), 4: ("float_data", "float"), 8: ("name", "string"),
        10: ("double_data", "double"),
    },
}  # fmt: skip
"""Parts of `caffe.proto` and `onnx.proto`."""

ONCE = ("name", "data_type", "shape", "graph")


@pytest.fixture(scope="module")
def messages():
    """The classes of `MESSAGES` by name."""
    file = descriptor_pb2.FileDescriptorProto(name="unpacked.proto", package="unpacked", syntax="proto2")
    for message, fields in MESSAGES.items():
        descriptor = file.message_type.add(name=message)
        for number, (name, kind) in fields.items():
            label = "LABEL_OPTIONAL" if name in ONCE else "LABEL_REPEATED"
            typed = {"type_name": f".unpacked.{kind}"} if kind in MESSAGES else {"type": f"TYPE_{kind.upper()}"}
            descriptor.field.add(name=name, number=number, label=label, **typed)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"unpacked.{name}")) for name in MESSAGES}


def random(*shape):
    """Numbers of all bits, among which some look like a field's beginning; no NaN."""
    bits = np.random.default_rng(shape).integers(0, 0x7F800000, shape, "u4")
    bits.flat[: bits.size // 2] = 0x2D2D2D2D
    return bits.view("f4")


def caffemodel(messages, path, array, double=False, old=False):
    """A layer of a kernel and a bias, written as 0.1.0 did."""
    net = messages["Net"]()
    layer = (net.layers if old else net.layer).add(name="conv")
    for numbers in (array, array[0, :, 0, 0]):
        blob = layer.blobs.add(shape={"dim": numbers.shape})
        (blob.double_data if double else blob.data).extend(numbers.ravel())
    path.write_bytes(net.SerializeToString())


def assert_has(path, array):
    found = read(path)
    assert list(found) == ["conv/kernel", "conv/bias"]
    assert found["conv/kernel"].tobytes() == array.transpose(2, 3, 1, 0).astype(found["conv/kernel"].dtype).tobytes()
    assert found["conv/bias"].tobytes() == array[0, :, 0, 0].astype(found["conv/bias"].dtype).tobytes()


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("double", [False, True])
def test_more_numbers_than_fields_that_are_looked_at(tmp_path, messages, double, old):
    array = random(3, 70, 1, 1001)
    assert array.size > MAX_FIELDS
    caffemodel(messages, tmp_path / "x.caffemodel", array, double, old)
    assert (tmp_path / "x.caffemodel").stat().st_size > (9 if double else 5) * array.size  # none are packed
    assert_has(tmp_path / "x.caffemodel", array)


@pytest.mark.computes
def test_as_many_numbers_as_googlenet_with_both_heads(tmp_path, messages):
    array = random(1000, 1000, 1, 13)
    caffemodel(messages, tmp_path / "x.caffemodel", array)
    start = time.process_time()
    assert_has(tmp_path / "x.caffemodel", array)
    assert time.process_time() - start < 10


@pytest.mark.parametrize("double", [False, True])
def test_numbers_of_onnx(tmp_path, messages, double):
    array = random(300, 1001)
    model = messages["Model"]()
    tensor = model.graph.initializer.add(name="fc_w_0", dims=array.shape, data_type=11 if double else 1)
    (tensor.double_data if double else tensor.float_data).extend(array.ravel())
    (tmp_path / "x.onnx").write_bytes(model.SerializeToString())
    found = read(tmp_path / "x.onnx")["fc/kernel"]
    assert found.tobytes() == array.T.astype(found.dtype).tobytes()


@pytest.mark.parametrize("runs", [(1, 1), (2, 3), (1, 2, 70_000), (65_535, 1, 131_073), (3, 0, 3)])
def test_numbers_with_other_fields_between_them(tmp_path, runs):
    """Those between them: packed numbers, and numbers of another field."""
    array, content = random(sum(runs) + len(runs)), b""
    for count in runs:
        numbers, array = array[: count + 1], np.roll(array, -count - 1)
        content += b"".join(b"\x2d" + number.tobytes() for number in numbers[:-1])
        content += b"\x4d" + bytes(4) + block(5, numbers[-1:].tobytes())
    shape = block(7, integer(1, array.size))
    (tmp_path / "x.caffemodel").write_bytes(block(100, block(1, b"conv") + block(7, content + shape)))
    assert read(tmp_path / "x.caffemodel")["conv/kernel"].tobytes() == array.tobytes()


@pytest.mark.parametrize("cut", range(1, 6))
def test_numbers_that_end_too_soon(tmp_path, cut):
    content = b"\x2d\1\2\3\4" * 1000
    (tmp_path / "x.caffemodel").write_bytes(block(100, block(1, b"conv") + block(7, content[:-cut])))
    with pytest.raises(WeightsError, match="ends within a field" if cut < 5 else r"is damaged.*Received: 999 numbers"):
        read(tmp_path / "x.caffemodel")

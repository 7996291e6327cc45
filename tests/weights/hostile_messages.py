"""Hostile protobuf messages, and .safetensors."""

import json
import struct

from caffe_builders import block, integer, varint
from hostile import MANY, case


def safetensors(path, header, data=b"", length=None):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(header) if length is None else length) + header + data)


@case(".safetensors")
def header_of_megabytes(path):
    safetensors(path, b'{"a":[' + b"[]," * (MANY // 3) + b"[]]}")


@case(".safetensors")
def header_of_deep_lists(path):
    safetensors(path, b'{"a":' + b"[" * 3_000_000)


@case(".safetensors")
def header_of_many_lists(path):
    safetensors(path, b'{"a":[' + b"[]," * 1_300_000 + b"[]]}")


@case(".safetensors")
def header_that_claims_more(path):
    safetensors(path, b'{"a":{}}', length=1 << 60)


@case(".safetensors")
def tensors_of_the_same_bytes(path):
    one = {"dtype": "F32", "shape": [1 << 20], "data_offsets": [0, 1 << 22]}
    safetensors(path, {f"conv1.conv.{n}": one for n in range(9000)}, bytes(1 << 22))


@case(".safetensors")
def shape_beyond_the_bytes(path):
    safetensors(
        path, {"conv1.conv.weight": {"dtype": "F32", "shape": [1 << 40, 1 << 40], "data_offsets": [0, 4]}}, bytes(4)
    )


@case(".safetensors")
def whole_number_of_digits(path):
    safetensors(path, b'{"a":{"dtype":"F32","shape":[' + b"9" * 3_000_000 + b'],"data_offsets":[0,4]}}', bytes(4))


@case(".onnx")
def empty_nodes(path):
    path.write_bytes(block(7, b"\x0a\x00" * (MANY // 2)))


@case(".onnx")
def empty_initializers(path):
    path.write_bytes(block(7, b"\x2a\x00" * (MANY // 2)))


@case(".onnx")
def small_integers(path):
    tensor = integer(2, 10) + block(8, b"conv1/7x7_s2_w_0") + block(1, varint(MANY)) + block(5, b"\1" * MANY)
    path.write_bytes(block(7, block(5, tensor)))


@case(".onnx")
def empty_strings(path):
    tensor = integer(2, 8) + block(8, b"conv1/7x7_s2_w_0") + b"\x32\x00" * (MANY // 2)
    path.write_bytes(block(7, block(5, tensor)))


@case(".onnx")
def unpacked_floats(path):
    tensor = integer(2, 1) + block(8, b"conv1/7x7_s2_w_0") + b"\x25\0\0\0\0" * (MANY // 5)
    path.write_bytes(block(7, block(5, tensor)))


@case(".onnx")
def many_axes(path):
    path.write_bytes(block(7, block(5, integer(2, 1) + block(8, b"x") + block(1, b"\1" * MANY) + block(9, bytes(4)))))


@case(".onnx")
def huge_axes(path):
    path.write_bytes(
        block(7, block(5, integer(2, 1) + block(8, b"x") + block(1, varint(1 << 40) * 2) + block(9, bytes(4))))
    )


@case(".onnx")
def other_files(path):
    entry = block(13, block(1, b"location") + block(2, b"/etc/passwd"))
    path.write_bytes(block(7, block(5, integer(2, 1) + block(8, b"conv1/7x7_s2_w_0") + entry + integer(14, 1))))


@case(".onnx")
def sparse_initializers(path):
    path.write_bytes(block(7, block(15, block(1, b"") + block(3, varint(1 << 40)))))


@case(".caffemodel")
def empty_layers(path):
    path.write_bytes(b"\xa2\x06\x00" * (MANY // 3))


@case(".caffemodel")
def empty_layers_of_2014(path):
    path.write_bytes(b"\x12\x00" * (MANY // 2))


@case(".caffemodel")
def unpacked_numbers(path):
    path.write_bytes(block(100, block(1, b"x") + block(7, b"\x2d\0\0\0\0" * (MANY // 5))))


@case(".caffemodel")
def runs_of_two_numbers(path):
    path.write_bytes(block(100, block(1, b"x") + block(7, (b"\x2d\0\0\0\0" * 2 + b"\x35\0\0\0\0" * 2) * (MANY // 20))))


@case(".caffemodel")
def integers_one_by_one(path):
    path.write_bytes(block(100, block(1, b"x") + block(7, b"\x28\0" * (MANY // 2))))


@case(".caffemodel")
def numbers_of_many_layers(path):
    path.write_bytes(block(100, block(1, b"x") + block(7, b"\x2d\0\0\0\0" * 2)) * (MANY // 20))


@case(".caffemodel")
def numbers_of_another_field(path):
    path.write_bytes(block(100, block(1, b"x") + b"\x39\0\0\0\0\0\0\0\0" * (MANY // 9)))


@case(".caffemodel")
def huge_blob(path):
    shape = b"".join(integer(axis, (1 << 31) - 1) for axis in (1, 2, 3, 4))
    path.write_bytes(block(2, block(4, b"x") + block(6, shape + block(5, bytes(4)))))


@case(".caffemodel")
def deep_groups(path):
    path.write_bytes(b"\x0b" * MANY)


@case(".caffemodel")
def long_name_of_many_blobs(path):
    blob = block(7, block(5, bytes(4)) + block(7, block(1, b"\1")))
    path.write_bytes(block(100, block(1, b"x" * (MANY // 2)) + blob * 15_000))


@case(".caffemodel")
def long_name(path):
    blob = block(5, bytes(4)) + block(7, block(1, b"\1"))
    path.write_bytes(block(100, block(1, b"x" * MANY) + block(7, blob)))

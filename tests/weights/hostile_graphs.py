"""Hostile frozen graphs, and archives of them."""

import zipfile

from byte_builders import tensor_shape
from caffe_builders import block, integer
from hostile import MANY, case, deflated, zeros, zipped


def node(name, op, *inputs, more=b""):
    return block(1, block(1, name.encode()) + block(2, op.encode()) + b"".join(map(wired, inputs)) + more)


def wired(name):
    return block(3, name.encode())


def attribute(name, value):
    return block(5, block(1, name.encode()) + block(2, value))


def constant(name, shape, numbers=b"", kind=1):
    tensor = integer(1, kind) + block(2, tensor_shape(shape)) + numbers
    return node(name, "Const", more=attribute("value", block(8, tensor)))


def classifier(kernel, bias):
    """What stands above the average pool, so that its constants are read."""
    rest = (
        node("softmax", "Softmax", "add") + node("add", "BiasAdd", "matmul", "b") + node("matmul", "MatMul", "x", "w")
    )
    return rest + kernel + bias + node("x", "AvgPool", "x")


ONE = block(5, bytes(4))
"""A `float_val`."""


@case(".pb")
def one_number_for_many(path):
    path.write_bytes(classifier(constant("w", (1 << 13, 1 << 13), ONE), constant("b", (1 << 13,), ONE)))


@case(".pb")
def shape_beyond_numbers(path):
    path.write_bytes(classifier(constant("w", (1 << 40, 1 << 40), ONE), constant("b", (1,), ONE)))


@case(".pb")
def negative_lengths(path):
    path.write_bytes(classifier(constant("w", ((1 << 64) - 5, (1 << 64) - 5), ONE), constant("b", (1,), ONE)))


@case(".pb")
def many_constants_of_one_number(path):
    constants = b"".join(constant(f"{n}", (1 << 21,), ONE) for n in range(9000))
    path.write_bytes(classifier(constants + constant("w", (2, 2), ONE * 4), constant("b", (2,), ONE)))


@case(".pb")
def nodes_of_nothing(path):
    path.write_bytes(b"\x0a\x00" * (MANY // 2))


@case(".pb")
def many_nodes(path):
    path.write_bytes(b"".join(node(f"{n}", "Const") for n in range(100_000)))


@case(".pb")
def many_attributes(path):
    path.write_bytes(node("x", "Const", more=b"".join(attribute(f"{n}", b"") for n in range(300_000))))


@case(".pb")
def many_inputs(path):
    path.write_bytes(node("x", "Softmax", *["y"] * 1_000_000))


@case(".pb")
def many_softmaxes_on_chains(path):
    chain = b"".join(node(f"i{n}", "Identity", f"i{n - 1}") for n in range(1, 99)) + node("i0", "BiasAdd", "i98")
    path.write_bytes(chain + b"".join(node(f"s{n}", "Softmax", "i98") for n in range(19_000)))


@case(".pb")
def circle_of_identities(path):
    path.write_bytes(node("s", "Softmax", "a") + node("a", "Identity", "b") + node("b", "Identity", "a"))


@case(".pb")
def circle_of_sums(path):
    path.write_bytes(node("s", "Softmax", "a") + node("a", "BiasAdd", "b", "b") + node("b", "BiasAdd", "a", "a"))


@case(".pb")
def name_of_megabytes(path):
    path.write_bytes(node("x" * MANY, "Softmax"))


@case(".pb")
def tensor_of_many_axes(path):
    path.write_bytes(classifier(constant("w", (1,) * 100_000, ONE), constant("b", (1,), ONE)))


@case(".pb")
def a_saved_model(path):
    path.write_bytes(integer(1, 1) + block(2, bytes(100)))


@case(".zip")
def graph_of_gibibytes(path):
    zipped(path, {"x.pb": zeros(2 << 30)}, zipfile.ZIP_DEFLATED)


@case(".zip")
def graph_of_half_a_gibibyte(path):
    zipped(path, {"x.pb": zeros(500 << 20)}, zipfile.ZIP_DEFLATED)


@case(".zip")
def labels_of_gibibytes(path):
    zipped(path, {"x.pb": b"", "labels.txt": zeros(2 << 30)}, zipfile.ZIP_DEFLATED)


@case(".zip")
def files_by_the_thousand(path):
    zipped(path, {f"{n}.txt": b"" for n in range(3_000)})


@case(".zip")
def two_graphs(path):
    zipped(path, dict.fromkeys(("a.pb", "b.pb"), node("s", "Softmax", "s")))


@case(".zip")
def no_archive(path):
    data, _, _ = deflated([bytes(1000)])
    path.write_bytes(b"PK\x03\x04" + data)

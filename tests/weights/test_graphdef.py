"""Frozen graphs of Google's network: as others build them, of other networks, damaged; and its classes' order."""

import hashlib
import json
from collections import Counter

import keras
import numpy as np
import pytest
import tensorflow as tf
from caffe_builders import snapshot
from graph_builders import THIN, model, thin, write, zipped
from support.inception5h_twin import FLOAT, MIXED

from keras_googlenet import GoogLeNet, decode_predictions
from keras_googlenet.model import load_model
from keras_googlenet.utils import ilsvrc2012
from keras_googlenet.weights import WeightsError, load, read, reader

OTHER_BUILDERS = {
    "an import": {"scope": "import/"},
    "frozen variables": {"read": True},
    "a newer Concat": {"concat": "ConcatV2"},
    "plain additions": {"add": "AddV2"},
    "fields of numbers": {"content": False},
    "no defaults": {
        "changes": {"conv2d0_pre_relu": {"data_format": None}, "nn0_pre_relu/matmul": {"transpose_a": None}}
    },
    "padding of 1x1": {"changes": {"mixed3a_1x1_pre_relu/conv": {"padding": "VALID"}}},
}

WRONG = {
    "conv2d0_pre_relu/conv": [{"strides": [1, 1, 1, 1]}, {"padding": "VALID"}, {"data_format": "NCHW"}],
    "mixed4b_3x3_pre_relu/conv": [{"dilations": [1, 2, 2, 1]}, {"padding": "VALID"}, {"strides": [1, 1, 2, 1]}],
    "localresponsenorm0": [{"depth_radius": 4}, {"bias": 1.0}, {"alpha": 1.2e-4}, {"beta": 0.75}, {"bias": None}],
    "maxpool4": [{"ksize": [1, 2, 2, 1]}, {"strides": [1, 1, 1, 1]}, {"padding": "VALID"}],
    "mixed5b_pool": [{"strides": [1, 2, 2, 1]}, {"ksize": [1, 5, 5, 1]}],
    "head0_pool": [{"strides": [1, 1, 1, 1]}, {"padding": "SAME"}],
    "avgpool0": [{"ksize": [1, 8, 8, 1]}, {"padding": "SAME"}],
    "nn1_pre_relu/matmul": [{"transpose_b": True}],
}
"""What would load and answer otherwise, by the node."""


def rewired(edit):
    """A thin graph, edited as a dict of its nodes."""
    network = thin()
    edit({node.name: node for node in network.graph.node}, network)
    return network


def swapped(nodes, _):
    """Two branches of equal width in each other's place."""
    inputs = nodes["mixed3b"].input
    inputs[3], inputs[4] = inputs[4], inputs[3]


def added(nodes, network):
    """Pixels that the graph scales itself."""
    network.graph.node.add(name="scaled", op="Relu", input=["input"]).attr["T"].type = FLOAT
    nodes["conv2d0_pre_relu/conv"].input[0] = "scaled"


def joined_rows(nodes, _):
    nodes["mixed4c/concat_dim"].attr["value"].tensor.CopyFrom(tf.make_tensor_proto(np.array(1, "int32")))


def another_beginning(nodes, _):
    nodes["mixed4c_5x5_bottleneck_pre_relu/conv"].input[0] = "mixed4a"


def other_activation(nodes, _):
    nodes["mixed5a_1x1"].op = "Relu6"


def a_variable(nodes, _):
    nodes["mixed5a_1x1_w"].op = "VariableV2"


def another_constant(_, network):
    network._const("more", np.ones(3, "float32"))


def head_elsewhere(nodes, _):
    nodes["head0_pool"].input[0] = "mixed4b"


def heads_at_one_place(nodes, _):
    nodes["head1_pool"].input[0] = "mixed4a"


def a_circle(nodes, network):
    network.graph.node.add(name="circle", op="Identity", input=["circle"])
    nodes["softmax2"].input[0] = "circle"


def two_of_a_name(_, network):
    network.graph.node.add(name="input", op="Placeholder")


def nothing_to_flatten(nodes, _):
    nodes["head0_bottleneck/reshape/shape"].attr["value"].tensor.CopyFrom(tf.make_tensor_proto(np.array([64], "int32")))


def half_the_numbers(nodes, _):
    tensor = nodes["mixed3a_1x1_w"].attr["value"].tensor
    tensor.tensor_content = tensor.tensor_content[: len(tensor.tensor_content) // 2]


def sixteen_bits(nodes, _):
    nodes["mixed3a_1x1_w"].attr["value"].tensor.dtype = tf.float16.as_datatype_enum


def second_output(nodes, _):
    nodes["mixed3a_1x1"].input[0] = "mixed3a_1x1_pre_relu:1"


EDITS = [
    swapped, added, joined_rows, another_beginning, other_activation, a_variable, another_constant, head_elsewhere,
    heads_at_one_place, a_circle, two_of_a_name, nothing_to_flatten, half_the_numbers, sixteen_bits, second_output,
]  # fmt: skip


def assert_refused(path, match=None):
    before = snapshot(model())
    with pytest.raises(WeightsError, match=match) as caught:
        load(model().layers, path)
    assert path.name in str(caught.value)
    assert len(str(caught.value)) < 3000
    assert snapshot(model()) == before


@pytest.mark.parametrize("options", OTHER_BUILDERS.values(), ids=OTHER_BUILDERS)
def test_graphs_of_other_builders(tmp_path, options):
    expected = read(write(tmp_path / "googles.pb"))
    found = read(write(tmp_path / "others.pb", **options))
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_each_array_is_in_its_place(tmp_path):
    """By the names of the graph, which the reader does not go by."""
    network = thin()
    found = read(network.save(tmp_path / "x.pb"))
    parts = {"3x3_bottleneck": "3x3_reduce", "5x5_bottleneck": "5x5_reduce", "pool_reduce": "pool_proj"}
    names = {
        "conv2d0": "conv1_7x7_s2",
        "conv2d1": "conv2_3x3_reduce",
        "conv2d2": "conv2_3x3",
        "softmax2": "predictions",
    }
    for head in (0, 1):
        ours = f"aux{head + 1}"
        names |= {f"head{head}_bottleneck": f"{ours}_conv", f"nn{head}": f"{ours}_fc", f"softmax{head}": ours}
    for module in MIXED:
        for part in ("1x1", "3x3", "5x5", *parts):
            names[f"{module}_{part}"] = f"inception_{module[5:]}_{parts.get(part, part)}"
    assert len(found) == len(network.weights) == 128
    for name, array in network.weights.items():
        layer, end = name.rsplit("_", 1)
        assert np.array_equal(found[f"{names[layer]}/{'kernel' if end == 'w' else 'bias'}"], array), name


def test_equal_numbers_are_written_once(tmp_path):
    network = thin()
    nodes = {node.name: node for node in network.graph.node}
    for name, values in {"mixed3b_3x3_b": [2.0], "nn0_b": [1.0, 3.0]}.items():
        nodes[name].attr["value"].tensor.ClearField("tensor_content")
        nodes[name].attr["value"].tensor.float_val[:] = values
    found = read(network.save(tmp_path / "x.pb"))
    assert found["inception_3b_3x3/bias"].tolist() == [2.0] * 6
    assert found["aux1_fc/bias"].tolist() == [1.0] + [3.0] * 31
    [tensor] = tf.compat.v1.Session(graph=imported(network)).run(["mixed3b_3x3_b:0"])
    assert tensor.tolist() == [2.0] * 6


def imported(network):
    graph = tf.Graph()
    with graph.as_default():
        tf.graph_util.import_graph_def(network.graph, name="")
    return graph


@pytest.mark.parametrize(("node", "change"), [(node, change) for node, some in WRONG.items() for change in some])
def test_another_arithmetic_is_refused(tmp_path, node, change):
    [name] = change
    path = write(tmp_path / "x.pb", changes={node: change})
    assert_refused(path, rf"Expected a frozen TensorFlow graph.*'{node}' has {name}=")


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_another_graph_is_refused(tmp_path, edit):
    assert_refused(rewired(edit).save(tmp_path / "x.pb"))


def test_a_graph_that_is_not_frozen_says_so(tmp_path):
    assert_refused(rewired(a_variable).save(tmp_path / "x.pb"), "VariableV2, not Const; freeze its variables")


def test_a_saved_model_says_so(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01\x12\x00")
    with pytest.raises(WeightsError, match="it is a SavedModel, not a frozen graph"):
        read(tmp_path / "saved_model.pb")


def test_without_heads(tmp_path):
    path = write(tmp_path / "x.pb", heads=False)
    assert not any(name.startswith("aux") for name in read(path))
    with pytest.warns(UserWarning, match="stay as initialized: aux1_conv"):
        load(model().layers, path)
    load(model(aux_heads=False).layers, path)


def test_transfer_and_the_trunk(tmp_path):
    path = write(tmp_path / "x.pb")
    with pytest.warns(UserWarning, match="stay as initialized: .*predictions"):
        GoogLeNet(weights=path, variant=THIN, classes=3, input_shape=(64, 64, 3))
    trunk = GoogLeNet(weights=path, variant=THIN, include_top=False)
    kernel = keras.ops.convert_to_numpy(trunk.get_layer("inception_5b_1x1").kernel)
    assert np.array_equal(kernel, read(path)["inception_5b_1x1/kernel"])


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([], "it holds 0 files .pb"),
        ([("labels.txt", b"x")], "it holds 0 files .pb"),
        ([("a.pb", b""), ("folder/b.PB", b"")], "it holds 2 files .pb"),
        ([("a.pb", b"not a graph")], "ValueError"),
    ],
)
def test_archives_without_one_graph(tmp_path, members, reason):
    assert_refused(zipped(tmp_path / "x.zip", *members), reason)
    assert [path.name for path in tmp_path.iterdir()] == ["x.zip"]


def test_an_archive_names_no_place(tmp_path):
    path = zipped(tmp_path / "x.zip", ("../../outside.pb", thin().graph.SerializeToString()))
    load(model().layers, path)
    assert [path.name for path in tmp_path.iterdir()] == ["x.zip"]


def test_an_archive_that_swells_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "MAX_BYTES", 100_000)
    path = zipped(tmp_path / "x.zip", ("x.pb", bytes(10_000_000)))
    assert path.stat().st_size < 100_000
    assert_refused(path, "claims to hold more than a network of this kind can")


@pytest.mark.parametrize("name", ["x.pb", "x.zip"])
def test_truncated(tmp_path, name):
    path = write(tmp_path / name)
    whole = path.read_bytes()
    for size in (0, 1, 20, len(whole) // 2, len(whole) - 20):
        path.write_bytes(whole[:size])
        assert_refused(path)


@pytest.mark.computes
def test_a_file_as_a_model(tmp_path, monkeypatch):
    """A command's classes come in Keras's order, `GoogLeNet`'s in Google's unless 1000 are asked for."""
    monkeypatch.setattr("keras_googlenet.model.pretrained.made_for", lambda weights: THIN)
    monkeypatch.setattr("keras_googlenet.model.googlenet.made_for", lambda weights: THIN)
    monkeypatch.setattr("keras_googlenet.model.fitting.made_for", lambda weights: THIN)
    whole, other = write(tmp_path / "whole.pb", outputs=1008), write(tmp_path / "other.pb", outputs=7)
    found, biases = load_model(whole, aux_heads=True), read(whole)
    assert found.output_shape == [(None, 1000)] * 3
    for layer in ("predictions", "aux1", "aux2"):
        bias = keras.ops.convert_to_numpy(found.get_layer(layer).bias)
        assert np.array_equal(bias, biases[f"{layer}/bias"][list(ilsvrc2012.COLUMNS)])
    for options, width in (({}, 1008), ({"classes": 1008}, 1008), ({"classes": 1000}, 1000)):
        assert GoogLeNet(weights=whole, **options).output_shape == (None, width)
    assert GoogLeNet(weights=None, variant=THIN).output_shape[0] == (None, 1000)
    assert load_model(other).output_shape == (None, 7)


def test_the_order_is_that_of_the_published_labels(shared_data):
    """The labels of Google's archive, put together from Keras's names, have its file's SHA-256.

    Two of its names are not Keras's. Two names are of two classes each; which is which, the challenge's development kit
    says (`map_clsloc.txt`): n02012849 429 crane_bird, n03126707 545 crane, n03710637 782 maillot_1, and
    n03710721 977 maillot_2.
    """
    index = json.loads((shared_data / "imagenet_class_index.json").read_text())
    pairs = ilsvrc2012.in_columns([tuple(index[str(i)]) for i in range(1000)])
    others = {"cannon": "cannon [ground]", "teddy": "teddy bear"}
    lines = [others.get(name, name.replace("_", " ")) for _, name in pairs[:1001]]
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == (
        "da2a31ecfe9f212ae8dd07379b11a74cb2d7a110eba12c5fc8c862a65b8e6606"
    )
    assert [name for name, count in Counter(lines).items() if count > 1] == ["crane", "maillot"]
    numbers = {number: pairs[number][0] for number in (429, 545, 782, 977)}
    assert numbers == {429: "n02012849", 545: "n03126707", 782: "n03710637", 977: "n03710721"}
    assert {name for _, name in pairs[1001:]} == {"unlabeled"}


def test_predictions_are_decoded_in_either_order(shared_data):
    index = shared_data / "imagenet_class_index.json"
    keras_order = np.random.default_rng(0).uniform(0, 1, (2, 1000))
    googles = np.zeros((2, 1008))
    googles[:, list(ilsvrc2012.COLUMNS)] = keras_order
    assert decode_predictions(googles, class_index=index) == decode_predictions(keras_order, class_index=index)
    googles[:, 0], googles[:, 1003] = 3, 2
    assert decode_predictions(googles, top=2, class_index=index)[0] == [("0", "dummy", 3), ("1003", "unlabeled", 2)]
    with pytest.raises(ValueError, match=r"Google's own order of shape \(images, 1008\)"):
        decode_predictions(np.zeros((1, 1001)))


def test_names_load_only_with_their_classes():
    with pytest.raises(ValueError, match="`classes` should be 1008 or 1000; for other classes"):
        GoogLeNet(weights="inception5h", classes=1001)

"""Receptive fields: the gradient of one place is nothing outside its field, and something in each line at its border.

Backpropagation knows nothing of the table: it goes through the layers of a network that was built.
"""

import dataclasses

import numpy as np
import pytest
from keras import ops
from support import deterministic

from keras_googlenet import GoogLeNet
from keras_googlenet.architecture import PAPER, Inception, edit, wider
from keras_googlenet.architecture.variants import BATCHNORM, SLIM, TORCHVISION
from keras_googlenet.visualize.gradients import value_and_gradient
from keras_googlenet.visualize.network import Network
from keras_googlenet.visualize.receptive import field

pytestmark = pytest.mark.computes

IMAGES = 6


def narrow(table):
    """A table of the same windows and strides in an eighth of the width."""
    return wider(table, 0.125)


def seen(network, name, place, size):
    """Which rows and columns of pixels some image's value at a place depends on, by its gradient."""
    model = network.features(name)
    images = np.random.default_rng(0).normal(0, 80, (IMAGES, *size, 3))
    _, gradient = value_and_gradient(
        lambda x: ops.sum(model(x, training=False)[name][:, place[0], place[1], :]), images
    )
    return gradient.any((0, -1))


def bounds(lines):
    places = np.flatnonzero(lines)
    return int(places[0]), int(places[-1]) + 1


CASES = [
    (PAPER, (97, 130), ["conv1", "pool1", "conv2_3x3_reduce", "conv2_norm2", "pool2", "inception_3a_pool"]),
    (PAPER, (250, 223), ["inception_3a", "inception_3a_3x3", "inception_3b_5x5", "inception_3b_1x1", "pool3"]),
    (PAPER, (320, 281), ["inception_4a_pre_relu", "inception_4a_5x5_reduce", "inception_4b", "aux1_conv", "aux1_pool"]),
    (PAPER, (224, 224), ["inception_4c", "inception_5b", "conv1_pre_relu"]),
    (BATCHNORM, (160, 160), ["conv1", "inception_3a_pre_relu", "inception_3b"]),
    (TORCHVISION, (161, 224), ["conv2", "inception_3a", "inception_3b", "pool4", "inception_5a"]),
    (SLIM, (225, 224), ["conv1", "pool1", "inception_3a", "inception_4a", "inception_5b"]),
    (SLIM, (160, 131), ["pool2", "inception_3b", "pool3"]),
]


@pytest.mark.parametrize(("table", "size", "names"), CASES, ids=[f"{t.name}-{s[0]}x{s[1]}" for t, s, _ in CASES])
def test_the_field_is_where_the_gradient_is(table, size, names):
    model = GoogLeNet(
        weights=None, classes=2, input_shape=(*size, 3), variant=narrow(table), aux_heads=bool(table.auxiliary)
    )
    deterministic.fill(model)
    network = Network(model)
    for name in names:
        shape = network.endpoints[name].shape[1:3]
        fields = [field(network.table, name, side) for side in size]
        assert [one.side for one in fields] == list(shape), name
        for place in {(shape[0] // 2, shape[1] // 2), (0, shape[1] - 1)}:
            touched = seen(network, name, place, size)
            for axis in (0, 1):
                start, stop = fields[axis].pixels(place[axis])
                expected = max(0, start), min(size[axis], stop)
                assert bounds(touched.any(1 - axis)) == expected, (name, place, axis)


def test_sizes_by_hand():
    """Of the paper's table: 7 + 2 * 2 = 11 after pool1, + 4 * 2 after conv2's 3x3, and so on, branch 5x5 the widest."""
    sizes = {"conv1": 7, "pool1": 11, "conv2": 19, "pool2": 27, "inception_3a": 59, "inception_3b": 91, "pool3": 107}
    sizes |= {f"inception_4{letter}": 171 + 64 * i for i, letter in enumerate("abcde")}
    sizes |= {"pool4": 459, "inception_5a": 587, "inception_5b": 715, "inception_3a_1x1": 27, "inception_3a_3x3": 43}
    assert {name: field(PAPER, name, 224).size for name in sizes} == sizes


def test_what_sees_the_whole_image_has_no_field():
    for name in ("avg_pool", "predictions", "predictions_pre_activation", "aux1_fc", "aux2", "pool5_drop_7x7_s1"):
        assert field(PAPER, name, 224) is None
    assert field(None, "inception_4a", 224) is None
    assert field(TORCHVISION, "aux1_conv", 224) is None  # whose pool is adaptive


def test_an_edited_table():
    """A module with other windows has the fields of these."""
    table = edit(PAPER, lambda row: dataclasses.replace(row, kernel5x5=7) if isinstance(row, Inception) else row)
    assert field(table, "inception_3a", 224).size == 27 + 8 * 6

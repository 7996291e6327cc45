"""A channel in a word: which layer and which number it is, and what is no channel."""

import pytest

from keras_googlenet import GoogLeNet
from keras_googlenet.errors import InputError
from keras_googlenet.visualize.channels import parse_channel
from keras_googlenet.visualize.network import Network


@pytest.fixture(scope="module")
def network():
    return Network(GoogLeNet(weights=None))


@pytest.mark.parametrize(
    ("text", "endpoint", "index"),
    [
        ("mixed4a:97", "inception_4a", 97),
        ("4a:511", "inception_4a", 511),
        (" inception_4a : 0 ", "inception_4a", 0),
        ("inception_4a/3x3_reduce:5", "inception_4a_3x3_reduce", 5),
        ("mixed4b_3x3_bottleneck:111", "inception_4b_3x3_reduce", 111),
        ("conv2d0:63", "conv1", 63),
        ("conv2d0_pre_relu:3", "conv1_pre_relu", 3),
        ("mixed4a_pre_relu:97", "inception_4a_pre_relu", 97),
        ("softmax2:999", "predictions", 999),
        ("nn0:1023", "aux1_fc", 1023),
    ],
)
def test_a_channel(network, text, endpoint, index):
    assert parse_channel(network, text) == (endpoint, index)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("4a", "Expected a layer, a colon and a channel's number, such as 4a:97. Received: '4a'"),
        (":97", "Expected a layer, a colon"),
        ("4a:", "Expected a layer, a colon"),
        ("4a:-1", "Expected a layer, a colon"),
        ("4a:1.0", "Expected a layer, a colon"),
        ("4a:٣", "Expected a layer, a colon"),
        ("4a:512", "inception_4a has the channels 0 to 511. Received: '4a:512'"),
        ("4a:" + "9" * 10_000, "inception_4a has the channels 0 to 511"),
        ("conv2d0:64", "conv1 has the channels 0 to 63"),
        ("4f:3", "No such layer: 4f. Did you mean '4"),
        ("mixed4f:3", "No such layer: mixed4f. Did you mean 'mixed4"),
        ("pool1_pre_relu:3", "pool1 ends in no activation"),
    ],
)
def test_what_is_none(network, text, message):
    with pytest.raises(InputError) as caught:
        parse_channel(network, text)
    assert message in str(caught.value)

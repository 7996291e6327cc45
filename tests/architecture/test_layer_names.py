"""The names that others have for the layers."""

import re

import pytest

from keras_googlenet.architecture import PAPER
from keras_googlenet.architecture.names import CAFFE, GOOGLE, own_name


def own_layers():
    """The names of the paper's layers, as the table has them."""
    from keras_googlenet.architecture.rows import Convolution, Inception

    for row in PAPER.rows:
        yield row.name
        if isinstance(row, Convolution):
            yield from (conv.name for conv in row.convs)
        if isinstance(row, Inception):
            yield from (step.name for branch in row.branches for step in branch)
    for head in PAPER.auxiliary:
        yield from (f"{head.name}_pool", *head.layers)


def test_google_s_graph_and_caffe_name_layers_that_exist():
    known = set(own_layers())
    assert set(GOOGLE.values()) <= known
    assert set(CAFFE.values()) <= known
    assert len(set(GOOGLE.values())) == len(GOOGLE)
    # Its 57 convolutions below the heads, two in these, five pools and two normalizations of the trunk, ...
    assert len(GOOGLE) == 3 + 9 * 7 + 9 + 4 + 2 + 1 + 2 * 4 + 1


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("mixed3a", "inception_3a"),
        ("mixed5b_pool_reduce_pre_relu", "inception_5b_pool_proj_pre_relu"),
        ("mixed4b_5x5_bottleneck", "inception_4b_5x5_reduce"),
        ("softmax0_pre_activation", "aux1_pre_activation"),
        ("inception_4e/pool_proj", "inception_4e_pool_proj"),
        ("inception_4e/output", "inception_4e_output"),
        ("pool2/3x3_s2", "pool2_3x3_s2"),
        ("conv2/3x3_reduce", "conv2_3x3_reduce"),
        ("loss2/classifier", "aux2"),
        ("inception (5a)", "inception_5a"),
        ("inception (5a)/#3x3 reduce", "inception_5a_3x3_reduce"),
        ("5a", "inception_5a"),
        ("inception5a", "inception_5a"),
        ("5a_pre_relu", "inception_5a_pre_relu"),
        ("my_own_layer", "my_own_layer"),
        ("5aa", "5aa"),
    ],
)
def test_names_of_others(theirs, ours):
    assert own_name(theirs) == ours


def test_a_name_of_ours_stays():
    for name in own_layers():
        assert own_name(name) == name
        assert not re.search("[/ ]", name)

"""The table against a second transcription of the paper, and its costs against arithmetic done by hand."""

import pytest
from support.transcription import COMPUTED, COSTS, MODULES

from keras_googlenet.architecture import PAPER, Inception, costs
from keras_googlenet.architecture.costs import depth
from keras_googlenet.architecture.table import DEFAULT_SIZE, MIN_SIZE, PRINTED
from keras_googlenet.architecture.variants import BATCHNORM, PLAIN, SLIM, TORCHVISION, naive


def by_name(table, **options):
    return {cost.name: cost for cost in costs(table, **options)}


def test_modules_are_the_papers():
    table = {
        row.name.removeprefix("inception_"): (
            row.conv1x1, row.reduce3x3, row.conv3x3, row.reduce5x5, row.conv5x5, row.pool_proj,
        )
        for row in PAPER.rows
        if isinstance(row, Inception)
    }  # fmt: skip
    assert table == MODULES


@pytest.mark.parametrize("name", COSTS)
def test_costs_row_by_row(name):
    cost = by_name(PAPER)[name]
    assert (cost.output, cost.weights, cost.macs) == COSTS[name]


@pytest.mark.parametrize("name", COMPUTED)
def test_costs_in_the_units_of_the_paper(name):
    cost = by_name(PAPER)[name]
    assert (round(cost.weights / 1024, 1), round(cost.macs / 1e6, 1)) == pytest.approx(COMPUTED[name], abs=0.051)


def test_totals():
    rows = costs(PAPER)
    assert sum(cost.weights for cost in rows) == 6_990_272
    assert sum(cost.parameters for cost in rows) == 6_998_552
    assert sum(cost.macs for cost in rows) == 1_582_671_872
    heads = by_name(PAPER, aux_heads=True)
    assert heads["aux1"].parameters == 3_188_840
    assert heads["aux2"].parameters == 3_190_888
    assert sum(cost.parameters for cost in heads.values()) == 13_378_280


def test_depth():
    assert depth(PAPER) == 22
    assert depth(PAPER, pools=True) == 27


def test_where_the_printed_table_disagrees_with_its_own_arithmetic():
    """Pinned, so that nobody "corrects" either side: off by more than 1% and more than rounding explains."""

    def off(printed, computed):
        difference = abs(float(printed[:-1]) - computed)
        return difference > 0.5 and difference / computed > 0.01

    rows = by_name(PAPER)
    params = [name for name, (p, _) in PRINTED.items() if off(p, rows[name].weights / 1024)]
    macs = [name for name, (_, m) in PRINTED.items() if off(m, rows[name].macs / 1e6)]
    assert params == ["conv1", "inception_4c", "inception_4d", "inception_5a", "inception_5b"]
    assert macs == ["conv1", "inception_5a"]


def test_conv1_is_printed_as_if_it_were_separable():
    depthwise, multiplier, channels, filters = 7 * 7, 8, 3, 64
    separable = depthwise * channels * multiplier + channels * multiplier * filters
    assert round(separable / 1024, 1) == 2.6  # "2.7K"
    assert round(separable * 112 * 112 / 1e6) == 34  # "34M"


def test_parameters_of_the_variants():
    def parameters(table, **options):
        return sum(cost.parameters for cost in costs(table, **options))

    assert parameters(PLAIN) == parameters(PAPER)
    assert parameters(TORCHVISION) == 6_624_904  # torchvision.models.googlenet(aux_logits=False)
    convolution_filters = 7_280  # of the 57 convolutions: one bias each, against a scale and an offset
    assert parameters(BATCHNORM) == parameters(PAPER) + convolution_filters
    assert parameters(SLIM) == parameters(TORCHVISION) - convolution_filters  # no scale


def test_naive_modules_pass_the_pooled_input_on():
    cost = by_name(naive(PAPER))["inception_3a"]
    assert cost.output == (28, 28, 64 + 128 + 32 + 192)
    assert cost.weights == 192 * (64 + 9 * 128 + 25 * 32)


@pytest.mark.parametrize("shape", [(224, 224), (224, 224, 0), (224, 224.0, 3), None])
def test_costs_refuse_a_shape_that_is_none(shape):
    with pytest.raises((ValueError, TypeError), match="three positive integers|iterable"):
        costs(PAPER, shape)


def test_costs_refuse_an_input_that_vanishes():
    with pytest.raises(ValueError, match=r"Row 'pool2' has no pixels left.*Use a larger input"):
        costs(PAPER, (4, 4, 3))


@pytest.mark.parametrize(("size", "side"), [(DEFAULT_SIZE, 7), (MIN_SIZE, 1)])
def test_five_halvings_leave(size, side):
    """The smallest input is the one that leaves a pixel."""
    [last] = [cost for cost in costs(PAPER, (size, size, 3)) if cost.name == "inception_5b"]
    assert last.output == (side, side, 1024)

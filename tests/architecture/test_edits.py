"""Variants, tables of one's own, and what a table refuses to be."""

import dataclasses
import json
import re

import pytest

from keras_googlenet import architecture
from keras_googlenet.architecture import (
    LRN,
    PAPER,
    VARIANTS,
    Architecture,
    Auxiliary,
    AveragePool,
    Convolution,
    Dropout,
    Inception,
    Linear,
    MaxPool,
    edit,
    wider,
)
from keras_googlenet.architecture.variants import resolve


@pytest.mark.parametrize("name", VARIANTS)
def test_a_table_survives_json(name):
    table = VARIANTS[name]
    assert Architecture.from_config(json.loads(json.dumps(table.get_config()))) == table


def test_variants_differ_from_the_paper_just_where_they_should():
    kept = [row for row in PAPER.rows if not isinstance(row, LRN)]
    assert list(VARIANTS["plain"].rows) == kept
    assert list(VARIANTS["batchnorm"].rows) == kept
    assert VARIANTS["plain"].batch_norm is None
    for name in ("torchvision", "slim"):
        rows = {row.name: row for row in VARIANTS[name].rows}
        assert rows["pool4"].kernel == 2
        assert rows["pool5_drop_7x7_s1"].rate == 0.2
        assert {row.kernel5x5 for row in rows.values() if isinstance(row, Inception)} == {3}
        assert not any(isinstance(row, LRN) for row in rows.values())
    assert VARIANTS["slim"].batch_norm.scale is False
    googles = zip(PAPER.rows, VARIANTS["inception5h"].rows, strict=True)
    changed = {
        (theirs.name, name): value
        for ours, theirs in googles
        for name, value in vars(theirs).items()
        if value != vars(ours)[name]
    }
    normalization = {"depth_radius": 5, "bias": 2.0, "alpha": 1e-4, "beta": 0.5}
    assert changed == {("inception_4a", "conv3x3"): 204, ("inception_5a", "reduce5x5"): 48} | {
        (row, name): value for row in ("pool1_norm1", "conv2_norm2") for name, value in normalization.items()
    }
    assert VARIANTS["inception5h"].auxiliary == PAPER.auxiliary
    assert VARIANTS["slim"].padding == "same"
    assert VARIANTS["slim"].auxiliary == ()
    assert {head.grid for head in VARIANTS["torchvision"].auxiliary} == {4}


def test_wider_scales_every_convolution():
    rows = {row.name: row for row in wider(PAPER, 1.5).rows}
    assert rows["conv1"].filters == 96
    assert (rows["conv2"].reduce, rows["conv2"].filters) == (96, 288)
    module = rows["inception_3a"]
    assert (module.conv1x1, module.reduce3x3, module.conv3x3) == (96, 144, 192)
    assert (module.reduce5x5, module.conv5x5, module.pool_proj) == (24, 48, 48)
    assert rows["pool1"] == PAPER.rows[1]


@pytest.mark.parametrize("factor", [0, -1.0, float("nan")])
def test_wider_refuses(factor):
    with pytest.raises(ValueError, match="`factor` must be positive. Received: factor="):
        wider(PAPER, factor)


def test_resolve():
    assert resolve(None) is PAPER
    assert resolve("plain") is VARIANTS["plain"]
    mine = edit(PAPER, lambda row: row, name="mine")
    assert resolve(mine) is mine
    with pytest.raises(ValueError, match=r"`variant` must be None, one of \['batchnorm'.*Received: variant='papr'"):
        resolve("papr")
    with pytest.raises(ValueError, match="Received: variant=3"):
        resolve(3)


TOP = (AveragePool(), Linear())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rows": (MaxPool("a"), MaxPool("a"), *TOP)}, "Each row needs a name of its own. Received twice: a"),
        ({"rows": (MaxPool("a"), Linear())}, "A table must end in an AveragePool"),
        ({"rows": (*TOP, MaxPool("a"))}, "A table must end in an AveragePool"),
        ({"rows": (AveragePool(),)}, "A table must end in an AveragePool"),
        ({"rows": ("conv1", *TOP)}, "Each row must be one of"),
        ({"rows": (Convolution("a", 3, 0), *TOP)}, "`filters` of row 'a' must be an integer of at least 1. Received"),
        ({"rows": (Convolution("a", 3, 8.5), *TOP)}, "`filters` of row 'a' must be an integer"),
        ({"rows": (Convolution("a", 3, 8, reduce=0), *TOP)}, "`reduce` of row 'a' must be an integer of at least 1"),
        ({"rows": (AveragePool(), Dropout("d", 1.0), Linear())}, "`rate` of row 'd' must be in [0, 1). Received: 1.0"),
        ({"auxiliary": (Auxiliary("x", after="conv9"),)}, "head 'x' must read a row below the average pool"),
        ({"auxiliary": (Auxiliary("x", after="avg_pool"),)}, "Received: after='avg_pool'"),
        ({"auxiliary": (Auxiliary("conv1", after="conv1"),)}, "Received twice: conv1"),
        ({"padding": "valid"}, "`padding` must be one of ('caffe', 'same'). Received: 'valid'"),
    ],
)
def test_a_table_that_cannot_be_built_is_refused(changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        dataclasses.replace(PAPER, **{"auxiliary": (), **changes})


def test_a_config_with_an_unknown_row_is_refused():
    config = PAPER.get_config()
    config["rows"][0]["kind"] = "Lambda"
    with pytest.raises(ValueError, match=r"A row of a table must be one of .* Received: kind='Lambda'"):
        Architecture.from_config(config)


def test_every_public_name_is_documented():
    for name in vars(architecture):
        item = getattr(architecture, name)
        if isinstance(item, type) or callable(item):
            assert item.__doc__, name

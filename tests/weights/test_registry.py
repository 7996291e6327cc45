"""The registry is data: complete, and consistent with itself."""

import dataclasses
import re

import pytest

from keras_googlenet import architecture
from keras_googlenet.weights import READERS, REGISTRY, VARIANTS

SOURCES = [source for weights in REGISTRY.values() for source in weights.sources]


@pytest.mark.parametrize("name", REGISTRY)
def test_entries_are_complete(name):
    weights = REGISTRY[name]
    assert weights.name == name
    assert all(dataclasses.asdict(weights).values())
    assert 0 < weights.top1 < weights.top5 < 100


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.filename)
def test_sources_can_be_checked_and_read(source):
    named = re.fullmatch(r"[a-z]+-([0-9a-f]{8})\.pth", source.filename)  # all that PyTorch gives
    assert source.sha256 == named[1] if named else re.fullmatch("[0-9a-f]{64}", source.sha256)
    assert source.url.endswith(f"/{source.filename}")
    assert source.filename.endswith(tuple(READERS))
    assert named if source.size is None else source.size > 1 << 20


def test_file_names_are_unique():
    assert len({source.filename for source in SOURCES}) == len(SOURCES)


def test_bvlcs_own_file_comes_first():
    assert list(REGISTRY) == ["imagenet", "imagenet_torchvision"]
    assert [source.filename for source in REGISTRY["imagenet"].sources] == [
        "bvlc_googlenet.caffemodel",
        "googlenet-12.onnx",
        "googlenet-9.onnx",
    ]
    assert (REGISTRY["imagenet"].sources[0].size, REGISTRY["imagenet"].variant) == (
        53_533_754,
        "paper",
    )


def test_formats_that_tell_their_variant():
    assert set(VARIANTS) <= set(READERS)
    assert set(VARIANTS.values()) == {"torchvision", "slim"} <= set(architecture.VARIANTS)

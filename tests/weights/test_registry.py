"""The registry is data: complete, and consistent with itself."""

import dataclasses
import re

import pytest

from keras_googlenet import architecture
from keras_googlenet.weights import REGISTRY
from keras_googlenet.weights.formats import FORMATS

SOURCES = [source for weights in REGISTRY.values() for source in weights.sources]

FILES = {"tensorflow_inception_graph.pb"}
"""Those that are only found where somebody has put them."""


@pytest.mark.parametrize("name", REGISTRY)
def test_entries_are_complete(name):
    weights = REGISTRY[name]
    assert weights.name == name
    told = dataclasses.asdict(weights)
    measured = [told.pop("top1"), told.pop("top5")]
    assert all(told.values())
    assert measured == [None, None] if name == "inception5h" else 0 < weights.top1 < weights.top5 < 100


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.url or source.filename)
def test_sources_can_be_checked_and_read(source):
    named = re.fullmatch(r"[a-z]+-([0-9a-f]{8})\.pth", source.filename)  # all that PyTorch gives
    assert source.sha256 == named[1] if named else re.fullmatch("[0-9a-f]{64}", source.sha256)
    assert source.filename in FILES if source.url is None else source.url.endswith(f"/{source.filename}")
    assert source.filename.endswith(tuple(FORMATS))
    assert named if source.size is None else source.size > 1 << 20


def test_one_file_name_is_one_file():
    assert len({source.url for source in SOURCES}) == len(SOURCES)
    files = {(source.filename, source.size, source.sha256) for source in SOURCES}
    assert len({source.filename for source in SOURCES}) == len(files)


def test_bvlcs_own_file_comes_first():
    assert list(REGISTRY) == ["imagenet", "imagenet_torchvision", "imagenet_slim", "inception5h"]
    assert list(dict.fromkeys(source.filename for source in REGISTRY["imagenet"].sources)) == [
        "bvlc_googlenet.caffemodel",
        "googlenet-12.onnx",
        "googlenet-9.onnx",
    ]
    assert (REGISTRY["imagenet"].sources[0].size, REGISTRY["imagenet"].variant) == (
        53_533_754,
        "paper",
    )


def test_formats_that_tell_their_variant():
    told = {form.variant for form in FORMATS.values() if form.variant}
    assert told == {"torchvision", "slim", "inception5h"} <= set(architecture.VARIANTS)


def test_each_file_of_bvlcs_has_another_source():
    hosts = {}
    for source in REGISTRY["imagenet"].sources:
        hosts.setdefault(source.filename, []).append(source.url.split("/")[2])
    assert hosts["bvlc_googlenet.caffemodel"] == ["dl.caffe.berkeleyvision.org", "www.deepdetect.com"]
    assert hosts["googlenet-12.onnx"] == ["github.com", "media.githubusercontent.com", "huggingface.co"]


def test_slims_weights_are_a_name():
    [source, *others] = REGISTRY["imagenet_slim"].sources
    assert (source.filename, source.size) == ("inception_v1_2016_08_28.tar.gz", 24_642_554)
    assert source.sha256 == "7a620c430fcaba8f8f716241f5148c4c47c035cce4e49ef02cfbe6cd1adf96a6"
    assert all(other.sha256 == source.sha256 for other in others)


def test_googles_own_archive_and_the_graph_in_it():
    first, *others, graph = REGISTRY["inception5h"].sources
    assert (first.filename, first.size) == ("inception5h.zip", 49_937_555)
    assert first.sha256 == "d13569f6a98159de37e92e9c8ec4dae8f674fbf475f69fe6199b514f756d4364"
    assert all(other.sha256 == first.sha256 for other in others)
    assert (graph.url, graph.filename, graph.size) == (None, "tensorflow_inception_graph.pb", 53_884_595)
    assert graph.sha256 == "a39b08b826c9d5a5532ff424c03a3a11a202967544e389aca4b06c2bd8aef63f"
    assert REGISTRY["inception5h"].classes == (1008, 1000)

"""The short form of fuzz.py."""

import random

import pytest
from fuzz import FORMATS, fuzz, mutate


@pytest.mark.parametrize("suffix", FORMATS)
def test_damaged_files_load_whole_or_are_refused(suffix):
    if suffix == ".onnx":
        pytest.importorskip("onnx")
    outcomes = fuzz(suffix, 60)
    assert outcomes.total() == 60
    assert set(outcomes) <= {"loaded", "refused"}, outcomes
    assert outcomes["refused"] > 10  # the damage is felt


def test_mutations_differ():
    content = bytes(range(256)) * 20
    assert len({mutate(content, random.Random(seed)) for seed in range(50)}) > 45

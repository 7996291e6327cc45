"""The short form of fuzz_images.py."""

import random

import pytest
from data.fuzz_images import FORMATS, fuzz, outcome, written
from weights.fuzz import mutate

from keras_googlenet.data.images import read_view


@pytest.mark.spawns
def test_damaged_images_are_read_or_refused(tmp_path):
    path, outcomes = tmp_path / "damaged", set()
    for name in FORMATS:
        whole, rng = written(name), random.Random(name)
        path.write_bytes(whole)
        assert outcome(read_view, str(path)) == "read", name
        for _ in range(12):
            path.write_bytes(mutate(whole, rng))
            outcomes.add(outcome(read_view, str(path)))
    assert outcomes == {"read", "refused"}


@pytest.mark.spawns
def test_what_an_image_takes_is_seen():
    outcomes, (seconds, memory) = fuzz("TIFF", 20)
    assert outcomes.total() == 20
    assert set(outcomes) == {"read", "refused"}
    assert seconds < 20
    assert memory < 200

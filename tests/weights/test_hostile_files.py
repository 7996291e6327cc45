"""Every hostile file is refused, before it has taken much memory or time.

The line of each, and what it took: `python tests/weights/measured.py --cases`.
"""

import hostile
import measured
import pytest

from keras_googlenet.weights import WeightsError, read, reader

MEMORY, SECONDS = 1536, 20
"""Above the import, MiB; and on a busy machine."""

AT_ONCE = 40


def groups(names):
    names = list(names)
    return [names[start : start + AT_ONCE] for start in range(0, len(names), AT_ONCE)]


@pytest.mark.spawns
@pytest.mark.parametrize("names", groups(hostile.cases()), ids=lambda names: names[0])
def test_hostile_files_are_refused_within_memory_and_time(tmp_path, names):
    paths = [hostile.make(name, tmp_path) for name in names]
    found = list(measured.measure(*paths))
    assert [one["file"] for one in found] == names  # none has ended the process
    for one in found:
        assert one["MiB"] < MEMORY, one
        assert one["seconds"] < SECONDS, one
        assert one["said"].startswith(("WeightsError: ", "PredictionsError: ")), one
        assert one["file"] in one["said"], one
        assert len(one["said"]) < 3000, one


@pytest.mark.spawns
def test_the_measure_sees_memory_and_time(tmp_path):
    """A file that is well, of a network of many classes: it is loaded, and that takes what it takes."""
    path = hostile.make("many_classes.npz", tmp_path)
    [found] = measured.measure(path)
    assert found["said"] == "loaded"
    assert found["MiB"] > 200
    assert found["seconds"] > 0.1


@pytest.mark.parametrize("value", ["abc", "-1", "0", "1.5", "9" * 5000, "1e9", "\u0663"])
def test_a_limit_that_is_none(tmp_path, monkeypatch, value):
    (tmp_path / "x.npz").write_bytes(b"PK")
    monkeypatch.setenv(reader.OPTION, value)
    with pytest.raises(WeightsError, match="KERAS_GOOGLENET_MAX_BYTES must be a number of bytes, such as 536870912"):
        reader.check_size(tmp_path / "x.npz", 1)


def test_the_limit_can_be_raised_and_lowered(tmp_path, monkeypatch):
    path = hostile.make("scalar_bias.npz", tmp_path)
    monkeypatch.setenv(reader.OPTION, "1000")
    with pytest.raises(WeightsError, match=r"at most 1,000 bytes.*environment variable KERAS_GOOGLENET_MAX_BYTES"):
        read(path)
    for value in ("", " 100000 "):
        monkeypatch.setenv(reader.OPTION, value)
        assert read(path)
    reader.check_size(path, 100_000)
    with pytest.raises(WeightsError, match="100,001 bytes"):
        reader.check_size(path, 100_001)

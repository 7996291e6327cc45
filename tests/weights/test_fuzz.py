"""The short form of fuzz.py."""

import random
import zipfile

import pytest
from fuzz import FORMATS, fuzz
from mutations import mutate

from keras_googlenet.weights import WeightsError, read


@pytest.mark.spawns
@pytest.mark.parametrize("suffix", FORMATS)
def test_damaged_files_load_whole_or_are_refused(suffix):
    if suffix == ".onnx":
        pytest.importorskip("onnx")
    outcomes = fuzz(suffix, 80)
    assert outcomes.total() == 80
    assert set(outcomes) <= {"loaded", "refused"}, outcomes
    assert outcomes["refused"] > 10  # the damage is felt
    assert outcomes["loaded"] > 0  # and the file is one that is read


def test_an_error_does_not_quote_the_file(tmp_path):
    """The local header says that the member's name is 20,000 bytes long, and zipfile would name them all."""
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("conv1/7x7_s2/kernel.npy", bytes(30_000))
    content = bytearray(path.read_bytes())
    content[26:28] = (20_000).to_bytes(2, "little")
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="BadZipFile") as caught:
        read(path)
    assert len(str(caught.value)) < 1000


def test_mutations_differ():
    content = bytes(range(256)) * 20
    assert len({mutate(content, random.Random(seed)) for seed in range(50)}) > 45

"""What is written where: links are followed, devices and pipes kept, and what is no place for a file is refused."""

import json
import os
import threading

import pytest
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.cli import main
from keras_googlenet.errors import InputError
from keras_googlenet.training.run_folder import RunFolder
from keras_googlenet.weights import read

EVALUATE = ["evaluate", "net.keras", "--dataset", "digits", "--split", "validation"]

OUTPUTS = {
    "convert": ["convert", "net.keras"],
    "export": ["export", "net.keras", "--format", "savedmodel"],
    "features": ["features", "net.keras", "photo.jpg", "--layer", "4a", "--output"],
    "json": [*EVALUATE, "--json"],
    "predictions": [*EVALUATE, "--predictions"],
    "train": ["train", "--output"],
    "visualize": ["visualize", "net.keras", "--output"],
}
"""Commands, to which the name of what they write is to be appended."""


@pytest.fixture
def work(tmp_path, monkeypatch):
    model = GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=10, variant=SMALL)
    model.class_names = tuple("0123456789")
    model.save(tmp_path / "net.keras")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_empty_name(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main([*OUTPUTS[name], ""])
    assert ended.value.code == 2
    said = f"{OUTPUTS[name][-1]} is given nothing" if name not in ("convert", "export") else "Received: ''"
    assert said in capsys.readouterr().err
    assert os.listdir() == []


@pytest.mark.parametrize("kind", ["pipe", "loop", "long", "below"])
@pytest.mark.parametrize("name", ["convert", "features", "json", "predictions", "train", "visualize"])
def test_no_place_for_it(name, kind, work, capsys):
    """A pipe is written into by `--json` alone, which nobody reads here."""
    if (name, kind) == ("json", "pipe"):
        return
    place = "n" * 300 if kind == "long" else f"{kind}.npz"
    if kind == "pipe":
        os.mkfifo(place)
    if kind == "loop":
        os.symlink(place, place)
    if kind == "below":
        place = "net.keras/x.npz"
    before = sorted(os.listdir())
    status = main([*OUTPUTS[name], place if kind != "long" else f"{place}.npz"])
    assert status in (1, 2)
    lines = capsys.readouterr().err.splitlines()
    assert len([line for line in lines if not line.startswith("WARNING:")]) == 1, lines
    assert sorted(os.listdir()) == before


@pytest.mark.computes
def test_results_go_where_a_link_leads_and_into_a_pipe(work, capfd):
    os.symlink("real.json", "link.json")
    os.mkfifo("pipe")
    received = []
    reader = threading.Thread(target=lambda: received.append(json.loads((work / "pipe").read_bytes())))
    reader.start()
    for place in ("link.json", "pipe", "/dev/null", "/dev/stdout"):
        assert main([*EVALUATE, "--json", place]) == 0
    reader.join()
    assert os.readlink("link.json") == "real.json"
    assert json.loads((work / "real.json").read_bytes()) == received[0]
    assert not os.path.isfile(os.devnull)
    assert received[0]["results"] == json.loads("{" + capfd.readouterr().out.partition("{")[2])["results"]
    assert sorted(os.listdir()) == ["link.json", "net.keras", "pipe", "real.json"]


def test_a_conversion_follows_a_link_that_leads_nowhere_yet(work):
    os.symlink("real.npz", "link.npz")
    assert main(["convert", "net.keras", "link.npz"]) == 0
    assert os.readlink("link.npz") == "real.npz"
    assert read("real.npz").keys() == read("link.npz").keys()
    assert main(["convert", "net.keras", "link.npz"]) == 2


def test_a_folder_that_a_killed_run_had_only_begun_is_new(tmp_path):
    (tmp_path / ".keras-googlenet-partial-abc").mkdir()
    RunFolder(tmp_path).check_new()
    (tmp_path / "recipe.json").write_text("{}")
    with pytest.raises(InputError, match="must be new or empty"):
        RunFolder(tmp_path).check_new()

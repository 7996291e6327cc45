"""`keras-googlenet features`: what it says and how it ends."""

import os

import numpy as np
import pytest
from PIL import Image
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.cli import main

pytestmark = pytest.mark.computes


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    GoogLeNet(weights=None, classes=3, input_shape=(32, 32, 3), variant=SMALL).save("net.keras")
    (tmp_path / "in").mkdir()
    for number in range(3):
        Image.new("RGB", (40, 36), (80 * number, 99, 0)).save(f"in/{number}.png")
    (tmp_path / "in" / "text.jpg").write_text("no image")
    return tmp_path


def command(*arguments):
    return main(["features", "net.keras", *arguments])


def test_a_file_and_what_could_not_be_read(folder, capsys):
    assert command("in", "in/2.png", "no.png", "--layer", "4a", "--layer", "nn0", "--output", "out.npz") == 1
    said = capsys.readouterr()
    assert said.out == "out.npz\n"
    errors = [line for line in said.err.splitlines() if line.startswith("keras-googlenet: ")]
    assert errors == [
        "keras-googlenet: in/text.jpg: not an image in a format that Pillow can read",
        "keras-googlenet: no.png: no such file",
    ]
    with np.load("out.npz") as file:
        assert file["paths"].tolist() == ["in/0.png", "in/1.png", "in/2.png", "in/2.png"]
        assert str(file["model"]) == "net.keras"
        assert file["aux1_fc"].shape == (4, 1024)  # the heads that the file has
    assert sorted(os.listdir()) == ["in", "net.keras", "out.npz"]
    assert command("in/0.png", "--layer", "4a", "--output", "deep/er/out.npz") == 0
    assert os.path.exists("deep/er/out.npz")


def test_an_interruption_says_that_it_can_be_gone_on_with(folder, capsys, monkeypatch):
    import keras_googlenet.cli.progress as progress

    def interrupt(self, done):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(progress.Progress, "update", interrupt)
        assert command("in/0.png", "in/1.png", "--layer", "4a", "--output", "out.npz", "--batch-size", "1") == 130
    assert "out.npz.part keeps what was done: the same command goes on from there" in capsys.readouterr().err
    assert command("in/0.png", "in/1.png", "--layer", "3a", "--output", "out.npz", "--batch-size", "1") == 2
    assert "holds what another command has begun: it differs in layers" in capsys.readouterr().err
    assert command("in/0.png", "in/1.png", "--layer", "4a", "--output", "out.npz", "--batch-size", "1") == 0
    assert len(np.load("out.npz")["inception_4a"]) == 2


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["in", "--layer", "4f", "--output", "out.npz"], 2, "No such layer: 4f. Did you mean '4"),
        (["in", "--layer", "4a", "--output", "out.csv"], 2, "Features go into a file that ends with .npz or .parquet"),
        (["-", "--layer", "4a", "--output", "out.npz"], 2, "Received: -, standard input"),
        (["in", "--layer", "4a", "--output", "in"], 2, "Features go into a file"),
        (["in", "--layer", "4a", "--output", "out.npz", "--batch-size", "0"], 2, "--batch-size must be at least 1"),
        (["none*.jpg", "--layer", "4a", "--output", "out.npz"], 1, "no file matches"),
        (["in", "--layer", "4a", "--output", "net.keras/out.npz"], 1, "out.npz cannot be written: Not a directory"),
    ],
)
def test_wrong_commands(folder, capsys, arguments, status, message):
    assert command(*arguments) == status
    assert message in capsys.readouterr().err
    assert sorted(os.listdir()) == ["in", "net.keras"]


def test_without_a_layer_it_is_no_command(folder, capsys):
    with pytest.raises(SystemExit) as ended:
        command("in", "--output", "out.npz")
    assert ended.value.code == 2
    assert "--layer" in capsys.readouterr().err

"""Every Python block of the README runs as it stands, in order, in one namespace; every command is one that parses."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from keras_googlenet.cli import COMMANDS, main
from keras_googlenet.cli.parser import parser

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def cached_imagenet(shared_data, tmp_path, monkeypatch):
    """A Keras cache with BVLC's weights in it, so that `weights="imagenet"` needs no network."""
    models = tmp_path / "cache" / "models"
    models.mkdir(parents=True)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "cache"))
    source = str(shared_data / "bvlc_googlenet.npz")
    assert main(["convert", source, str(models / "googlenet_imagenet.weights.h5")]) == 0
    (models / "imagenet_class_index.json").write_bytes((shared_data / "imagenet_class_index.json").read_bytes())


@pytest.mark.computes
def test_the_python_runs_as_it_stands(cached_imagenet, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    found = blocks("python")
    assert len(found) == 3
    for block in found:
        size = 64 if "input_shape=(64, 64, 3)" in block else 224
        namespace["images"] = np.random.default_rng(0).integers(0, 256, (3, size, size, 3)).astype("float32")
        namespace["labels"] = np.array([0, 1, 2])
        exec(block, namespace)
    assert (tmp_path / "served" / "saved_model.pb").exists()
    assert namespace["ants_or_bees"].output_shape == (None, 2)
    assert re.search(r"\('n\d{8}', '\w+', ", capsys.readouterr().out)


def test_the_commands_parse():
    commands = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("keras-googlenet")]
    assert len(commands) == 9
    for command in commands:
        arguments = shlex.split(command, comments=True)[1:]
        assert parser(COMMANDS).parse_args(arguments).run


@pytest.mark.parametrize("page", ["README.md", "docs/results/index.md"])
def test_the_files_that_claims_point_to_exist(page):
    page = ROOT / page
    text = page.read_text(encoding="utf-8")
    files = [ROOT / name for name in re.findall(r"`((?:tests|benchmarks|docs|examples)/[\w/.]+)`", text)]
    links = [page.parent / link for link in re.findall(r"\]\(([\w./-]+)[)#]", text)]
    assert len(files) >= 9
    assert len(links) >= 6
    for path in files + links:
        assert path.exists(), path

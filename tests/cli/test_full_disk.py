"""Every writer, onto a disk that fills while it writes: one line, status 1, nothing left, nothing older lost."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.full_disk import file_size_limit, read_only, room, small_disk
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.cli import main

REPOSITORY = Path(__file__).parents[2]

PHOTO = "photo.png"

COMMANDS = {
    "x.keras": ["convert", "net.keras", "{}"],
    "x.weights.h5": ["convert", "net.keras", "{}"],
    "x.npz": ["convert", "net.keras", "{}"],
    "x.caffemodel": ["convert", "net.keras", "{}"],
    "predictions.npz": ["evaluate", "net.keras", "--dataset", "digits", "--split", "validation", "--predictions", "{}"],
    "result.json": ["evaluate", "net.keras", "--dataset", "digits", "--split", "validation", "--json", "{}"],
    "pictures": ["visualize", "net.keras", "--only", "cam", "--output", "{}", PHOTO],
    "features.npz": ["features", "net.keras", PHOTO, "--layer", "conv2", "--pooling", "none", "--output", "{}"],
    "served": ["export", "net.keras", "{}", "--format", "savedmodel"],
    "x.tflite": ["export", "net.keras", "{}", "--format", "litert"],
    "x.onnx": ["export", "net.keras", "{}", "--format", "onnx"],
    "x.xml": ["export", "net.keras", "{}", "--format", "openvino"],
}
"""Each command with the name of what it writes, which stands for the braces."""

EXPORTS = ("served", "x.tflite", "x.onnx", "x.xml")


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    model = GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=10, variant=SMALL)
    model.class_names = tuple("0123456789")
    model.save(folder / "net.keras")
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    Image.fromarray(pixels).save(folder / PHOTO)
    return folder


def need(name):
    """Skips where a package that writes a format is not installed."""
    for package in {"x.onnx": ("tf2onnx",), "x.xml": ("openvino",)}.get(name, ()):
        pytest.importorskip(package, reason=f"{package} is in the extra `peers`")


def size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def refused(command, capsys, reason):
    """Runs a command that cannot write what it should: its one line says so."""
    capsys.readouterr()
    assert main(command) == 1
    [line] = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("WARNING:tensorflow")]
    assert f"cannot be written: {reason}" in line
    assert str(Path(command[-1] if command[0] == "convert" else "")) in line


@pytest.mark.exports
@pytest.mark.parametrize("name", COMMANDS)
def test_a_disk_that_fills(name, work, tmp_path, capsys, monkeypatch):
    need(name)
    monkeypatch.chdir(work)
    with small_disk(tmp_path / "disk", 2**26) as disk:
        command = [word.format(disk / name) for word in COMMANDS[name]]
        assert main(command) == 0
        whole = size(disk)
        shutil.rmtree(disk / name) if (disk / name).is_dir() else [path.unlink() for path in disk.iterdir()]
        (disk / "older").write_bytes(b"older")
        for share in (0.6,) if name in EXPORTS else (0.3, 0.9):
            with room(disk, int(share * whole)):
                refused(command, capsys, "No space left on device")
            assert left(disk) == ["older"]
        with file_size_limit(min(whole // 4, 2**14)):
            refused(command, capsys, "File too large")
        assert left(disk) == ["older"]
        with read_only(disk):
            refused(command, capsys, "Read-only file system")
        assert left(disk) == ["older"]
        assert main(command) == 0
        assert abs(size(disk) - whole) < 1000


def left(disk):
    """What lies on a disk, but for pictures that were whole before one was not, and features that are gone on with."""
    return sorted(path.name for path in disk.iterdir() if path.name not in ("pictures", "features.npz.part"))


@pytest.mark.spawns
def test_what_is_killed_is_whole_or_nothing():
    """The short form of `benchmarks/kill_writers.py`."""
    kinds = [word for kind in ("keras", "caffemodel", "predictions") for word in ("--only", kind)]
    command = [sys.executable, str(REPOSITORY / "benchmarks" / "kill_writers.py"), "--kills", "6", *kinds]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TF_CPP_MIN_LOG_LEVEL": "3"}
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "2 kills" in found.stdout

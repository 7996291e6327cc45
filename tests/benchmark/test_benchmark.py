"""`keras-googlenet benchmark`: its figures are plausible, and it leaves nothing else."""

import contextlib
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile

import keras
import numpy as np
import pytest
from PIL import Image
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.benchmark import measure, measuring, process
from keras_googlenet.benchmark.photos import make_photos
from keras_googlenet.cli import main
from keras_googlenet.errors import WorkError


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A network of three heads, of few filters, which is compiled in seconds."""
    path = tmp_path_factory.mktemp("model") / "small.keras"
    GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=4, variant=SMALL).save(path)
    return path


@pytest.fixture
def room(tmp_path, monkeypatch):
    """The folder for temporary files, among them a few photos."""
    monkeypatch.setattr(measuring, "PHOTOS", 40)
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.spawns
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_the_figures(backend, small, room, tmp_path, capsys):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is in the extra `peers`")
    file = tmp_path / "speed.json"
    assert main(["benchmark", str(small), "--backends", backend, "--seconds", "1", "--json", str(file)]) == 0
    found = json.loads(file.read_text(encoding="utf-8"))
    assert list(found["devices"]) == [backend]
    assert found["image_size"] == [32, 32]
    assert not list(room.iterdir())
    rows = found["rows"]
    for row in rows:
        assert row["images_per_second"] == pytest.approx(1000 * row["batch"] / row["ms"])
        assert 0 < row["images_per_second"] < 1e6
        assert row["measurements"] >= 1
    asked = {(row["work"], row["precision"], row["batch"]) for row in rows + found["left_out"]}
    assert len(asked) == len(rows + found["left_out"])
    works = {(work, "float32", batch) for work in ("forward", "training") for batch in (1, 32)}
    assert works | {("pipeline", None, 32)} <= asked
    assert rows[0]["work"] == "forward"
    assert rows[-1]["work"] == "pipeline"
    printed = capsys.readouterr().out
    assert all(f"{row['images_per_second']:,.1f} ({row['ms']:,.1f})" in printed for row in rows[:-1])
    assert f"pipeline: {rows[-1]['images_per_second']:,.0f} images/s" in printed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--seconds", "0"], "--seconds must be at least 0.1. Received: 0"),
        (["--seconds", "1e9"], "--seconds must be at most 86,400"),
        (["--image-size", "8"], "--image-size must be at least 32. Received: 8"),
        (["--backends", "tensorflwo"], "Received: 'tensorflwo'. Did you mean 'tensorflow'?"),
        (["no.keras"], "No such model. Expected the path of a file. Received: no.keras"),
        (["--json", "no/folder\0"], "must be the name of a file"),
    ],
)
def test_wrong_commands(options, message, capsys, room):
    with contextlib.suppress(SystemExit):
        assert main(["benchmark", *options]) == 2
    assert message in capsys.readouterr().err
    assert not list(room.iterdir())


def test_another_size_than_the_models(small, capsys):
    assert main(["benchmark", str(small), "--image-size", "64"]) == 2
    assert "takes images of 32x32 pixels alone. Received: image_size=64" in capsys.readouterr().err


def test_the_medians(monkeypatch, room):
    """Of what processes say; the photos are there while they run, and gone afterwards."""
    tasks, progress = [], []

    @contextlib.contextmanager
    def started(task, backend):
        tasks.append((task, backend))
        assert task["dataset"] is None or len(list(room.rglob("*.jpg"))) == measuring.PHOTOS
        row = {"backend": backend, "work": "forward" if backend else "pipeline", "precision": "float32", "batch": 32}
        late = row | {"batch": 1}
        said = [{"device": "a processor", "rows": 2}, {"ready": row}, {"left_out": late}]
        yield [json.dumps(line) for line in said + [{"row": row, "seconds": value} for value in (0.5, 8, 0.25)]]

    monkeypatch.setattr(measuring, "_started", started)
    found = measure(backends=["tensorflow"], seconds=10, image_size=64, progress=progress.append)
    assert [backend for _, backend in tasks] == ["tensorflow", None]
    assert {task["seconds"] for task, _ in tasks} == {5.0}
    assert found["devices"] == {"tensorflow": "a processor"}
    assert [(row["work"], row["ms"], row["images_per_second"], row["measurements"]) for row in found["rows"]] == [
        ("forward", 500, 64, 3),
        ("pipeline", 500, 64, 3),
    ]
    assert [row["batch"] for row in found["left_out"]] == [1, 1]
    assert progress == sorted(progress)
    assert progress[-1] == 1
    assert not list(room.iterdir())


def test_a_process_that_fails(monkeypatch, room):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(WorkError, match="The measurement of tensorflow has ended with status 1: it said nothing"):
        measure(backends=["tensorflow"], image_size=32)
    assert not list(room.iterdir())


def test_a_measurement_that_is_interrupted(monkeypatch, room):
    """The process is ended, the photos are cleared away."""
    started = []

    class Popen(subprocess.Popen):
        def __init__(self, command, **options):
            says = """import time; print('{"device": "x", "rows": 1}\\n{"ready": {}}', flush=True); time.sleep(99)"""
            super().__init__([sys.executable, "-c", says], **options)
            started.append(self)

    def interrupt(part):
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", Popen)
    with pytest.raises(KeyboardInterrupt):
        measure(backends=["tensorflow"], image_size=32, progress=interrupt)
    assert started[0].returncode is not None
    assert not list(room.iterdir())


@pytest.mark.parametrize("work", ["forward", "training"])
def test_a_half(small, work):
    """Its layers compute in it, but for the classifiers, and the steps run."""
    model = process.network(str(small), (32, 32), "bfloat16", work == "training")
    assert len(model.outputs) == (3 if work == "training" else 1)
    dtypes = {layer.name: layer.compute_dtype for layer in model.layers}
    assert {dtypes[name] for name in model.output_names} == {"float32"}
    assert dtypes["conv1_7x7_s2"] == dtypes["inception_5b_output"] == "bfloat16"
    assert {weight.dtype for weight in model.weights if weight.dtype.startswith("float")} == {"float32"}


def test_each_row_is_measured(small):
    """In turns, at least once, also where the time is over."""
    said, task = [], {"model": str(small), "image_size": (32, 32), "batches": (1,), "seconds": 0.0, "dataset": None}
    process.main(task, said.append)
    rows = [line["row"] for line in said if "seconds" in line]
    assert said[0]["rows"] == sum("ready" in line or "left_out" in line for line in said)
    assert [row["work"] for row in rows] == ["forward"]
    assert rows[0]["backend"] == keras.backend.backend()


def test_the_photos(tmp_path):
    paths = make_photos(tmp_path, 4)
    sizes = [path.stat().st_size / 1024 for path in paths]
    assert 60 < statistics.mean(sizes) < 180  # ImageNet's have 110 KiB
    with Image.open(paths[0]) as image:
        assert image.size == (500, 375)
        assert 20 < np.asarray(image).std() < 80
    assert {path.parent.name for path in paths} == {"0", "1"}

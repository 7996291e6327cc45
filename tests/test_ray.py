"""The examples for Ray, on a cluster of two processors that each starts for itself on this machine."""

import contextlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.cli import main

EXAMPLES = Path(__file__).parents[1] / "examples"
TIMEOUT = 900


@pytest.fixture
def on_ray(tmp_path):
    """Starts an example that starts a cluster of Ray; a `subprocess.Popen`, which prints into `tmp_path`."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is in the extra `peers`")
    own = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled", "RAY_DEDUP_LOGS": "0"}
    path = os.pathsep.join([str(EXAMPLES.parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, **own, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow", "PYTHONPATH": path}
    with contextlib.ExitStack() as stack:

        def start(name, *arguments):
            output = stack.enter_context((tmp_path / "output.txt").open("wb"))
            command = [sys.executable, EXAMPLES / name, *map(str, arguments)]
            process = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=output, stderr=output)
            stack.callback(process.kill)
            return process

        yield start


def light_and_dark(folder, count):
    """Photos of two kinds that a narrow network tells apart."""
    rng = np.random.default_rng(0)
    for name, gray in (("dark", 40), ("light", 200)):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = np.clip(rng.normal(gray, 30, (40, 60, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


@pytest.mark.spawns
def test_ray_train(on_ray, tmp_path):
    """A worker is killed in the third epoch; Ray starts both again, which go on and learn what there is to learn."""
    photos, run, output = light_and_dark(tmp_path / "photos", 40), tmp_path / "run", tmp_path / "output.txt"
    small = ("image_size=32", "batch_size=32", "epochs=4", "aux_heads=false", "warmup_steps=1", "checkpoint_steps=1")
    process = on_ray("ray_train.py", photos, run, *(word for setting in small for word in ("--set", setting)))
    begun = time.monotonic()
    while "\nEpoch 3/4" not in output.read_text():
        assert process.poll() is None, output.read_text()
        assert time.monotonic() < begun + TIMEOUT
        time.sleep(0.1)
    os.kill(int(re.search(r"pid=(\d+)\) world_rank=1", output.read_text())[1]), signal.SIGKILL)
    assert process.wait(TIMEOUT) == 0, output.read_text()
    assert "2 workers, 2 replicas; this is worker 0" in output.read_text()
    assert re.search(r"going on from epoch [23], step ", output.read_text())
    rows = (run / "metrics.csv").read_text().splitlines()[1:]
    assert [row.partition(",")[0] for row in rows] == ["0", "1", "2", "3"]
    assert "val_accuracy: 1.0000" in output.read_text().splitlines()


@pytest.mark.spawns
def test_ray_predict(on_ray, tmp_path, capsys):
    """The answers are the command's own, which runs in this process."""
    photos = light_and_dark(tmp_path / "photos", 20)
    (photos / "dark" / "5.png").write_text("no photo")
    keras.utils.set_random_seed(0)
    model = GoogLeNet(weights=None, classes=2, input_shape=(32, 48, 3), variant=SMALL)
    model.class_names = ("dark", "light")
    model.save(tmp_path / "model.keras")
    process = on_ray("ray_predict.py", tmp_path / "model.keras", photos, tmp_path / "answers.jsonl")
    assert process.wait(TIMEOUT) == 1
    answers = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]

    assert main(["predict", str(tmp_path / "model.keras"), str(photos), "--json"]) == 1
    printed = capsys.readouterr()
    [unreadable] = [answer for answer in answers if "error" in answer]
    assert unreadable == {"path": str(photos / "dark" / "5.png"), "error": printed.err.partition(": ")[2].rstrip()}
    assert unreadable["error"] in (tmp_path / "output.txt").read_text().splitlines()
    answers.remove(unreadable)
    expected = [json.loads(line) for line in printed.out.splitlines()]
    assert len(answers) == len(expected) == 39
    for answer, one in zip(answers, expected, strict=True):
        best = one["predictions"][0]
        assert answer == {"path": one["path"], "class": best["name"], "probability": pytest.approx(best["probability"])}

"""What the command leaves on standard error: its own lines, and what tells of a device; nothing of TensorFlow's log."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from support.small import SMALL
from support.spread import free_ports

from keras_googlenet import GoogLeNet
from keras_googlenet.cli import silence

RUN = "import sys, keras_googlenet_command; sys.exit(keras_googlenet_command.main())"
RUN_ALL = """
import json, sys, keras_googlenet_command
for arguments in json.loads(sys.argv.pop()):
    sys.argv[1:] = arguments
    assert keras_googlenet_command.main() == 0, arguments
"""
DEVICE = "import glob; glob.glob = lambda pattern: ['/dev/nvidia0'] if pattern.startswith('/dev/nvidia') else []\n"
"""A machine with a device, whose driver is not there."""

NOISE = [
    b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n",
    b"I0000 00:00:1795706680.507133    6796 cudart_stub.cc:31] Could not find cuda drivers on your machine\n",
    b"To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow.\n",
    b"W0000 00:00:1795706716.607863    7030 tf_tfl_flatbuffer_helpers.cc:364] Ignored output_format.\n",
    b"2026-11-26 10:00:00.123456: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on.\n",
    b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n",
    b"E0000 00:00:1795706701.563636    6898 cuda_dnn.cc:8579] Unable to register cuDNN factory: it has been already\n",
    b"fully_quantize: 0, inference_type: 6, input_inference_type: FLOAT32, output_inference_type: FLOAT32\n",
]
ERROR = b"E0000 00:00:1795706701.563636    6898 cuda_platform.cc:52] failed call to cuInit: UNKNOWN ERROR (303)\n"
TOLD = [
    b"F0000 00:00:1795706701.563636    6898 cpu_feature_guard.cc:84] The TensorFlow library was compiled to use AVX\n",
    b"Fatal Python error: Segmentation fault\n",
    b"keras-googlenet: warning: Information is lost\n",
    b"I0000 of a file\n",
    b"\n",
]


@pytest.mark.parametrize("device", [False, True])
def test_which_lines_are_left_out(device):
    assert [silence.is_noise(line, device) for line in NOISE] == [True] * len(NOISE)
    assert [silence.is_noise(line, device) for line in TOLD] == [False] * len(TOLD)
    assert silence.is_noise(ERROR, device) is not device


@pytest.mark.parametrize("name", silence.ASKED)
def test_who_asks_for_the_log_gets_it(name, monkeypatch):
    monkeypatch.delitem(sys.modules, "tensorflow")
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("the log is filtered"))
    environment = {name: "1"}
    monkeypatch.setattr(os, "environ", environment)
    silence.begin()
    assert environment == {name: "1"}


def test_nothing_is_set_where_tensorflow_is_there_already(monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("the log is filtered"))
    silence.begin()
    assert os.environ == {}


@pytest.mark.parametrize(("visible", "expected"), [(None, True), ("0,1", True), ("", False), ("-1", False)])
def test_a_device_that_is_hidden_is_none(visible, expected, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.setattr(silence.glob, "glob", lambda pattern: ["/dev/nvidia0"] if "/dev/nvidia" in pattern else [])
    assert silence.has_device() is expected
    monkeypatch.setattr(silence.glob, "glob", lambda pattern: [])
    assert silence.has_device() is False


@pytest.mark.spawns
def test_what_a_process_says_last_is_passed_on():
    """Also by children of it, and where it is aborted."""
    code = (
        "import importlib.util, os, subprocess, sys\n"
        f"spec = importlib.util.spec_from_file_location('silence', {silence.__file__!r})\n"
        "silence = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(silence)\n"
        "silence.begin()\n"
        f"noise = {NOISE!r}\n"
        "print('by Python', file=sys.stderr)\n"
        "os.write(2, b''.join(noise))\n"
        "subprocess.run([sys.executable, '-c', f'import os; os.write(2, {noise[1]!r}); print(1 / 0)'])\n"
        f"os.write(2, noise[0] + {TOLD[0]!r} + b'no end of line')\n"
        "os.abort()\n"
    )
    done = run(code)
    assert done.returncode == -6
    assert done.stderr.startswith("by Python\nTraceback")
    assert done.stderr.endswith(f"division by zero\n{TOLD[0].decode()}no end of line")
    assert "0000 00:" not in done.stderr.replace(TOLD[0].decode(), "")


def run(code, *arguments, folder=None, **environment):
    """A process's end; it is given no setting that this one has been given."""
    inherited = {name: value for name, value in os.environ.items() if name not in silence.ASKED}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder, env={**inherited, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A network, and photos of its classes."""
    root, rng = tmp_path_factory.mktemp("silence"), np.random.default_rng(0)
    for name in ("a", "b"):
        (root / "photos" / name).mkdir(parents=True)
        for number in range(6):
            pixels = rng.integers(0, 256, (50, 60, 3)).astype("uint8")
            Image.fromarray(pixels).save(root / "photos" / name / f"{number}.jpg")
    model = GoogLeNet(weights=None, classes=2, input_shape=(32, 32, 3), variant=SMALL)
    model.class_names = ("a", "b")
    model.save(root / "m.keras")
    return root


TRAIN = ["train", "--dataset", "photos", "--epochs", "1", "--image-size", "32", "--set", "aux_heads=false", "--output"]
INT8 = ["--int8", "--calibration", "photos"]
EXPORTS = {"": [], "small-": INT8}


@pytest.mark.spawns
def test_every_command_is_silent(folder):
    commands = [
        ["predict", "m.keras", "photos"],
        ["evaluate", "m.keras", "--dataset", "photos", "--split", "validation"],
        ["convert", "m.keras", "m.npz"],
        ["summary", "m.keras"],
        ["visualize", "m.keras", "--output", "pictures", "photos/a/0.jpg"],
        [*TRAIN, "run"],
        ["export", "m.keras", "served", "--format", "savedmodel"],
        ["export", "m.keras", "m.tflite", "--format", "litert"],
        ["export", "m.keras", "small.tflite", "--format", "litert", *INT8],
    ]
    done = run(RUN_ALL, json.dumps(commands), folder=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "validation accuracy" in done.stdout


@pytest.mark.spawns
@pytest.mark.parametrize(("needed", "form", "target"), [("tf2onnx", "onnx", "m.onnx"), ("nncf", "openvino", "m.xml")])
def test_so_are_other_peoples_converters(folder, needed, form, target):
    pytest.importorskip(needed, reason=f"{needed} is in the extra `peers`")
    commands = [["export", "m.keras", f"{name}{target}", "--format", form, *more] for name, more in EXPORTS.items()]
    done = run(RUN_ALL, json.dumps(commands), folder=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.spawns
def test_workers_are_silent(folder):
    addresses = [f"localhost:{port}" for port in free_ports(2)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RUN, *TRAIN, "workers"],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={
                **{name: value for name, value in os.environ.items() if name not in silence.ASKED},
                "TF_CONFIG": json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}),
            },
        )
        for index in range(2)
    ]  # fmt: skip
    try:
        errors = [process.communicate(timeout=300)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], errors
    assert errors == ["", ""]


@pytest.mark.spawns
def test_a_device_that_fails_is_told_of(folder):
    done = run(DEVICE + RUN, "predict", "m.keras", "photos/a/0.jpg", folder=folder)
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert f"keras-googlenet: warning: {silence.UNUSED}" in lines
    assert len([line for line in lines if "failed call to cuInit" in line]) == 1
    assert len(lines) == 2


@pytest.mark.spawns
def test_python_users_keep_their_settings(folder):
    code = "import os; before = dict(os.environ); import keras_googlenet.cli; assert dict(os.environ) == before"
    assert run(code, folder=folder).returncode == 0
    asked = run(RUN, "summary", "m.keras", folder=folder, TF_CPP_MIN_LOG_LEVEL="0")
    assert asked.returncode == 0
    assert "cpu_feature_guard" in asked.stderr

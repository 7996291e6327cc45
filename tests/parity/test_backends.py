"""The same numbers on every Keras backend: each runs in a process of its own and is held against TensorFlow."""

import importlib.util
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from support import deterministic

from keras_googlenet import GoogLeNet
from keras_googlenet.evaluation import Predictions

pytestmark = pytest.mark.spawns

PROGRAM = """
import sys
import numpy as np
from support import deterministic
from keras_googlenet import GoogLeNet

images, output, weights = sys.argv[1:]
x = np.load(images)
if weights:
    model = GoogLeNet(weights=weights)
else:
    model = GoogLeNet(weights=None, aux_heads=False)
    deterministic.fill(model)
np.save(output, np.asarray(model.predict(x, verbose=0)))
"""


TRAINING = """
import json, sys
import keras
import numpy as np
from support import deterministic
from support.small import SMALL
from keras_googlenet import GoogLeNet

model = GoogLeNet(weights=None, input_shape=(64, 64, 3), classes=4, variant=SMALL)
deterministic.fill(model)
for layer in model.layers:
    if isinstance(layer, keras.layers.Dropout):
        layer.rate = 0.0
model.compile(keras.optimizers.SGD(1e-5, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
x, y = deterministic.images(6, 64), np.arange(6) % 4
logs = [model.train_on_batch(x, y, return_dict=True) for _ in range(3)]
logs.append(model.evaluate(x, y, batch_size=3, verbose=0, return_dict=True))
print(json.dumps([{name: float(value) for name, value in step.items()} for step in logs]))
"""


@pytest.fixture(scope="module", params=["jax", "torch", "openvino"])  # before what costs time, and skips without it
def backend(request):
    return installed(request.param)


def installed(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is in the extra `peers`")
    return backend


def run(program, backend, *arguments):
    tests = Path(__file__).resolve().parents[1]
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["PYTHONPATH"] = os.pathsep.join([str(tests.parent), str(tests)])
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_training_takes_the_same_steps(backend):
    """Three steps of three heads: every gradient, normalization's included, moves the next loss."""
    ours, theirs = (json.loads(run(TRAINING, name).splitlines()[-1]) for name in ("tensorflow", installed(backend)))
    assert ours[0]["loss"] != pytest.approx(ours[2]["loss"], rel=1e-2)
    for our_step, their_step in zip(ours, theirs, strict=True):
        assert their_step == pytest.approx(our_step, rel=1e-3)


PICTURES = """
import sys
import numpy as np
from support import deterministic
from support.small import SMALL
from keras_googlenet import GoogLeNet
from keras_googlenet.visualize import dream, grad_cam, maximize_class, objectives, render
from keras_googlenet.visualize import channel_attribution, guided_backpropagation
from keras_googlenet.visualize.gradients import value_and_gradient
from keras_googlenet.visualize.network import Network

model = GoogLeNet(weights=None, input_shape=(64, 64, 3), classes=4, variant=SMALL)
deterministic.fill(model)
x = deterministic.images(2, 64)
images = np.rint(x + [123, 117, 104]).astype("uint8")
scores = Network(model).scores()
score, gradient = value_and_gradient(lambda x: scores(x)[1, 3], x)
made = {"score": score, "gradient": gradient, "heat": grad_cam(model, images, [1, 2], "4a")}
made["guided"] = guided_backpropagation(model, images, [1, 2], per_channel=True)
made["channels"] = channel_attribution(model, images, [1, 2], layer="3a_3x3_pre_relu", later="4a")
made["rendered"], made["worth"] = render(model, objectives.channel("3a", 5), size=48, images=2, steps=4)
if "climb" in sys.argv:
    made["dream"] = dream(model, images[0], "3a", octaves=1, steps=2)
    made["maximal"] = maximize_class(model, 2, steps=1)[1]
np.savez(sys.argv[1], **made)
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_the_pictures_are_the_same(backend, tmp_path, monkeypatch):
    """Gradients in an image and in a row, and what is made by climbing them, but where that takes long to compile."""
    climb = ["climb"] if backend == "torch" else []
    monkeypatch.setattr(sys, "argv", ["", tmp_path / "ours.npz", *climb])
    exec(PICTURES, {})
    run(PICTURES, installed(backend), tmp_path / "theirs.npz", *climb)
    with np.load(tmp_path / "ours.npz") as ours, np.load(tmp_path / "theirs.npz") as theirs:
        for name in ("score", "gradient", "heat", "guided", "channels"):
            np.testing.assert_allclose(theirs[name], ours[name], rtol=1e-3, atol=1e-3 * np.abs(ours[name]).max())
        assert np.ptp(ours["heat"]) > 0
        assert np.abs(theirs["rendered"].astype(int) - ours["rendered"]).max() <= 2
        np.testing.assert_allclose(theirs["worth"], ours["worth"], rtol=1e-2)
        if climb:
            assert np.abs(theirs["dream"].astype(int) - ours["dream"]).mean() < 0.5
            assert theirs["maximal"] == pytest.approx(ours["maximal"], rel=0.05, abs=0.01)


def predict(backend, images, folder, weights=""):
    np.save(folder / "images.npy", images)
    run(PROGRAM, backend, folder / "images.npy", folder / "output.npy", weights)
    return np.load(folder / "output.npy")


def test_the_layers_pass_their_own_tests(backend):
    run("import pytest, sys; sys.exit(pytest.main(sys.argv[1:]))", backend, "-q", Path(__file__).parents[1] / "layers")


def test_deterministic_weights(backend, tmp_path):
    images = deterministic.images(4)
    model = GoogLeNet(weights=None, aux_heads=False)
    deterministic.fill(model)
    ours = model.predict(images, verbose=0)
    np.testing.assert_allclose(predict(backend, images, tmp_path), ours, rtol=0, atol=1e-5)


def test_bvlc_weights(backend, tmp_path, shared_data):
    images = deterministic.images(4, seed=1)
    weights = shared_data / "bvlc_googlenet.npz"
    ours = GoogLeNet(weights=weights).predict(images, verbose=0)
    np.testing.assert_allclose(predict(backend, images, tmp_path, weights), ours, rtol=0, atol=1e-5)


COMMANDS = "import sys; from keras_googlenet.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture(scope="module")
def commanded(shared_data, tmp_path_factory):
    """What `predict` and `evaluate` make of four photos on TensorFlow, and how to ask another backend."""
    folder = tmp_path_factory.mktemp("photos")
    with tarfile.open(shared_data / "hymenoptera.tar") as archive:
        members = [m for m in archive.getmembers() if "/val/" in m.name and m.name.endswith(".jpg")]
        for member in sorted(members, key=lambda m: m.name)[::40]:
            path = folder / {"ants": "ant", "bees": "bee"}[member.name.split("/")[-2]] / Path(member.name).name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(archive.extractfile(member).read())
    bvlc = shared_data / "bvlc_googlenet.npz"
    names = ["--class-index", shared_data / "imagenet_class_index.json"]

    def ask(backend, file):
        lines = run(COMMANDS, backend, "predict", bvlc, folder, "--json", *names).splitlines()
        crops = ["--crops", "10", "--predictions", file]
        run(COMMANDS, backend, "evaluate", bvlc, "--dataset", folder, *crops, *names)
        return [json.loads(line)["predictions"] for line in lines], Predictions.read(file).probabilities[10]

    return ask, ask("tensorflow", folder / "expected.npz")


def test_the_commands_say_the_same(backend, commanded, tmp_path):
    ask, (expected, rows) = commanded
    found, others = ask(backend, tmp_path / "found.npz")
    assert len(found) == 4
    for one, other in zip(found, expected, strict=True):
        assert [row["class"] for row in one] == [row["class"] for row in other]
        assert [row["probability"] for row in one] == pytest.approx([row["probability"] for row in other], abs=1e-5)
    np.testing.assert_allclose(others, rows, rtol=0, atol=1e-5)

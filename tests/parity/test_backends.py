"""The same numbers on every Keras backend: each runs in a process of its own and is held against TensorFlow."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support import deterministic

from keras_googlenet import GoogLeNet

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


@pytest.fixture(params=["jax", "torch", "openvino"])
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
    np.testing.assert_allclose(predict(backend, images, tmp_path), ours, rtol=0, atol=2e-6)


def test_bvlc_weights(backend, tmp_path, shared_data):
    images = deterministic.images(4, seed=1)
    weights = shared_data / "bvlc_googlenet.npz"
    ours = GoogLeNet(weights=weights).predict(images, verbose=0)
    np.testing.assert_allclose(predict(backend, images, tmp_path, weights), ours, rtol=0, atol=2e-6)

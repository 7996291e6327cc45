"""The same numbers on every Keras backend: each runs in a process of its own and is held against TensorFlow."""

import importlib.util
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
from keras_googlenet import GoogLeNet, LocalResponseNormalization

images, output, weights = sys.argv[1:]
x = np.load(images)
if weights:
    model = GoogLeNet(weights=weights)
else:
    model = GoogLeNet(weights=None, aux_heads=False)
    deterministic.fill(model)
np.save(output, np.asarray(model.predict(x, verbose=0)))
"""


@pytest.fixture(params=["jax", "torch", "openvino"])
def backend(request):
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is in the extra `peers`")
    return request.param


def predict(backend, images, folder, weights=""):
    np.save(folder / "images.npy", images)
    tests = Path(__file__).resolve().parents[1]
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["PYTHONPATH"] = os.pathsep.join([str(tests.parent), str(tests)])
    arguments = [str(folder / "images.npy"), str(folder / "output.npy"), str(weights)]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return np.load(folder / "output.npy")


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

"""Reading, transferring and undoing on the other Keras backends, each in a process of its own."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest
from caffe_builders import caffe_layers
from file_builders import write_caffemodel

PROGRAM = """
import sys
import numpy as np
from caffe_builders import caffe_layers, keras_network, snapshot
from keras_googlenet.weights import WeightsError, load, read
from keras_googlenet.weights.assignment import targets, transfer

path, folder = sys.argv[1:]
model, other = keras_network(), keras_network()
load(model.layers, path)
arrays = read(path)
for name, variable in targets(model.layers).items():
    assert np.array_equal(np.array(variable), arrays[name]), name

class Failing:
    shape, value = (1,), np.zeros(1)

    def assign(self, value):
        raise RuntimeError("halfway")

before = snapshot(other)
try:
    transfer({**arrays, "x": np.zeros(1)}, {**targets(other.layers), "x": Failing()}, "here")
except RuntimeError as error:
    assert str(error) == "halfway"
assert snapshot(other) == before

model.save_weights(f"{folder}/net.weights.h5")
load(other.layers, f"{folder}/net.weights.h5")
assert snapshot(other) == snapshot(model)
print("done")
"""


@pytest.mark.spawns
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch", "openvino"])
def test_backend(tmp_path, backend):
    if backend == keras.backend.backend():
        pytest.skip(f"all the other tests run on {backend}")
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is in the extra `peers`")
    path = write_caffemodel(tmp_path / "net.caffemodel", caffe_layers(), v1=True)
    here = Path(__file__).resolve()
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "PYTHONPATH": os.pathsep.join(map(str, (here.parent, here.parents[2]))),
    }
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, path, tmp_path],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout.endswith("done\n"), result.stderr

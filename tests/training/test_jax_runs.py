"""Training on JAX: the same steps as on TensorFlow, on one device and on two, to the same end when it is stopped."""

import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import backend_training
from support.tiers import does

from keras_googlenet import training
from keras_googlenet.data import load
from keras_googlenet.errors import InputError


def start(folder, *names):
    devices = "--xla_force_host_platform_device_count=2"
    environment = {**os.environ, "KERAS_BACKEND": "jax", "XLA_FLAGS": devices, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["JAX_COMPILATION_CACHE_DIR"] = str(folder / "compiled")
    command = [sys.executable, "-W", "error::UserWarning", backend_training.__file__, str(folder), *names]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
@does("spawns")
def folder(tmp_path_factory):
    """The folder of the runs on JAX, and that on TensorFlow."""
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is in the extra `peers`")
    folder = tmp_path_factory.mktemp("jax")
    assert start(folder, "killed").returncode == -9
    done = start(folder, "one", "two", "stopped", "stopped again", "killed again", "float16")
    assert done.returncode == 0, done.stderr[-3000:]
    assert "2 replicas, 12 images each per step" in done.stdout
    assert "143 Stopped by SIGTERM. The last good checkpoint is of step 17. Go on with --resume." in done.stdout
    assert done.stdout.count("going on from epoch 4, step 5\n") == 1  # of the killed one: 35 of 36 steps were saved
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backend_training.runs, "build", None)
        for name in ("one", "float16"):
            backend_training.train(name, folder / "tensorflow")
    return folder


def arrays(folder):
    indices = (folder / "checkpoints").glob("*.index")
    newest = max(indices, key=lambda path: int(path.stem.removeprefix("step-")))
    reader = tf.train.load_checkpoint(str(newest.with_suffix("")))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map() if name[0] != "_"}


def assert_close(found, expected, tolerance):
    floats = {name: value for name, value in expected.items() if value.dtype.kind == "f"}
    assert len(floats) > 60
    for name, value in floats.items():
        np.testing.assert_allclose(
            found[name], value, rtol=0, atol=tolerance * max(1, np.abs(value).max()), err_msg=name
        )


def test_the_steps_are_tensorflows(folder):
    """Weights, velocities, averages, batch normalization's too, sums of gradients and metrics, after 50 steps."""
    found, expected = arrays(folder / "one"), arrays(folder / "tensorflow" / "one")
    assert found.keys() == expected.keys()
    assert any("moving_variance_average" in name for name in found)
    assert_close(found, expected, 1e-4)


def test_two_devices_are_one(folder):
    assert_close(arrays(folder / "two"), arrays(folder / "one"), 1e-5)


@pytest.mark.parametrize("run", ["killed", "stopped"])
def test_a_run_that_was_stopped_ends_the_same(folder, run):
    assert (folder / run / "metrics.csv").read_bytes() == (folder / "one" / "metrics.csv").read_bytes()
    found, expected = arrays(folder / run), arrays(folder / "one")
    assert found.keys() == expected.keys()
    assert all(found[name].tobytes() == expected[name].tobytes() for name in expected)
    weights = [keras.saving.load_model(folder / name / "model.keras").get_weights() for name in (run, "one")]
    assert all(one.tobytes() == other.tobytes() for one, other in zip(*weights, strict=True))


def test_losses_are_scaled(folder):
    """The smallest gradients of float16 are rounded otherwise by each backend."""
    found, expected = arrays(folder / "float16"), arrays(folder / "tensorflow" / "float16")
    velocities = [name for name in expected if "kernel_momentum" in name]
    assert len(velocities) == 10
    for name in velocities:
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=0.25 * np.abs(expected[name]).max())
    (counter,) = (name for name in expected if "step_counter" in name)
    assert found[counter] == expected[counter] == 10


def test_a_run_goes_on_where_it_began(folder):
    recipe = training.read_recipe(folder / "one")
    with pytest.raises(InputError, match=r"started on Keras's backend jax, .*set KERAS_BACKEND=jax. Received: tensor"):
        training.train(recipe, folder / "one", resume=True)


def test_several_workers_are_tensorflows(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    cluster = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}'
    monkeypatch.setenv("TF_CONFIG", cluster)
    with pytest.raises(InputError, match="Keras's TensorFlow backend alone .* Received: jax, and 2 workers"):
        training.strategy_for("auto")


def test_other_backends_are_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(keras.backend, "backend", lambda: "openvino")
    with pytest.raises(InputError, match="backends tensorflow and jax with channels last .* Received: openvino"):
        training.train(training.recipe_for("digits"), tmp_path / "run", load=lambda _: load("digits"))
    assert not (tmp_path / "run").exists()

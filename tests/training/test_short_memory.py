"""Training beyond the memory: what cannot fit is refused before it begins, what runs short ends in one line."""

import math
import os
import subprocess
import sys

import keras
import pytest
import tensorflow as tf
from support.small_training import RECIPE, small_network

from keras_googlenet import GoogLeNet, training
from keras_googlenet.architecture import PAPER, costs
from keras_googlenet.architecture.variants import resolve
from keras_googlenet.cli import main
from keras_googlenet.data import load
from keras_googlenet.training import memory as estimate
from keras_googlenet.training import run as runs
from keras_googlenet.utils import memory
from keras_googlenet.utils.memory import MemoryShortage


@pytest.mark.parametrize("variant", ["plain", "batchnorm"])
def test_the_estimate_is_of_the_networks_own_layers(variant):
    """Of what Keras's layers put out: no more than all of it, and no less than what a gradient needs of it."""
    heads = bool(resolve(variant).auxiliary)
    model = GoogLeNet(weights=None, classes=7, input_shape=(64, 64, 3), variant=variant, aux_heads=heads)
    outputs = sum(math.prod(layer.output.shape[1:]) for layer in model.layers)
    counted = sum(cost.activations for cost in costs(resolve(variant), (64, 64, 3), 7, aux_heads=heads))
    assert 0.65 * outputs < counted <= outputs
    recipe = training.recipe_for("digits", image_size=64, variant=variant, averaging=None, aux_heads=heads)
    whole, each, image = estimate.step_bytes(recipe, 7)
    trained = sum(math.prod(variable.shape) for variable in model.trainable_variables)
    assert (whole, each, image) == (3 * 4 * trained, 4 * counted, 3 * 4 * 64 * 64 * 3)


def test_a_larger_image_is_a_larger_step():
    small, large = (sum(cost.activations for cost in costs(PAPER, (size, size, 3))) for size in (128, 256))
    assert 3.5 < large / small < 4.5


@pytest.fixture
def free(monkeypatch):
    """`free(bytes)` is what is available."""
    return lambda count: monkeypatch.setattr(memory, "available", lambda: count)


def test_the_command_refuses_what_cannot_fit(free, tmp_path, capsys):
    free(2**30)
    command = ["train", "--output", str(tmp_path / "run"), "--image-size", "224", "--batch-size", "1000"]
    assert main(command) == 1
    [line] = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert "There is not enough memory for steps of 1,000 images of 224 pixels: at least 2" in line
    assert "1.0 GiB are available. Lower batch_size=1000 (here to 3" in line
    assert list(tmp_path.iterdir()) == []


def test_what_may_not_fit_is_warned_of(free):
    recipe, source = training.recipe_for("digits", **RECIPE), load("digits")
    context = training.strategy_for("none")
    whole, each, image = estimate.step_bytes(recipe, 10)
    needed = whole + 24 * (each + image)
    free(2 * needed)
    estimate.check_memory(recipe, source, context, 24)
    free(needed)
    with pytest.warns(UserWarning, match="^steps of 24 images of 32 pixels take about as much memory as there is"):
        estimate.check_memory(recipe, source, context, 24)
    free(needed - 1)
    with pytest.raises(MemoryShortage, match=r"Lower batch_size=24 \(here to 23 at most"):
        estimate.check_memory(recipe, source, context, 24)


SHORT = [
    tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor with shape[24,64,112,112]"),
    tf.errors.InternalError(None, None, "failed to allocate 3.00GiB from device: CUDA_ERROR_OUT_OF_MEMORY"),
    MemoryError(),
]


class Fail(keras.callbacks.Callback):
    """Raises an error after a step."""

    def __init__(self, error):
        super().__init__()
        self._error = error

    def on_train_batch_end(self, batch, logs=None):
        if batch == 9:
            raise self._error


@pytest.mark.trains
@pytest.mark.parametrize("error", SHORT)
def test_a_run_that_runs_short_keeps_what_it_saved(tmp_path, monkeypatch, error):
    monkeypatch.setattr(runs, "build", small_network)
    recipe = training.recipe_for("digits", **{**RECIPE, "epochs": 1})
    with pytest.raises(MemoryShortage, match="^There is not enough memory for steps of 24 images of 32 ") as end:
        training.train(recipe, tmp_path / "run", callbacks=[Fail(error)], verbose=0)
    assert (end.value.status, str(end.value).count("\n")) == (1, 0)
    assert "Lower batch_size=24 or image_size=32. What was saved is kept" in str(end.value)
    assert (tmp_path / "run" / "checkpoints" / "step-7.index").exists()


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), resource.RLIM_INFINITY))
from keras_googlenet.cli import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.spawns
def test_under_a_limit_of_addresses(tmp_path):
    """`ulimit -v`: the same batch that the machine may well have room for."""
    command = [sys.executable, "-c", LIMITED, str(6 * 2**30), "train", "--output", str(tmp_path / "run")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TF_CPP_MIN_LOG_LEVEL": "3"}
    more = ["--image-size", "224", "--batch-size", "200"]
    process = subprocess.run([*command, *more], env=environment, capture_output=True, text=True, timeout=900)
    assert process.returncode == 1, process.stderr
    [line] = [line for line in process.stderr.splitlines() if line.startswith("keras-googlenet: ")]
    assert "There is not enough memory for steps of 200 images of 224 pixels: at least " in line
    assert not (tmp_path / "run").exists()

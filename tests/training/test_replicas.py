"""Two replicas train as one: clipping, decay, averages, accumulation and loss scaling, on two logical devices."""

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import json
import numpy as np
import tensorflow as tf

device = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(device, [tf.config.LogicalDeviceConfiguration()] * 2)

import keras
from keras_googlenet.training import Recipe, optimizer, unwrap

rng = np.random.default_rng(0)
images, labels = rng.normal(size=(16, 5)).astype("float32"), rng.integers(0, 3, 16)
one, two = tf.distribute.get_strategy(), tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def train(strategy, overflow=None, batch_size=8, **changes):
    settings = {"clip_norm": 0.05, "learning_rate": 0.5, "weight_decay": 0.1, "averaging": 0.7, "warmup_steps": 2}
    recipe = Recipe(**settings, **changes)
    x = images.copy()
    if overflow is not None:
        x[overflow] = 1e37
    with strategy.scope():
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3, activation="softmax")])
        model.compile(optimizer(recipe, 100), "sparse_categorical_crossentropy")
    model.fit(x, labels, batch_size=batch_size, epochs=2, shuffle=False, verbose=0)
    inner = unwrap(model.optimizer)
    variables = [*model.trainable_variables, *inner.momentums, *inner._model_variables_moving_average]
    return np.concatenate([v.numpy().ravel() for v in variables])


def apart(expected, actual):
    difference = float(np.abs(expected - actual).max())
    return difference if np.isfinite(difference) else 1e9


overflow = {"precision": "mixed_float16", "overflow": 6}  # in the second replica's part of the batch
report = {
    "accumulation": apart(train(one), train(two, batch_size=4, accumulate=2)),
    "overflow": apart(train(one, **overflow), train(two, **overflow)),
}
print(json.dumps(report))
"""


@pytest.fixture(scope="module")
def report():
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("case", ["accumulation", "overflow"])
def test_two_replicas_are_one(report, case):
    assert report[case] < 1e-6

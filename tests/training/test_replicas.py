"""Two replicas train as one: clipping, decay, averages, accumulation and loss scaling, on two logical devices."""

import json
import os
import subprocess
import sys

import pytest
from support.tiers import does

PROGRAM = """
import json
import numpy as np
import tensorflow as tf

device = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(device, [tf.config.LogicalDeviceConfiguration()] * 2)

import keras
from keras_googlenet.training import MomentumSGD, Recipe
from keras_googlenet.training.optimizers.from_recipe import optimizer, unwrap

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
    variables = [*model.trainable_variables, *inner.momentums, *inner.moving_averages]
    return np.concatenate([v.numpy().ravel() for v in variables])


def statistics(strategy):
    # Of batch normalization with momentum 0.5, over two steps of the same eight values.
    with strategy.scope():
        norm = keras.layers.BatchNormalization(momentum=0.5)
        model = keras.Sequential([keras.Input((1,)), norm, keras.layers.Dense(1)])
        built = MomentumSGD(0.0, use_ema=True, ema_momentum=0.8)
        built.extend_ema([norm.moving_mean, norm.moving_variance])
        model.compile(built, "mse")
    x = np.array([[1], [3], [1], [3], [10], [20], [10], [20]] * 2, "float32")
    model.fit(x, x, batch_size=8, shuffle=False, verbose=0)
    return [float(average.numpy()[0]) for _, average in built.ema_pairs[-2:]]


def apart(expected, actual):
    difference = float(np.abs(expected - actual).max())
    return difference if np.isfinite(difference) else 1e9


overflow = {"precision": "mixed_float16", "overflow": 6}  # in the second replica's part of the batch
report = {
    "accumulation": apart(train(one), train(two, batch_size=4, accumulate=2)),
    "overflow": apart(train(one, **overflow), train(two, **overflow)),
    "statistics": [statistics(strategy) for strategy in (one, two)],
}
print(json.dumps(report))
"""


@pytest.fixture(scope="module")
@does("spawns")
def report():
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("case", ["accumulation", "overflow"])
def test_two_replicas_are_one(report, case):
    assert report[case] < 1e-6


def test_statistics_are_averaged(report):
    """All at once, mean 8.5 and variance 55.25; in halves, (2 + 15) / 2 and (1 + 25) / 2.

    Where `m` is what a step brings, they are 0.5 and then 0.75 of it, from 0 and 1; and the average is the first at
    first, then 0.8 of it and 0.2 of the second.
    """
    for (mean, variance), brought in zip(report["statistics"], (55.25, 13.0), strict=True):
        assert mean == pytest.approx(0.8 * 0.5 * 8.5 + 0.2 * 0.75 * 8.5)
        assert variance == pytest.approx(0.8 * (0.5 + 0.5 * brought) + 0.2 * (0.25 + 0.75 * brought))

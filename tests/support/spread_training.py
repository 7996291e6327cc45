"""The trainer on one device, on two mirrored CPU devices, and on two workers, in processes of its own.

python spread_training.py STRATEGY --output FOLDER ...

trains the small table on a few digits, its dropout off. What it does to itself is in the environment: `STOP_AT` names
the steps of an epoch at which it kills itself, `STOP_BY` the signal, and `SHOWN` a file for the images of the first
validation.
"""

import dataclasses
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

TRAIN, VALIDATION = 83, 21
"""Images: numbers that neither the batch nor the replicas divide. An epoch has 10 steps."""

RECIPE = {
    "image_size": 32,
    "batch_size": 8,
    "epochs": 5,
    "learning_rate": 0.01,
    "warmup_steps": 5,
    "averaging": 0.8,
    "checkpoint_steps": 4,
}

TIMEOUT = 300
"""Seconds; two workers on two slow cores take half a minute to start."""


def start(strategy, folder, *arguments, **environment):
    """Starts a process of a run.

    Args:
        strategy: What to give `--strategy`.
        folder: The run's folder.
        arguments: More arguments for `train`.
        environment: More variables of the environment.

    Returns:
        A `subprocess.Popen`, its outputs piped as text.
    """
    return subprocess.Popen(
        [sys.executable, __file__, strategy, "--output", str(folder), *arguments],
        env={**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start_workers(folder, *arguments, stop=()):
    """Starts the two workers of a run, in their order.

    Args:
        folder: The run's folder, which they share.
        arguments: More arguments for `train`.
        stop: `(worker, step, signal)` for one that ends itself.
    """
    from support.spread import free_ports

    addresses = [f"localhost:{port}" for port in free_ports(2)]
    started = []
    for index in range(2):
        config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        own = {"STOP_AT": str(stop[1]), "STOP_BY": str(int(stop[2]))} if stop and stop[0] == index else {}
        started.append(start("multiworker", folder, *arguments, TF_CONFIG=json.dumps(config), **own))
    return started


def wait(processes):
    """Waits for processes; returns `(exit status, standard output, standard error)` of each."""
    try:
        outputs = [process.communicate(timeout=TIMEOUT) for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [(process.returncode, *texts) for process, texts in zip(processes, outputs, strict=True)]


def prepare():
    """Patches the trainer as said above; nothing of TensorFlow is initialized."""
    import keras
    import numpy as np
    import tensorflow as tf

    from keras_googlenet import data
    from keras_googlenet.training import run as runs
    from support.small_training import small_network

    def build(recipe, source):
        model = small_network(recipe, source)
        for layer in model.layers:
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0.0
        return model

    def few(*args, **kwargs):
        whole = load(*args, **kwargs)
        return dataclasses.replace(whole, train=part(whole.train, TRAIN), validation=part(whole.validation, VALIDATION))

    def part(split, count):
        # Where an image is flat, near-equal values meet in max pooling, and the last bit of a sum decides which of
        # them gets the gradient. With noise it takes a much larger difference.
        noise = np.random.default_rng(count).integers(0, 128, (count, 32, 32, 3))
        digits = np.kron(split.items[:count], np.ones((1, 4, 4, 1), int)) // 2
        return dataclasses.replace(split, items=(digits + noise).astype("uint8"), labels=split.labels[:count])

    load, data.load, runs.build = data.load, few, build
    device = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(device, [tf.config.LogicalDeviceConfiguration()] * 2)


def stop(step, number):
    """Has every run of this process send it a signal after so many steps."""
    import keras

    from keras_googlenet.training import callbacks

    class Stop(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.step = 0

        def on_train_batch_end(self, batch, logs=None):
            self.step += 1
            if self.step == step:
                os.kill(os.getpid(), number)

    def with_stop(*args):
        return [Stop(), *for_run(*args)]

    for_run, callbacks.for_run = callbacks.for_run, with_stop


def main(strategy, *arguments):
    """Runs the command."""
    prepare()
    from keras_googlenet.cli import main as command

    if "STOP_AT" in os.environ:
        stop(int(os.environ["STOP_AT"]), int(os.environ.get("STOP_BY", signal.SIGKILL)))
    settings = [argument for name, value in RECIPE.items() for argument in ("--set", f"{name}={value}")]
    return command(["train", "--strategy", strategy, *settings, *arguments])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

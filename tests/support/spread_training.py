"""The trainer on one device, on two mirrored CPU devices, and on two workers, in processes of its own.

`start` and `start_workers` run this file as a program. It trains the small table on a few digits, its dropout off.
"""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

TRAIN, VALIDATION, UNREADABLE = 83, 21, 2
"""Images: numbers that neither the batch nor the replicas divide. An epoch has 10 steps, and 50 make a run."""

RECIPE = {
    "image_size": 32,
    "batch_size": 8,
    "epochs": 5,
    "learning_rate": 0.01,
    "warmup_steps": 5,
    "averaging": 0.8,
    "checkpoint_steps": 4,
    "on_corrupt": "skip",
}

TIMEOUT = 300
"""Seconds; two workers on two slow cores take half a minute to start."""


def start(*arguments, **environment):
    """Starts this program; returns a `subprocess.Popen`, its outputs piped as text."""
    return subprocess.Popen(
        [sys.executable, __file__, *map(str, arguments)],
        env={**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start_workers(folder, stop=()):
    """Starts the two workers of a run, in their order.

    Args:
        folder: The run's folder, which they share; they go on with the run in it.
        stop: `(worker, step, signal)` for one that sends itself a signal after so many steps of its own.
    """
    from support.spread import free_ports

    addresses = [f"localhost:{port}" for port in free_ports(2)]
    started = []
    for index in range(2):
        config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        own = map(int, stop[1:] if stop and stop[0] == index else ())
        started.append(start("workers", folder, *own, TF_CONFIG=json.dumps(config)))
    return started


def wait(processes, first=0):
    """Waits for processes to end, for one of them first.

    Returns:
        `(exit status, standard output, standard error, seconds after the first)` of each.
    """
    ends, begun = {}, None
    try:
        for index in sorted(range(len(processes)), key=lambda index: index != first):
            texts = processes[index].communicate(timeout=TIMEOUT)
            begun = begun or time.monotonic()
            ends[index] = (processes[index].returncode, *texts, time.monotonic() - begun)
    finally:
        for process in processes:
            process.kill()
    return [ends[index] for index in range(len(processes))]


def few(source):
    """A few of the digits. The first and the last one to validate on cannot be read: each worker meets one."""
    from keras_googlenet.data import ImageError

    def decode(item):
        if not item.any():
            raise ImageError("blank.png: is blank")
        return item

    def part(split, count):
        # Where an image is flat, near-equal values meet in max pooling, and the last bit of a sum decides which of
        # them gets the gradient. With noise it takes a much larger difference.
        noise = np.random.default_rng(count).integers(1, 128, (count, 32, 32, 3))
        digits = np.kron(split.items[:count], np.ones((1, 4, 4, 1), int)) // 2
        items = (digits + noise).astype("uint8")
        return dataclasses.replace(split, items=items, labels=split.labels[:count], decode=decode)

    train, validation = part(source.train, TRAIN), part(source.validation, VALIDATION)
    validation.items[[0, -1]] = 0
    return dataclasses.replace(source, train=train, validation=validation)


class Stop:
    """Sends this process a signal after so many of its steps: Keras's callback, made where Keras is there."""

    def __init__(self, step, number):
        import keras

        from keras_googlenet.training import callbacks

        class Callback(keras.callbacks.Callback):
            left = step

            def on_train_batch_end(self, batch, logs=None):
                Callback.left -= 1
                if Callback.left == 0:
                    os.kill(os.getpid(), number)

        self._for_run = callbacks.for_run
        callbacks.for_run = lambda *args: [Callback(), *self._for_run(*args)]


def prepare():
    """Patches the trainer as said above, and makes two devices; nothing of TensorFlow is initialized.

    Networks are of float64: after fifty steps of float32, rounding would be all over the digits.
    """
    import keras
    import tensorflow as tf

    from keras_googlenet import data
    from keras_googlenet.training import run as runs
    from support import small_training

    keras.config.set_floatx("float64")
    small_training.dtype_policy = lambda precision: "float64"

    def build(recipe, source):
        model = small_training.small_network(recipe, source)
        for layer in model.layers:
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0.0
        return model

    load, runs.build = data.load, build
    data.load = lambda *args, **kwargs: few(load(*args, **kwargs))
    device = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(device, [tf.config.LogicalDeviceConfiguration()] * 2)


def train(strategy, folder):
    """Runs the command; returns its exit status."""
    from keras_googlenet.cli import main as command

    settings = [argument for name, value in RECIPE.items() for argument in ("--set", f"{name}={value}")]
    return command(["train", "--strategy", strategy, "--resume", "--output", str(folder), *settings])


def main(kind, folder, *stop):
    """Trains as one of two workers; or on one device and then, stopped once, on two."""
    prepare()
    if kind == "workers":
        if stop:
            Stop(*map(int, stop))
        return train("multiworker", folder)
    statuses = [train("none", Path(folder) / "none")]
    Stop(13, signal.SIGTERM)
    statuses += [train("mirrored", Path(folder) / "mirrored") for _ in range(2)]
    print(f"statuses {statuses}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""Runs of a tiny network on the backend of this process; as a program, those that a test asks for, one after another:

KERAS_BACKEND=jax python backend_training.py FOLDER one two killed
"""

import os
import signal
import sys
from pathlib import Path

import keras

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from keras_googlenet import GoogLeNet, data, training
from keras_googlenet.architecture import PAPER, edit, wider
from keras_googlenet.architecture.table import BatchNorm
from keras_googlenet.data.source import Source
from keras_googlenet.training import run as runs
from keras_googlenet.training.interruption import Interrupted
from keras_googlenet.utils.dtype_policy import default_dtype_policy
from support import deterministic

TINY = edit(
    wider(PAPER, 0.125),
    lambda row: row if not row.name.startswith("inception") or row.name == "inception_3a" else None,
    name="tiny",
    auxiliary=(),
    batch_norm=BatchNorm(momentum=0.9),
)
RECIPE = {
    "image_size": 32,
    "batch_size": 24,
    "epochs": 5,
    "accumulate": 2,
    "averaging": 0.8,
    "warmup_steps": 5,
    "label_smoothing": 0.1,
    "clip_norm": 0.5,
    "checkpoint_steps": 7,
}
KILLED, STOPPED = 36, 17
"""Steps of 50 after which a run is killed, and another one interrupted."""


class Send(keras.callbacks.Callback):
    """Sends this process a signal after a step."""

    def __init__(self, number, step):
        super().__init__()
        self.number, self.left = number, step

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), self.number)


def network(recipe, source):
    """With the same weights on each backend, and nothing drawn at random."""
    with default_dtype_policy(recipe.precision):
        model = GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=10, variant=TINY)
    deterministic.fill(model)
    model.class_names = source.classes
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    return model


def train(name, folder):
    """Trains a run of a name on 240 of the digits, 10 steps an epoch, and validates on 41, an odd number."""
    whole = data.load("digits")

    def part(split, count):
        return type(split)(split.items[:count], split.labels[:count], split.decode)

    few = Source("digits", whole.classes, part(whole.train, 240), part(whole.validation, 41), "some")
    runs.build = network
    changes = {"epochs": 1, "precision": "mixed_float16", "accumulate": 1} if name == "float16" else {}
    strategy = "auto" if name == "two" else "none"
    callbacks = [Send(signal.SIGKILL, KILLED)] if name == "killed" else []
    callbacks += [Send(signal.SIGTERM, STOPPED)] if name == "stopped" else []
    name = name.removesuffix(" again")
    training.train(
        training.recipe_for("digits", **{**RECIPE, **changes}),
        Path(folder, name),
        strategy=strategy,
        resume=True,
        callbacks=callbacks,
        verbose=0,
        load=lambda _: few,
    )


if __name__ == "__main__":
    for name in sys.argv[2:]:
        try:
            train(name, sys.argv[1])
        except Interrupted as error:
            print(error.status, error)

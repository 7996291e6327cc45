"""What runs in a process of its own: gets everything ready, then measures it in turns until its time is over.

    python -m keras_googlenet.benchmark.process '{"model": null, "image_size": 224, ...}'

Standard output has a JSON object a line: the device first, then each measurement, `{"row": ..., "seconds": ...}`.
"""

import functools
import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from keras_googlenet import data
from keras_googlenet.benchmark.device import device
from keras_googlenet.data.augmentation import Sampler
from keras_googlenet.data.reading import Reader
from keras_googlenet.model import load_model
from keras_googlenet.model.googlenet import GoogLeNet
from keras_googlenet.model.inputs import image_shape
from keras_googlenet.model.outputs import main_output
from keras_googlenet.model.precision import set_precision

LEAST = 0.1
"""Seconds that one measurement takes at least: a short step is repeated."""


def main(task: dict[str, Any], say: Callable[[dict], None]) -> None:
    """Measures.

    Args:
        task: What `measuring` asks for.
        say: Takes what was found.
    """
    begun = time.perf_counter()
    ready: list[tuple[dict[str, Any], Callable, int]] = []
    rows = list((_network if task["dataset"] is None else _pipeline)(task))
    say({"device": device()[0], "rows": len(rows)})
    for row, make in rows:
        if ready and time.perf_counter() - begun > task["seconds"]:
            say({"left_out": row})
            continue
        step = make()
        step()  # traces, compiles, starts workers
        ready.append((row, step, max(1, round(LEAST / _seconds(step, 1)))))
        say({"ready": row})
    begun = time.perf_counter()
    for number, (row, step, times) in enumerate(itertools.cycle(ready)):
        if number >= len(ready) and time.perf_counter() - begun > task["seconds"]:
            return
        say({"row": row, "seconds": _seconds(step, times)})


def _seconds(step, times):
    begun = time.perf_counter()
    for _ in range(times):
        step()
    return (time.perf_counter() - begun) / times


def _network(task) -> Iterator[tuple[dict, Callable[[], Callable]]]:
    """Each row of a backend, and what makes the function that takes its step; the most telling rows first."""
    models: dict[tuple[str, str], keras.Model] = {}

    def make(precision, batch, work):
        if (precision, work) not in models:
            models[precision, work] = network(task["model"], task["image_size"], precision, work == "training")
        model, rng = models[precision, work], np.random.default_rng(0)
        (height, width, channels), first = image_shape(model)
        height, width = (height, width) if model.input_shape[2 if first else 1] else task["image_size"]
        images = rng.normal(0, 60, (batch, *((channels, height, width) if first else (height, width, channels))))
        images, labels = images.astype("float32"), rng.integers(0, main_output(model).shape[-1], batch)
        step = functools.partial(model.train_on_batch, y=labels) if work == "training" else model.predict_on_batch
        return functools.partial(step, images)

    for precision, batch, work in itertools.product(device()[1], task["batches"][::-1], ("forward", "training")):
        row = {"backend": keras.backend.backend(), "work": work, "precision": precision, "batch": batch}
        yield row, functools.partial(make, precision, batch, work)


def network(spec: str | None, size: list[int], precision: str, training: bool) -> Any:
    """The network to measure: with its heads and compiled where it trains.

    Args:
        spec: As in `model.load_model`; None for the paper's network, without trained weights.
        size: Height and width of images.
        precision: `"float32"`, `"bfloat16"` or `"float16"`.
        training: Whether it trains.
    """
    if spec is None:
        model = GoogLeNet(weights=None, input_shape=(*size, 3), aux_heads=training)
    else:
        model = load_model(spec, aux_heads=training)
    if precision != "float32":
        set_precision(model, precision)
    if training:
        model.compile(keras.optimizers.SGD(1e-6, momentum=0.9), loss="sparse_categorical_crossentropy")
    return model


def _pipeline(task):
    """Section 6's views of a data set, as training reads them, without an end."""
    batch, size = task["batches"][-1], task["image_size"][0]
    split = data.load(task["dataset"], validation_fraction=0.01).train
    batch = min(batch, split.count)

    def make():
        reader = Reader(split, memory=0)  # as of a data set too large to be kept
        stream = data.training_stream(reader, image_size=size, batch_size=batch, seed=0, sampler=Sampler(seed=0))
        batches = iter(stream)
        return lambda: next(batches)

    yield {"backend": None, "work": "pipeline", "precision": None, "batch": batch}, make


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer

    def answer(found: dict) -> None:
        """Writes a line."""
        print(json.dumps(found), file=answers, flush=True)

    main(json.loads(sys.argv[1]), answer)

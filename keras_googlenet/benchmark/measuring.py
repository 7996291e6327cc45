"""Starts the processes that measure, listens to them, and makes a table of what they say."""

import contextlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras

from keras_googlenet.architecture.table import DEFAULT_SIZE, MIN_SIZE
from keras_googlenet.benchmark.photos import make_photos
from keras_googlenet.errors import InputError, WorkError
from keras_googlenet.model import load_model
from keras_googlenet.model.inputs import image_shape
from keras_googlenet.utils.messages import nearest, one_line, shown

BACKENDS = ("tensorflow", "jax", "torch")
BATCHES = (1, 32)
PHOTOS = 64


def measure(
    model: str | Path | None = None,
    *,
    backends: Sequence[str] | None = None,
    image_size: int | None = None,
    seconds: float = 30.0,
    dataset: str | Path | None = None,
    progress: Callable[[float], None] = lambda fraction: None,
) -> dict[str, Any]:
    """Measures a network forward and in training, and the input pipeline, on this machine.

    Each backend computes in a process of its own, one after the other, in each precision that the device has units for,
    with batches of 1 and 32: calls of `predict_on_batch` and `train_on_batch`, the copying of images to the device
    included. What a process measures takes turns, so that other work on the machine strikes all alike; the figures are
    medians. The pipeline is what training reads: files decoded and sampled as in section 6 of the paper.

    Args:
        model: As in `load_model`; None is the paper's network, not trained, with its heads in training.
        backends: Of `BACKENDS`; None means those that are installed, the current one first.
        image_size: Side of the images, for a model that takes any; None means the model's, or 224.
        seconds: To measure for, in all. Compiling comes before that, and may take as long again: what is not ready
            by then is left out.
        dataset: As in `data.load`, for the pipeline; None means photos made for it.
        progress: Called with the part that is done, 0 to 1.

    Returns:
        A dictionary that JSON can hold: `rows`, each with its `backend`, `work` (`forward`, `training` or `pipeline`),
        `precision`, `batch`, `ms`, `images_per_second` and `measurements`; `left_out`, rows that were not ready;
        `devices`, by backend; `model`, `image_size`, `processors`, `keras`.

    Raises:
        InputError: There is no such model, data set or backend, or it does not take such images.
        WorkError: A process has ended before its time.

    Example:
        >>> found = measure(backends=["jax"], seconds=20)  # doctest: +SKIP
        >>> {row["work"]: row["images_per_second"] for row in found["rows"]}  # doctest: +SKIP
        {'forward': 24.1, 'training': 4.9, 'pipeline': 412.0}
    """
    if not seconds > 0:
        raise InputError(f"`seconds` must be positive. Received: seconds={seconds}")
    kinds = _backends(backends)
    task: dict[str, Any] = {
        "model": None if model is None else os.fspath(model),
        "image_size": _size(model, image_size),
        "batches": BATCHES,
        "seconds": seconds / (len(kinds) + 1),
    }
    found: dict[str, Any] = {"devices": {}, "rows": [], "left_out": []}
    with tempfile.TemporaryDirectory() as folder:
        if dataset is None:
            make_photos(Path(folder), PHOTOS)
        for number, backend in enumerate([*kinds, None]):
            own = {"dataset": os.fspath(dataset or folder) if backend is None else None}
            with _started(task | own, backend) as lines:
                _listen(lines, found, backend, lambda part, n=number: progress((n + part) / (len(kinds) + 1)), task)
            progress((number + 1) / (len(kinds) + 1))
    about = {"model": task["model"] or "paper", "image_size": task["image_size"]}
    return about | {"processors": os.cpu_count(), "keras": keras.__version__} | found


def _backends(names):
    current = keras.backend.backend()
    installed = sorted(filter(importlib.util.find_spec, BACKENDS), key=lambda name: name != current)
    for name in names or ():
        if name not in installed:
            raise InputError(
                f"A backend must be one of those that are installed, {', '.join(installed)}. "
                f"Received: {shown(name)}.{nearest(name, installed)}".rstrip(".")
            )
    return list(dict.fromkeys(names or installed))


def _size(spec, side):
    if spec is None:
        side = DEFAULT_SIZE if side is None else side
        if side < MIN_SIZE:
            raise InputError(f"`image_size` must be at least {MIN_SIZE}. Received: image_size={side}")
        return side, side
    model = load_model(spec)
    (height, width, _), _ = image_shape(model)
    free = None in model.input_shape[1:]
    if side is not None and not free and (height, width) != (side, side):
        raise InputError(f"{spec} takes images of {height}x{width} pixels alone. Received: image_size={side}")
    return (side, side) if side is not None and free else (height, width)


@contextlib.contextmanager
def _started(task, backend):
    """A process that measures; gives the lines that it says."""
    path = os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "KERAS_BACKEND": backend or "tensorflow", "PYTHONPATH": path}
    environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    environment |= {} if backend else {"CUDA_VISIBLE_DEVICES": "-1"}  # the pipeline computes nothing there
    command = [sys.executable, "-m", "keras_googlenet.benchmark.process", json.dumps(task)]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=environment, encoding="utf-8")
        try:
            yield process.stdout
            if process.wait():
                log.seek(0)
                last = next((line for line in reversed(log.read().splitlines()) if line.strip()), "it said nothing")
                raise WorkError(
                    f"The measurement of {backend or 'the pipeline'} has ended with status {process.returncode}: "
                    f"{one_line(last)}"
                )
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def _listen(lines, found, backend, progress, task):
    """Adds what a process says to what was found."""
    seconds = {}
    ready, begun = 0, time.monotonic()
    for said in map(json.loads, lines):
        if "device" in said:
            rows = said["rows"]
            if backend is not None:
                found["devices"][backend] = said["device"]
        elif "seconds" in said:
            seconds.setdefault(json.dumps(said["row"]), []).append(said["seconds"])
            progress(min(0.5 + 0.5 * (time.monotonic() - begun) / task["seconds"], 1))
        else:
            found["left_out"] += [said["left_out"]] if "left_out" in said else []
            ready, begun = ready + 1, time.monotonic()
            progress(0.5 * ready / rows)
    for row, times in seconds.items():
        median, row = statistics.median(times), json.loads(row)
        speed = {"ms": 1000 * median, "images_per_second": row["batch"] / median, "measurements": len(times)}
        found["rows"].append(row | speed)

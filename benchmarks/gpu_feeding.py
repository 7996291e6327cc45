"""A GPU that trains on what processes make meanwhile: section 6's views of photos, for `gpu.py`."""

import collections
import contextlib
import functools
import importlib.util
import itertools
import multiprocessing
import os
from pathlib import Path

import numpy as np
from contenders import keras_model

BACKEND = "jax" if importlib.util.find_spec("jax") else "torch"
PART = 8  # views that a process sends at a time


@contextlib.contextmanager
def without_gpu():
    """An environment for processes that leave the GPU alone."""
    ours = {"KERAS_BACKEND": BACKEND, "CUDA_VISIBLE_DEVICES": ""}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def view(path, size=224):
    """One, of a file: how many bytes it has."""
    return sample(path, size).nbytes


def sample(path, size):
    """One, of a file."""
    from keras_googlenet import data
    from keras_googlenet.data.augmentation import Sampler

    return Sampler(seed=0)(data.read_image(path), size, epoch=0, index=0)


def samples(paths, size):
    """Several, as one array."""
    return np.stack([sample(path, size) for path in paths])


def fed_jax(row):
    """Training steps of Keras on JAX, whose images come to the device as bytes."""
    import jax
    import jax.numpy as jnp

    model, labels = keras_model(row), jax.device_put(np.arange(row["batch"]) % 1000)
    model._symbolic_build(data_batch=(jnp.zeros((row["batch"], row["size"], row["size"], 3)), labels))
    kinds = [model.trainable_variables, model.non_trainable_variables, model.optimizer.variables]
    state = [tuple([variable.value for variable in kind] for kind in [*kinds, model.metrics_variables])]
    mean = jnp.array([122.68, 116.67, 104.01])

    @functools.partial(jax.jit, donate_argnums=0)
    def train(state, images, labels):
        return model.train_step(state, (images.astype("float32") - mean, labels))

    batches = made(row)

    def step():
        _, state[0] = train(state[0], next(batches), labels)

    return step, lambda: jax.block_until_ready(state[0])


def made(row):
    """Batches without an end, a few ahead of their use. The processes end with this one."""
    paths = itertools.cycle(sorted(map(str, Path(row["photos"]).rglob("*.jpg"))))
    part, ahead = min(PART, row["batch"]), collections.deque()

    def ask():
        ahead.append(
            [
                pool.apply_async(samples, (list(itertools.islice(paths, count)), row["size"]))
                for count in [part] * (row["batch"] // part)
            ]
        )

    with without_gpu():  # the processes that are started here
        # An executor would wait for the end of this process, which waits for the executor's.
        pool = multiprocessing.get_context("spawn").Pool()
        for _ in range(3):
            ask()

    def batches():
        while True:
            ask()
            yield np.concatenate([asked.get() for asked in ahead.popleft()])

    return batches()

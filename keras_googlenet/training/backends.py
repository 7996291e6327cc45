"""Which of Keras's backends train, and what each asks for before anything runs on a device."""

import os
from contextlib import suppress

import keras
import tensorflow as tf

from keras_googlenet.errors import InputError

BACKENDS = ("tensorflow", "jax")
"""The backends that a run trains on."""

_DETERMINISTIC_XLA = "--xla_gpu_deterministic_ops=true"


def prepare(deterministic):
    """Readies the backend. To be called before anything runs on a device.

    On JAX the GPUs are JAX's: TensorFlow only reads images there, and would else take all their memory.

    Args:
        deterministic: Whether the same run must give the same bits again. JAX learns of it when it starts: in a process
            where it has run before, on a GPU, the environment must have said so (`XLA_FLAGS`).

    Raises:
        InputError: The backend, or the order of its axes, is not one that trains.
    """
    backend, order = keras.backend.backend(), keras.config.image_data_format()
    if backend not in BACKENDS or order != "channels_last":
        raise InputError(
            f"Training runs on Keras's backends {' and '.join(BACKENDS)} with channels last (KERAS_BACKEND, "
            f"~/.keras/keras.json). Received: {backend}, {order}"
        )
    if backend == "jax":
        with suppress(RuntimeError):  # TensorFlow has run before, and has them
            tf.config.set_visible_devices([], "GPU")
        flags = os.environ.get("XLA_FLAGS", "")
        if deterministic and "xla_gpu_deterministic_ops" not in flags:
            os.environ["XLA_FLAGS"] = f"{flags} {_DETERMINISTIC_XLA}".strip()


def be_deterministic():
    """Has TensorFlow give the same bits for the same numbers; JAX does so where `prepare` has told it."""
    if keras.backend.backend() == "tensorflow":
        tf.config.experimental.enable_op_determinism()

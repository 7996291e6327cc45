"""What a process computes on: its name, and the precisions that it has units for."""

import keras

from keras_googlenet.utils.precision import UNITS
from keras_googlenet.utils.processor import processor_flags, processor_name


def device() -> tuple[str, list[str]]:
    """The name of the first GPU that the backend sees, else of the processor, and the precisions to measure there.

    A processor is measured in `bfloat16` only where it has units for it; without them it computes as in `float32`, and
    rounds besides.
    """
    gpu = _gpu()
    if gpu is not None:
        return gpu, ["float32", "bfloat16", "float16"]
    return processor_name(), ["float32", *(["bfloat16"] if UNITS.keys() & processor_flags() else [])]


def _gpu():
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        found = [tf.config.experimental.get_device_details(one) for one in tf.config.list_physical_devices("GPU")]
        return found[0].get("device_name", "GPU") if found else None
    if backend == "jax":
        import jax

        found = jax.local_devices()
        return found[0].device_kind if found[0].platform != "cpu" else None
    if backend == "torch":
        import torch

        return torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return None

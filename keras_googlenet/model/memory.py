"""What a batch takes while a model answers: refused before it is collected, where it is certain not to fit."""

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import keras

from keras_googlenet.utils import memory


@contextmanager
def batches(model: keras.Model, batch_size: int, size: int | tuple[int, int]) -> Iterator[None]:
    """Says in one line, before or while it happens, that batches are too large.

    At the least a batch is there as bytes and as numbers, and on a CPU with the largest output of a layer.

    Args:
        model: The model that sees the batches.
        batch_size: Images in one.
        size: Side of an image, or its height and width.

    Raises:
        MemoryShortage: They do not fit.
    """
    height, width = (size, size) if isinstance(size, int) else size
    what, lower = f"batches of {batch_size:,} images of {width}x{height} pixels", "Lower the batch size (--batch-size)."
    memory.check(batch_size * (height * width * 3 * 5 + _largest(model)), what, lower)
    with memory.reporting(what, lower):
        yield


def _largest(model: keras.Model) -> int:
    """Bytes of a layer's output for one image; none where that may be in the memory of a GPU."""
    try:
        devices = keras.distribution.list_devices()
    except AttributeError:  # Keras on PyTorch tells none
        return 0
    if not all(name.startswith("cpu") for name in devices):
        return 0
    sizes = [0]
    for layer in model.layers:
        with suppress(AttributeError, TypeError, ValueError):  # several outputs, or of any size
            sizes.append(2 * math.prod(layer.output.shape[1:]))  # two bytes at the least: half precision
    return max(sizes)

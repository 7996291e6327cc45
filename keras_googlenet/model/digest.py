"""What a model's answers follow from, in a few digits: its weights and the precision that it computes in."""

from typing import Any

import keras
import numpy as np

from keras_googlenet.model.precision import halves_of


def add_model(found: Any, model: keras.Model) -> None:
    """Adds a model's weights and its precision to a checksum.

    Args:
        found: One of `hashlib`.
        model: The model.
    """
    for array in model.get_weights():
        found.update(np.ascontiguousarray(array).data)
    found.update(" ".join(halves_of(model)).encode())

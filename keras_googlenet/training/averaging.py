"""Polyak averaging (section 6): the averaged weights are the ones that are validated and saved."""

from contextlib import contextmanager

import keras
from keras import ops

from keras_googlenet.training.optimization import unwrap


@contextmanager
def averaged(model):
    """Puts the optimizer's running averages in the place of a model's weights for a while.

    The weights come back exactly as they were, unlike with `keras.callbacks.SwapEMAWeights`, which exchanges the two
    by adding and subtracting. A model whose optimizer keeps no averages stays as it is.

    Args:
        model: A compiled model, trained for one step at least.

    Example:
        >>> with averaged(model):  # doctest: +SKIP
        ...     model.save("averaged.keras")
    """
    held = exchange(model)
    try:
        yield model
    finally:
        for variable, value in held:
            variable.assign(value)


def exchange(model):
    """Assigns the averages to the weights.

    Returns:
        The weights as they were: pairs of a variable and its value, a NumPy array.
    """
    optimizer = unwrap(model.optimizer)
    if not optimizer.use_ema:
        return []
    pairs = list(zip(optimizer._trainable_variables, optimizer._model_variables_moving_average, strict=True))
    held = [(variable, ops.convert_to_numpy(variable)) for variable, _ in pairs]
    for variable, average in pairs:
        variable.assign(average)
    return held


class ValidateAverages(keras.callbacks.Callback):
    """Validates the averages: they are the model's weights from the beginning to the end of each validation."""

    def __init__(self):
        super().__init__()
        self._held = []

    def on_test_begin(self, logs=None):
        """Exchanges the weights."""
        self._held = exchange(self.model)

    def on_test_end(self, logs=None):
        """Puts them back."""
        for variable, value in self._held:
            variable.assign(value)
        self._held = []

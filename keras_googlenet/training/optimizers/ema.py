"""Polyak averaging (section 6): the averaged weights are the ones that are validated and saved."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import keras
from keras import ops

from keras_googlenet.training.optimizers.from_recipe import unwrap


@contextmanager
def ema_weights(model: keras.Model) -> Iterator[keras.Model]:
    """Puts the optimizer's running averages in the place of a model's weights for a while.

    The weights come back exactly as they were, unlike with `keras.callbacks.SwapEMAWeights`, which exchanges the two
    by adding and subtracting. A model whose optimizer keeps no averages stays as it is.

    Args:
        model: A compiled model, trained for one step at least.

    Example:
        >>> with ema_weights(model):  # doctest: +SKIP
        ...     model.save("averaged.keras")
    """
    pairs = unwrap(model.optimizer).ema_pairs
    held = [ops.copy(variable) for variable, _ in pairs]
    for variable, average in pairs:
        variable.assign(ops.copy(average))  # on JAX, validation gives away the arrays that it is handed
    try:
        yield model
    finally:
        for (variable, _), value in zip(pairs, held, strict=True):
            variable.assign(value)


class ValidateEMA(keras.callbacks.Callback):
    """Validates the averages: they are the model's weights from the beginning to the end of each validation."""

    def __init__(self):
        super().__init__()
        self._validation = ExitStack()

    def on_test_begin(self, logs=None):
        """Exchanges the weights."""
        self._validation.enter_context(ema_weights(self.model))

    def on_test_end(self, logs=None):
        """Puts them back."""
        self._validation.close()

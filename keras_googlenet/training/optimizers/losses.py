"""The loss of every head, and its smoothed form."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_googlenet")
class SmoothedCrossentropy(keras.losses.Loss):
    """The cross-entropy between class indices, smoothed, and probabilities; Keras smooths one-hot labels alone.

    The label is worth `1 - smoothing`, and `smoothing` is spread evenly over all classes, the label's included.

    Args:
        smoothing: In [0, 1).
        name: Name of the loss.
        **kwargs: As in `keras.losses.Loss`.

    Call arguments:
        y_true: Class indices of shape `(batch,)` or `(batch, 1)`.
        y_pred: Probabilities of shape `(batch, classes)`.

    Example:
        >>> round(float(SmoothedCrossentropy(0.5)([0], [[0.9, 0.1]])), 4)  # -0.75 * ln 0.9 - 0.25 * ln 0.1
        0.6547

    Reference:
        Szegedy et al., [Rethinking the Inception Architecture](https://arxiv.org/abs/1512.00567), section 7.
    """

    def __init__(self, smoothing: float = 0.1, name: str = "smoothed_crossentropy", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.smoothing = float(smoothing)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each image, shape `(batch,)`."""
        y_pred = ops.convert_to_tensor(y_pred)
        indices = ops.reshape(ops.cast(y_true, "int32"), (-1,))
        labels = ops.one_hot(indices, ops.shape(y_pred)[-1], dtype=y_pred.dtype)
        return keras.losses.categorical_crossentropy(labels, y_pred, label_smoothing=self.smoothing)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "smoothing": self.smoothing}


def loss(recipe):
    """The loss that a recipe asks for, to be given to `compile` for all heads.

    Args:
        recipe: A `Recipe`.

    Returns:
        A name that Keras knows, or a `SmoothedCrossentropy`.
    """
    return SmoothedCrossentropy(recipe.label_smoothing) if recipe.label_smoothing else "sparse_categorical_crossentropy"

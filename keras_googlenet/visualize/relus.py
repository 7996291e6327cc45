"""A network whose ReLUs send gradients back otherwise: the same values, the same weights, another way down."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from keras_googlenet.layers.before_activation import BeforeActivation

LEAK = 0.1
"""What `redirected` lets through of the gradient where a ReLU is off."""


def with_relu(model: keras.Model, relu: Callable[[Any], Any]) -> keras.Model:
    """A copy of a model's graph in which each ReLU is another function.

    Args:
        model: A functional or `Sequential` model of one input. It is not changed. What is neither a layer nor a model
            with a ReLU at its end stays as it is.
        relu: From a tensor to a tensor of the same shape. It may have a gradient of its own (`ops.custom_gradient`).

    Returns:
        A functional model of the same input and the same structure of outputs, with the model's own weights.

    Example:
        >>> import numpy as np
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, "relu", kernel_initializer="ones")])
        >>> float(with_relu(model, ops.abs)(np.array([[-2.0]]))[0, 0])
        2.0
    """
    x = keras.Input(batch_shape=model.inputs[0].shape, dtype=model.inputs[0].dtype)
    return keras.Model(x, _applied(model, x, relu))


def redirected(x: Any) -> Any:
    """A ReLU that sends a tenth of the gradient back where it is off, so that what is off can be turned on.

    Example:
        >>> ops.convert_to_numpy(redirected(ops.convert_to_tensor([-1.0, 2.0]))).tolist()
        [0.0, 2.0]
    """
    small = LEAK * ops.minimum(x, 0)
    return ops.relu(x) + (small - ops.stop_gradient(small))


def _applied(model, x, relu):
    """The outputs of a model's graph for a symbolic tensor."""

    def call(layer, *inputs, **options):
        if isinstance(layer, keras.Model):
            return _applied(layer, inputs[0], relu)
        swapped = keras.layers.Activation(relu, dtype=layer.dtype_policy) if _ends_in_relu(layer) else None
        if swapped is None:
            return layer(*inputs, **options)
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense)):
            return swapped(BeforeActivation(layer)(inputs[0]))
        return swapped(inputs[0])

    if isinstance(model, keras.Sequential):
        for layer in model.layers:
            x = call(layer, x)
        return x
    return keras.models.clone_model(model, x, clone_function=lambda layer: layer, call_function=call).output


def _ends_in_relu(layer):
    """Whether a layer is a ReLU, or a convolution or dense layer with one at its end."""
    if isinstance(layer, keras.layers.ReLU):
        return layer.max_value is None and not layer.negative_slope and not layer.threshold
    return getattr(layer, "activation", None) is keras.activations.relu

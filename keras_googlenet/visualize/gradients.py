"""Gradients with respect to images. Each backend of Keras has its own way, and only this module knows them."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from keras_googlenet.errors import InputError


def value_and_gradient(function: Callable[[Any], Any], x: np.ndarray) -> tuple[float, np.ndarray]:
    """A function's value and its gradient.

    Args:
        function: From a float32 tensor to a scalar tensor.
        x: Array, where to differentiate.

    Returns:
        `(value, gradient)`: a float, and a float32 NumPy array of `x`'s shape.

    Raises:
        InputError: Keras runs on a backend that has no gradients, such as OpenVINO's.

    Example:
        >>> value, gradient = value_and_gradient(lambda x: keras.ops.sum(x * x), np.array([1.0, 2.0]))
        >>> value, gradient.tolist()
        (5.0, [2.0, 4.0])
    """
    tensor = keras.ops.convert_to_tensor(x, dtype="float32")
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(tensor)
                value = function(tensor)
            gradient = tape.gradient(value, tensor)
        case "jax":
            import jax

            value, gradient = jax.value_and_grad(function)(tensor)
        case "torch":
            import torch

            tensor = tensor.detach().requires_grad_()
            value = function(tensor)
            (gradient,) = torch.autograd.grad(value, tensor)
        case backend:
            raise InputError(
                f"Gradients need Keras on TensorFlow, JAX or PyTorch (KERAS_BACKEND). Received: backend={backend!r}"
            )
    return float(keras.ops.convert_to_numpy(value)), keras.ops.convert_to_numpy(gradient)

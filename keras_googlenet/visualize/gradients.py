"""Gradients with respect to images. Each backend of Keras has its own way, and only this module knows them."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from keras_googlenet.errors import InputError


def differentiated(function: Callable[..., Any]) -> Callable[..., tuple[float, np.ndarray]]:
    """A function and its gradient, compiled at the first call for each shape where the backend compiles.

    Args:
        function: From float32 tensors to a scalar tensor. What else it reads is taken as constant.

    Returns:
        A function from arrays to `(value, gradient)`: a float, and a float32 array of the first one's shape.

    Raises:
        InputError: Keras runs on a backend that has no gradients, such as OpenVINO's.

    Example:
        >>> power = differentiated(lambda x, factor: keras.ops.sum(factor * x * x))
        >>> value, gradient = power(np.array([1.0, 2.0]), np.array(3.0))
        >>> value, gradient.tolist()
        (15.0, [6.0, 12.0])
    """
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            step = tf.function(_of_tensors(function))
        case "jax":
            import jax

            step = jax.jit(jax.value_and_grad(function))
        case _:
            step = _of_tensors(function)
    return lambda *arrays: _called(step, arrays)


def value_and_gradient(function: Callable[[Any], Any], x: np.ndarray) -> tuple[float, np.ndarray]:
    """A function's value and its gradient, once: nothing is compiled.

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
    return _called(_of_tensors(function), [x])


def _called(step, arrays):
    """What a step on tensors makes of arrays."""
    value, gradient = step(*(keras.ops.convert_to_tensor(array, dtype="float32") for array in arrays))
    return float(keras.ops.convert_to_numpy(value)), keras.ops.convert_to_numpy(gradient)


def _of_tensors(function):
    """The function and its gradient, from tensors to tensors."""
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            def step(x, *others):
                with tf.GradientTape(watch_accessed_variables=False) as tape:
                    tape.watch(x)
                    value = function(x, *others)
                return value, tape.gradient(value, x)
        case "jax":
            import jax

            step = jax.value_and_grad(function)
        case "torch":
            import torch

            def step(x, *others):
                x = x.detach().requires_grad_()
                value = function(x, *others)
                return value, *torch.autograd.grad(value, x)
        case backend:
            raise InputError(
                f"Gradients need Keras on TensorFlow, JAX or PyTorch (KERAS_BACKEND). Received: backend={backend!r}"
            )
    return step

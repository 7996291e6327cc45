"""A model in another precision than it was built in: the same layers and weights, other arithmetic."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras

from keras_googlenet.model import graph
from keras_googlenet.utils.precision import HALVES, dtype_policy


def set_precision(model: keras.Model, precision: str) -> None:
    """Has a model compute in another precision from now on. Call it before the model has computed anything.

    The weights stay float32, and so does what comes before the first layer with a kernel, which are the pixels, and
    from the last one on, which are the heads. So a network is like one that was built under Keras's policy
    `mixed_bfloat16` or `mixed_float16`. Layers whose weights are of 8, 16 or 64 bits stay what they are.

    Args:
        model: A functional or `Sequential` Keras model.
        precision: One of `PRECISIONS`.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, input_shape=(32, 32, 3), aux_heads=False)
        >>> set_precision(model, "bfloat16")
        >>> [model.get_layer(name).compute_dtype for name in ("conv1_7x7_s2", "predictions")]
        ['bfloat16', 'float32']
    """
    for layer, policy in _policies(model, precision):
        layer.dtype_policy = policy


@contextlib.contextmanager
def computing_in(model: keras.Model, precision: str) -> Iterator[None]:
    """Has a model compute in another precision for a while, for who traces it anew.

    Args:
        model: As in `set_precision`.
        precision: Likewise.
    """
    changes = _policies(model, precision)
    before = [(layer, layer.dtype_policy) for layer, _ in changes]
    try:
        for layer, policy in changes:
            layer.dtype_policy = policy
        yield
    finally:
        for layer, policy in before:
            layer.dtype_policy = policy


def halves_of(model: keras.Model) -> list[str]:
    """The halves that layers of a model compute in, by name; none of a model of float32."""
    return sorted({layer.compute_dtype for layer in _layers(model)}.intersection(HALVES))


def _policies(model: keras.Model, precision: str) -> list[tuple[Any, str]]:
    """The layers whose precision is changed, each with its policy."""
    policy = dtype_policy(precision)
    whole = {id(layer) for layer in (*_pixels(model), *_heads(model))}
    return [
        (layer, "float32" if id(layer) in whole else policy)
        for layer in _layers(model)
        if layer.compute_dtype in ("float32", *HALVES)
        and layer.variable_dtype == "float32"
        and layer.quantization_mode is None
    ]


def _layers(model: keras.Model) -> list[Any]:
    """All that compute; a `Sequential` does not, and would only round its input."""
    every = (model, *graph.forward(model))
    return [one for one in every if isinstance(one, keras.layers.Layer) and not isinstance(one, keras.Sequential)]


def _pixels(model: keras.Model) -> Iterator[Any]:
    for operation in graph.forward(model):
        if _has_kernel(operation):
            return
        yield operation


def _heads(model: keras.Model) -> Iterator[Any]:
    for output in graph.ends(model, "outputs"):
        for operation in graph.backward(output):
            yield operation
            if _has_kernel(operation):
                break


def _has_kernel(operation: Any) -> bool:
    """Whether it multiplies what it takes by a matrix; that of a model is its layers'."""
    if isinstance(operation, keras.Model):
        return False
    return any(len(weight.shape) > 1 for weight in getattr(operation, "weights", ()))

"""Artifacts compute in float32, whatever precision a network was trained in: runtimes know little of the halves."""

import contextlib

import keras

from keras_googlenet.model import graph

HALVES = ("float16", "bfloat16")


@contextlib.contextmanager
def in_float32(model):
    """Has the layers that compute in half precision compute in float32 for a while, with the same weights.

    Args:
        model: A Keras model.
    """
    layers = [layer for layer in (model, *graph.forward(model)) if isinstance(layer, keras.layers.Layer)]
    halves = [layer for layer in layers if layer.compute_dtype in HALVES and layer.variable_dtype == "float32"]
    held = {layer: layer.dtype_policy for layer in halves}
    try:
        for layer in held:
            layer.dtype_policy = "float32"
        yield
    finally:
        for layer, policy in held.items():
            layer.dtype_policy = policy

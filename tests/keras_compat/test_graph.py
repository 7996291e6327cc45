"""Canaries of `keras_compat/graph.py`."""

import keras
from support.canary import must

from keras_googlenet.keras_compat import graph


def test_keras_keeps_a_tensors_origin():
    dense = keras.layers.Dense(2)
    first, second = keras.Input((2,)), keras.Input((2,))
    dense(first)
    output = dense(second)
    must(hasattr(output, "_keras_history"), "a symbolic tensor's origin is not in `_keras_history` (graph.py)")
    must(hasattr(dense, "_inbound_nodes"), "a layer's calls are not in `_inbound_nodes` (graph.py)")
    operation, inputs, index = graph.origin(output)
    must(operation is dense and index == 0, "`_keras_history` does not tell a tensor's operation and place (graph.py)")
    must([id(one) for one in inputs] == [id(second)], "a layer's second call is not the second of its nodes (graph.py)")


def test_public_ways_know_the_first_call_alone():
    """If not, `graph.py` can go."""
    dense = keras.layers.Dense(2)
    outputs = [dense(keras.Input((2,))) for _ in range(2)]
    must(dense.output is outputs[0], "`Operation.output` knows more than the first call: use it in place of graph.py")

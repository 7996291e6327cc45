"""Which operation made a symbolic tensor, and what that operation read.

Why: `Operation.input` and `Operation.output` are public but know the first call alone. A layer that is applied twice,
or a model within another, cannot be told apart by them.
What breaks it: Keras keeping a tensor's origin elsewhere than in `KerasTensor._keras_history`, or an operation's calls
elsewhere than in `Operation._inbound_nodes`.
"""

from typing import NamedTuple

import keras


class Origin(NamedTuple):
    """Where a symbolic tensor comes from.

    Attributes:
        operation: The layer or other operation that made it.
        inputs: The symbolic tensors that this call of the operation read.
        output: Which of the call's outputs it is.
    """

    operation: keras.Operation
    inputs: list
    output: int


def origin(tensor: keras.KerasTensor) -> Origin:
    """Where a symbolic tensor comes from."""
    history = tensor._keras_history
    call = history.operation._inbound_nodes[history.node_index]
    return Origin(history.operation, call.input_tensors, history.tensor_index)

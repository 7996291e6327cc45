"""What a model's output is: probabilities, logits, scores that are independent of each other, or nothing of the kind.

The graph tells it where the last layers are Keras's own; the numbers are checked always.
"""

import enum
import inspect

import keras
import numpy as np

from keras_googlenet.errors import InputError, WorkError
from keras_googlenet.model import graph

MAIN = "predictions"
"""The layer that makes the main output of a network of this package."""

SLACK = 0.02
"""How far from 1 probabilities in half precision may sum to."""


class Kind(enum.Enum):
    """What the columns of a model's output are. The value says it of the model, as in "the model ends in ..."."""

    PROBABILITIES = "probabilities"
    LOGITS = "logits"
    SCORES = "a sigmoid"
    ONE_OF_TWO = "one sigmoid"


_KINDS = {"log_softmax": Kind.LOGITS, **dict.fromkeys(("softmax", "sparsemax"), Kind.PROBABILITIES)}
_KINDS |= dict.fromkeys(("sigmoid", "hard_sigmoid", "sparse_sigmoid"), Kind.SCORES)
"""What the activations make of a layer's output."""

_ACTIVATIONS = {function: name for name, function in vars(keras.activations).items() if inspect.isfunction(function)}
"""Keras's own. What another function does is not known."""

_OPERATIONS = {"Softmax": "softmax", "LogSoftmax": "log_softmax", "Sigmoid": "sigmoid", "HardSigmoid": "hard_sigmoid"}
_OTHERS = {"Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Gelu", "Tanh", "Softplus", "LogSigmoid"}
_OTHERS |= {"ReLU", "LeakyReLU", "PReLU", "ELU"}
"""Operations and layers that end in none of these."""

_OF_NUMBERS = {"mse", "mae", "mape", "msle", "huber", "logcosh", "cosinesimilarity", "meansquarederror"}
_OF_NUMBERS |= {"meanabsoluteerror", "meanabsolutepercentageerror", "meansquaredlogarithmicerror"}
"""Losses of regression: what is trained by them to give numbers does not give logits."""

_SAME = {"Flatten", "Reshape", "Dropout", "Identity", "Cast", "Squeeze", "Permute", "SpatialDropout2D"}
_SAME |= {"GlobalAveragePooling2D", "AveragePooling2D"}
"""Layers and operations after which probabilities are still such: a mean of some is one, too."""

_RESCALED = {"Rescaling", "BatchNormalization", "Add", "Subtract", "Multiply", "Divide", "TrueDivide"}
"""Those after which logits are still such, as a temperature has it, but nothing else is."""

_WITH_KERNELS = (keras.layers.Dense, keras.layers.EinsumDense, keras.layers.Conv1D, keras.layers.Conv2D)


def main_output(model):
    """The output of a model that classifies: the one, or the one that layer `predictions` makes.

    Args:
        model: A Keras model.

    Returns:
        A symbolic tensor of shape (batch, classes).

    Raises:
        InputError: There is none, or several could be meant, or it is no row of numbers an image.
    """
    outputs = graph.ends(model, "outputs")
    if not outputs:
        raise InputError(
            f"Expected a functional or Sequential model, whose layers can be looked at. Received: {model.name}, a "
            f"{type(model).__name__} that is neither, or has not been built"
        )
    # Of a model in the model, the last layer.
    makers = [next(op.name for op in graph.backward(end) if not isinstance(op, keras.Model)) for end in outputs]
    main = [tensor for tensor, maker in zip(outputs, makers, strict=True) if maker == MAIN]
    if len(outputs) > 1 and len(main) != 1:
        raise InputError(
            f"Expected a model with one output, or with one made by a layer called {MAIN}. Received: {model.name}, "
            f"whose outputs are {', '.join(makers)}. Choose one: keras.Model(model.inputs, model.outputs[0])"
        )
    [output] = main if len(outputs) > 1 else outputs
    if len(output.shape) != 2 or output.shape[-1] is None:
        what = "a map of classes: put a GlobalAveragePooling2D behind it" if len(output.shape) == 4 else "no such rows"
        raise InputError(
            f"Expected a classifier, whose output is a row of numbers for each image. Received: {model.name}, whose "
            f"output has the shape {tuple(output.shape)}, {what}"
        )
    return output


def kind_of(output, name, loss=None):
    """What an output is, as far as the graph tells.

    Args:
        output: A symbolic tensor of shape (batch, classes).
        name: What an error calls the model.
        loss: What the model was compiled with, as Keras takes or writes it, or None.

    Returns:
        A `Kind`; None where the layers do not tell, and only the numbers can: see `check_probabilities`.

    Raises:
        InputError: It is certainly none of them.
    """
    kind, last = _told(output)
    trained = _loss_name(loss)
    if last is None and kind is Kind.LOGITS and trained in _OF_NUMBERS:
        last = f"numbers that were trained by {trained}"
    if last is not None:
        raise InputError(
            "Expected a classifier, which ends in a softmax, in sigmoids or in logits. Received: "
            f"{name}, which ends in {last}"
        )
    if output.shape[-1] == 1 and kind in (Kind.PROBABILITIES, Kind.LOGITS):
        found = "one softmax, which is always 1" if kind is Kind.PROBABILITIES else "one number without bounds"
        raise InputError(
            "Expected a column for each class, or one sigmoid for two classes: put a sigmoid behind the logit of two. "
            f"Received: {name}, which ends in {found}"
        )
    return kind


def _told(output):
    """The kind, or None; and the name of what makes it certain that it is none, or None."""
    rescaled = False
    for operation in graph.backward(output):
        activation, kind = _activation(operation), type(operation).__name__
        linear = activation == "linear" and isinstance(operation, _WITH_KERNELS)
        found = Kind.LOGITS if linear else _KINDS.get(activation)
        if rescaled and found in (Kind.PROBABILITIES, Kind.SCORES):
            return None, f"a {activation} whose numbers are changed afterwards ({rescaled})"
        if found is not None:
            return found, None
        if activation not in (None, "linear"):
            return None, f"layer {operation.name!r} ({activation})"
        if kind in _RESCALED:
            rescaled = rescaled or operation.name
        elif not isinstance(operation, keras.Model) and kind not in _SAME and activation != "linear":
            return None, None
    return None, None


def _activation(operation):
    """What a layer does to each number at last, in a word; None for one that has no such thing, or another's."""
    kind, found = type(operation).__name__, getattr(operation, "activation", None)
    if not isinstance(operation, keras.layers.Layer):
        return _OPERATIONS.get(kind, kind if kind in _OTHERS else None)
    if isinstance(operation, keras.layers.Softmax):
        found = operation
    if isinstance(found, keras.layers.Softmax):
        return "softmax" if found.axis in (-1, 1) else None
    if found is None and isinstance(operation, (*_WITH_KERNELS, keras.layers.Activation)):
        return "linear"
    return kind if kind in _OTHERS else _ACTIVATIONS.get(found)


def _loss_name(loss):
    """A loss's name, that of the main output's, in small letters without underscores."""
    if isinstance(loss, dict) and "class_name" in loss:  # as it is written into a file
        loss = loss["config"] if loss["class_name"] == "function" else loss["class_name"]
    elif isinstance(loss, (dict, list)) and loss:
        return _loss_name(loss[0] if isinstance(loss, list) else next(iter(loss.values())))
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    return name.replace("_", "").lower()


def is_activation(operation):
    """Whether a layer or operation is an activation and nothing more, such as a softmax behind a linear layer.

    Args:
        operation: A layer, or another `keras.Operation`.
    """
    return _activation(operation) not in (None, "linear") and not hasattr(operation, "kernel")


def check_finite(output):
    """Refuses what is not a number.

    Args:
        output: Array of any shape.

    Raises:
        WorkError: It is not finite.
    """
    if not np.isfinite(output).all():
        raise WorkError(
            "The network's output is not a number: its weights are broken, or its precision is too low. Evaluate an "
            "earlier checkpoint, or use precision=float32."
        )


def check_probabilities(output):
    """Refuses what a model says if it cannot be probabilities.

    Args:
        output: Array of any shape; `(images, classes)` is well.

    Raises:
        WorkError: It has another shape, is not finite, or has rows that are not probabilities.
    """
    check_finite(output)
    sums = output.sum(axis=-1)
    if output.ndim != 2 or (output < 0).any() or (abs(sums - 1) > SLACK).any():
        raise WorkError(
            'Expected probabilities, which sum to 1 (`classifier_activation="softmax"`). Received: an output of shape '
            f"{output.shape}, numbers from {output.min():.3g} to {output.max():.3g}, "
            f"rows that sum to {sums.min():.3g} to {sums.max():.3g}"
        )


def check_scores(output):
    """Refuses what a model says if it cannot be scores of 0 to 1, one for each class.

    Args:
        output: Array of shape `(images, classes)`.

    Raises:
        WorkError: It is not finite, or out of range.
    """
    check_finite(output)
    if (output < 0).any() or (output > 1).any():
        raise WorkError(f"Expected scores of 0 to 1. Received: numbers from {output.min():.3g} to {output.max():.3g}")

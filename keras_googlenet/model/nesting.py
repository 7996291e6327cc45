"""A network with heads as a layer of another model, which Keras would let lose its labels and names."""

import keras
from keras import tree

from keras_googlenet.errors import InputError


def check_call(model, inputs):
    """Refuses to put a model with several outputs into the graph of another.

    `keras.Model(x, model(x))` and `Sequential([..., model])` call every output by the model's one name, and take one
    label tensor for one output.

    Args:
        model: A `keras.Model` that is about to be called.
        inputs: What with.

    Raises:
        InputError: The model has several outputs and an input is symbolic.
    """
    if len(model.outputs) > 1 and any(map(keras.backend.is_keras_tensor, tree.flatten(inputs))):
        raise InputError(
            "A network with auxiliary heads cannot be a layer of another model, which knows neither its outputs' names "
            "nor that one label serves them all. Expected it to be built upon the layers that come before it, "
            "`GoogLeNet(input_tensor=x)`, or to be without the heads, `model.inference_model()(x)`. "
            f"Received: a call of {model.name!r}, which has the outputs {model.output_names}, on a Keras tensor"
        )

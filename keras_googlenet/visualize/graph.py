"""Keras models as graphs: which layer made a symbolic tensor and of what, and models within models laid open."""

import keras


def models(model):
    """A model and those among its layers, theirs included.

    Args:
        model: A `keras.Model`.

    Yields:
        Models, the given one first.
    """
    yield model
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from models(layer)


def retrace(model, x, made):
    """Applies a model's layers, and those of the models among them, to a symbolic tensor: none stays a model.

    Args:
        model: A functional or `Sequential` model of one input.
        x: Symbolic tensor.
        made: Dict that is given each layer's output by the layer's name.

    Returns:
        The symbolic tensor of the model's first output.
    """

    def call(layer, *inputs, **options):
        if isinstance(layer, keras.Model):
            return retrace(layer, inputs[0], made)
        made[layer.name] = layer(*inputs, **options)
        return made[layer.name]

    if isinstance(model, keras.Sequential):
        for layer in model.layers:
            x = call(layer, x)
        return x
    # With each layer for its own clone, `clone_model` is a walk through the graph.
    keras.models.clone_model(model, x, clone_function=lambda layer: layer, call_function=call)
    return made[maker(model.outputs[0]).name]


def maker(tensor):
    """The layer that made a symbolic tensor."""
    return tensor._keras_history.operation


def read_by(tensor):
    """What the layer that made a symbolic tensor read."""
    history = tensor._keras_history
    return history.operation._inbound_nodes[history.node_index].input_tensors[0]

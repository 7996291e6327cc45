"""Keras models as graphs: which layer made a symbolic tensor and of what, and models within models laid open."""

import keras

from keras_googlenet.keras_compat.graph import origin


def ends(model, which):
    """A model's symbolic tensors; none of one that is not functional, or not built yet.

    Args:
        model: A `keras.Model`.
        which: `"inputs"` or `"outputs"`.

    Returns:
        A list of symbolic tensors.
    """
    try:
        return list(getattr(model, which))
    except (AttributeError, TypeError):
        return []


def models(model):
    """A model and those among its layers, theirs included.

    Args:
        model: A `keras.Model`.

    Yields:
        Models, the given one first.
    """
    yield model
    yield from (operation for operation in forward(model) if isinstance(operation, keras.Model))


def forward(model):
    """What a model computes, from its input on: its layers and operations, those of the models among them included.

    Args:
        model: A `keras.Model`.

    Yields:
        Layers and other `keras.Operation`s; a model among them before what it is made of.
    """
    for operation in getattr(model, "operations", model.layers):  # a `Sequential` has layers alone
        yield operation
        if isinstance(operation, keras.Model):
            yield from forward(operation)


def backward(tensor):
    """What a symbolic tensor was made by, from the last operation back to the first that reads several tensors.

    Args:
        tensor: Symbolic tensor.

    Yields:
        Layers and other `keras.Operation`s; a model among them before what it is made of, from its end.

    Returns:
        Whether it went back to the input.
    """
    while True:
        operation, read, place = origin(tensor)
        if isinstance(operation, keras.layers.InputLayer):
            return True
        yield operation
        outputs = getattr(operation, "outputs", None) if isinstance(operation, keras.Model) else None
        if outputs and not (yield from backward(outputs[place])):
            return False
        if len(read) != 1:
            return False
        [tensor] = read


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
        traced = retrace(layer, inputs[0], made) if isinstance(layer, keras.Model) else layer(*inputs, **options)
        made[layer.name] = traced
        return traced

    if isinstance(model, keras.Sequential):
        for layer in model.layers:
            x = call(layer, x)
        return x
    # With each layer for its own clone, `clone_model` is a walk through the graph.
    keras.models.clone_model(model, x, clone_function=lambda layer: layer, call_function=call)
    return made[maker(model.outputs[0]).name]


def maker(tensor):
    """The layer that made a symbolic tensor."""
    return origin(tensor).operation


def read_by(tensor):
    """What the layer that made a symbolic tensor read."""
    return origin(tensor).inputs[0]


def crosses(end, start):
    """How what a symbolic tensor is made of goes through another one.

    Args:
        end: Symbolic tensor.
        start: Symbolic tensor that may lie before it.

    Returns:
        `(some, all)`: whether anything of `end` comes through `start`, and whether everything does.
    """
    open_, seen, some, every = [end], set(), False, True
    while open_:
        tensor = open_.pop()
        if tensor is start:
            some = True
        elif id(tensor) not in seen:
            seen.add(id(tensor))
            operation, read, _ = origin(tensor)
            every = every and not isinstance(operation, keras.layers.InputLayer)
            open_ += read
    return some, some and every

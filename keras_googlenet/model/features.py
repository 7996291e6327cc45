"""A network in two parts: what its frozen layers make of images, the features, and what is made of those."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from keras_googlenet.keras_compat.graph import origin


class TakesFeatures:
    """A base class beside `keras.Model`, for a functional model of images that can be fed with features instead."""

    _rest: Any = None  # a function that gives the model of the rest: Keras would take a model for one of the layers

    @contextmanager
    def fed_with_features(self, rest: keras.Model) -> Iterator[None]:
        """Lets the model take the features of images, as well as images, for a while.

        Only what it computes changes: layers, weights and metrics stay the model's, and so does what is saved.

        Args:
            rest: From the features to the outputs, such as the second of `split_at_features`.
        """
        self._rest = lambda: rest
        try:
            yield
        finally:
            self._rest = None

    def __call__(self, inputs, *args, **kwargs):
        """The outputs for a batch of images or of features."""
        rest = self._rest_of(inputs)
        return super().__call__(inputs, *args, **kwargs) if rest is None else rest(inputs, *args, **kwargs)

    def call(self, inputs, training=None, mask=None, **kwargs):
        """The same; the training steps of JAX call this."""
        rest = self._rest_of(inputs)
        return (super().call if rest is None else rest.call)(inputs, training=training, mask=mask, **kwargs)

    def _rest_of(self, inputs):
        """The model of the rest, if these are features."""
        rest = None if self._rest is None else self._rest()
        same = rest is not None and _shapes(keras.tree.flatten(inputs)) == _shapes(rest.inputs)
        return rest if same else None


def split_at_features(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Splits a network where training begins to matter: what comes before is the same whenever it sees the same image.

    The features are read off above everything that is frozen or has no weights, and below the dropout. Of the paper's
    network with a frozen trunk they are the 1024 numbers of the average pool and, where there are auxiliary heads, the
    maps of their average pools.

    Args:
        model: A functional model of one input, whose layers' `trainable` says what is frozen.

    Returns:
        From images to a list of features, and from the features to the model's outputs: two functional models that
        share the model's layers. The second takes a tensor where there is one, else a list of them.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, input_shape=(224, 224, 3), aux_heads=True)
        >>> for layer in model.layers:
        ...     layer.trainable = layer.name.startswith(("predictions", "aux"))
        >>> [feature.shape for feature in split_at_features(model)[0].outputs]
        [(None, 1024), (None, 4, 4, 512), (None, 4, 4, 528)]
    """
    features: dict[int, keras.KerasTensor] = {}
    fixed: dict[int, bool] = {}

    def is_fixed(tensor):
        """Whether it follows from the image alone, all training through. What is read by others is noted on the way."""
        if id(tensor) not in fixed:
            operation, read, _ = origin(tensor)
            below = [is_fixed(part) for part in read]
            fixed[id(tensor)] = all(below) and _is_fixed(operation)
            if not fixed[id(tensor)]:
                features.update({id(part): part for part, steady in zip(read, below, strict=True) if steady})
        return fixed[id(tensor)]

    for output in model.outputs:
        if is_fixed(output):
            features[id(output)] = output
    found = list(features.values())
    taken, made = (some[0] if len(some) == 1 else some for some in (found, model.outputs))
    return keras.Model(model.input, found), keras.Model(taken, made)


def _shapes(tensors):
    return [tuple(tensor.shape[1:]) for tensor in tensors]


def _is_fixed(operation):
    """Whether an operation makes the same of the same input all training through."""
    if isinstance(operation, keras.layers.Dropout):
        return False
    return not getattr(operation, "weights", None) or not operation.trainable

"""A trained model seen as a GoogLeNet: its rows, and the scores of its classes before any softmax."""

import functools

import keras
import numpy as np
from keras import ops

from keras_googlenet.architecture import VARIANTS
from keras_googlenet.errors import InputError
from keras_googlenet.model import graph
from keras_googlenet.model.classifier import Classifier
from keras_googlenet.model.googlenet_model import GoogLeNetModel
from keras_googlenet.model.inputs import image_input
from keras_googlenet.model.outputs import Kind, is_activation
from keras_googlenet.utils.messages import nearest


class Network:
    """The rows and the classifier of a model that is a GoogLeNet or holds one.

    It may be a `GoogLeNetModel`, with auxiliary heads or without, a model built on one's tensors, or a `Sequential` or
    functional model with one among its layers: what matters is that the rows' layers are there by name. The model is
    not changed, and shares its weights.

    Args:
        model: A Keras model of one image tensor, gray or RGB, channels last.

    Attributes:
        model: The model.
        images: What images it takes, an `ImageInput`.
        table: The `Architecture` that its layers were built from, or None where it does not tell.
        rows: Every row's feature maps by the row's name, from the input on, symbolic.

    Raises:
        InputError: There is no GoogLeNet in it.
    """

    def __init__(self, model):
        self.model, self.images = model, image_input(model)
        inner = next((part for part in graph.models(model) if isinstance(part, GoogLeNetModel)), None)
        self.table = getattr(inner, "architecture", None)
        if len(list(graph.models(model))) == 1:
            self._input, self._output = model.inputs[0], model.outputs[0]
            made = {layer.name: layer.output for layer in model.layers}
        else:
            self._input, made = keras.Input(model.input_shape[1:], name="images"), {}
            self._output = graph.retrace(model, self._input, made)
        tables = VARIANTS.values() if self.table is None else [self.table]
        names = {row.layer: row.name for table in tables for row in table.trunk}
        self.rows = {names[name]: output for name, output in made.items() if name in names}
        self._made = made
        if self.images.channels_first:
            raise InputError(f"Expected a model that takes channels last. Received: {model.name}, which has them first")
        if not self.rows:
            raise InputError("Expected a GoogLeNet with the rows of Table 1. Received: another model")

    @property
    def modules(self):
        """Names of the rows that are Inception modules, from the input on."""
        return [name for name, output in self.rows.items() if graph.maker(output).name == f"{name}_output"]

    def row(self, name):
        """A row's name as the model has it.

        Args:
            name: A row's name, or what follows `inception_` in it: `5b`.

        Returns:
            One of `rows`.

        Raises:
            InputError: There is no such row; the message names the nearest.
        """
        for candidate in (name, f"inception_{name}"):
            if candidate in self.rows:
                return candidate
        short = [row.removeprefix("inception_") for row in self.rows]
        raise InputError(
            f"No such layer: {name}.{nearest(name, {*short, *self.rows}, cutoff=0)} "
            f"Expected one of {', '.join(self.rows)}"
        )

    @functools.cached_property
    def classifier(self):
        """The model as a `Classifier`.

        Raises:
            InputError: It is none.
        """
        return Classifier(self.model)

    @property
    def first_convolution(self):
        """The layer that sees the image."""
        return next(layer for layer in map(graph.maker, self._made.values()) if isinstance(layer, keras.layers.Conv2D))

    def predictions(self, image):
        """The model's answer, as `Classifier.predict` has it.

        Args:
            image: RGB in [0, 255], of shape (height, width, 3), of the model's input size.

        Returns:
            float32 array of shape (classes,).
        """
        return self.classifier.predict(np.asarray(image)[None])[0].astype("float32")

    def layer(self, name):
        """A layer by its name, one of a model in the model as well."""
        return graph.maker(self._made[name])

    def check_class(self, index):
        """Refuses what is none of the classes.

        Args:
            index: To be the index of a class.

        Raises:
            InputError: It is not.
        """
        classes = self.classifier.classes
        if not 0 <= index < classes:
            raise InputError(f"Expected the index of a class, 0 to {classes - 1}. Received: {index}")

    def features(self, *names):
        """A model from images to the maps of rows.

        Args:
            *names: Names of rows.

        Returns:
            A `keras.Model` whose outputs are a dict from a name to its maps.
        """
        return keras.Model(self._input, {name: self.rows[name] for name in names})

    def scores(self, name=None):
        """The classes' scores before the softmax, as a function of images or of a row's feature maps.

        Grad-CAM is defined on "the score for class c, before the softmax". A softmax that is sure of itself hardly has
        a gradient left, and the gradient of its logarithm mixes in the other classes: what speaks against them would
        count as speaking for this one. So a logit is what is explained, and maximized: the classifier's kernel and bias
        applied to what it reads. Of one sigmoid for two classes, the score of the first is minus that of the second.

        Args:
            name: A row's name; None means images.

        Returns:
            A function from a float32 tensor to a float32 tensor of shape (batch, classes).

        Raises:
            InputError: The model does not end in a classifier: a dense layer, linear or with a softmax or sigmoid.
        """
        last, start = graph.maker(self._output), self._input if name is None else self.rows[name]
        kind = self.classifier.kind
        if kind is not None and isinstance(last, keras.layers.Dense):
            below, head = graph.read_by(self._output), functools.partial(_linear, layer=last)
        elif kind is not None and is_activation(last):
            below, head = graph.read_by(self._output), _as_it_is
        elif kind is Kind.LOGITS:
            below, head = self._output, _as_it_is
        else:
            raise InputError(
                "Expected a classifier, a dense layer perhaps with a softmax. Received: a model that ends in "
                f"{last.name!r}"
            )
        below = keras.Model(start, below)

        def scores(x):
            found = head(ops.cast(below(x, training=False), "float32"))
            return ops.concatenate([-found, found], axis=-1) if kind is Kind.ONE_OF_TWO else found

        return scores


def _as_it_is(x):
    return x


def _linear(x, layer):
    x = ops.matmul(x, ops.cast(layer.kernel, "float32"))
    return x if layer.bias is None else x + ops.cast(layer.bias, "float32")

"""A trained model as a GoogLeNet: its rows, and the scores of its classes before any softmax."""

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_googlenet.architecture import VARIANTS
from keras_googlenet.architecture.names import split
from keras_googlenet.errors import InputError
from keras_googlenet.model import graph
from keras_googlenet.model.classifier import Classifier
from keras_googlenet.model.endpoints import Endpoints
from keras_googlenet.model.googlenet_model import GoogLeNetModel
from keras_googlenet.model.inputs import image_input
from keras_googlenet.model.outputs import Kind, is_activation

CLASS_SCORES = "the class scores"
"""What `Network.features` calls the classifier's output before its softmax, whatever layer computes it."""


class Network:
    """The rows and the classifier of a model that is a GoogLeNet or holds one.

    It may be a `GoogLeNetModel`, with auxiliary heads or without, a model built on its tensors, or a `Sequential` or
    functional model with one among its layers. It is known by the names of the rows' layers. The model is not changed,
    and shares its weights.

    Args:
        model: A Keras model of one image tensor, gray or RGB, channels last.
        compiled: Whether maps are computed by a compiled function: for a network that is asked again and again.

    Attributes:
        model: The model.
        images: What images it takes, an `ImageInput`.
        table: The `Architecture` that its layers were built from, or None if that is not known.
        endpoints: The outputs of its rows and layers, by all their names: see `model.endpoints.Endpoints`.

    Raises:
        InputError: There is no GoogLeNet in it.
    """

    def __init__(self, model: keras.Model, compiled: bool = False) -> None:
        self.model, self.images, self._compiled = model, image_input(model), compiled
        self._features, self._part = functools.cache(self.features), functools.cache(self._build)
        inner = next((part for part in graph.models(model) if isinstance(part, GoogLeNetModel)), None)
        self.table = getattr(inner, "architecture", None)
        if len(list(graph.models(model))) == 1:
            self._input, self._output = model.inputs[0], model.outputs[0]
            self._made = {layer.name: layer.output for layer in model.layers}
        else:
            self._input, self._made = keras.Input(model.input_shape[1:], name="images"), {}
            self._output = graph.retrace(model, self._input, self._made)
        tables = VARIANTS.values() if self.table is None else [self.table]
        rows = {row.layer: row for table in tables for row in table.rows}  # of an unknown one, those that are there
        self.endpoints = Endpoints([rows[layer] for layer in self._made if layer in rows], self._made)
        if self.images.channels_first:
            raise InputError(f"Expected a model that takes channels last. Received: {model.name}, which has them first")
        if not self._mapped:
            raise InputError("Expected a GoogLeNet with the rows of Table 1. Received: another model")

    @functools.cached_property
    def _scored(self):
        return self.scores()(self._input)

    @property
    def modules(self) -> list[str]:
        """Names of the Inception modules, from the input on."""
        return [name for name in self._mapped if graph.maker(self.endpoints[name]).name == f"{name}_output"]

    @property
    def _mapped(self):
        """Names of the rows below the average pool."""
        return [name for name, output in self.endpoints.items() if len(output.shape) == 4]

    def endpoint(self, name: str) -> str:
        """This package's name of what computes maps.

        Args:
            name: `inception_4b_3x3_reduce`, or as the paper, Caffe or Google's graph has it; `_pre_relu` may follow.

        Returns:
            A name that `endpoints` has.

        Raises:
            InputError: There is no such layer, or it gives no maps. The message names the nearest.
        """
        own = self.endpoints.name(name)
        if len(self.endpoints[own].shape) != 4:
            raise InputError(f"Expected a layer that makes maps. Received: {name}, which makes a vector")
        return own

    @functools.cached_property
    def classifier(self) -> Classifier:
        """The model as a `Classifier`; an `InputError` if it is none."""
        return Classifier(self.model)

    @property
    def first_convolution(self) -> keras.layers.Conv2D:
        """The layer that sees the image."""
        return next(layer for layer in map(graph.maker, self._made.values()) if isinstance(layer, keras.layers.Conv2D))

    def predictions(self, image: np.ndarray) -> np.ndarray:
        """The classes' probabilities for one image, as `Classifier.predict` has them.

        Args:
            image: RGB in [0, 255], of shape (height, width, 3), of the model's input size.

        Returns:
            float32 array of shape (classes,).
        """
        return self.classifier.predict(np.asarray(image)[None])[0].astype("float32")

    def layer(self, name: str) -> keras.layers.Layer:
        """A layer by its name, also one of a model in the model."""
        return graph.maker(self._made[name])

    def check_class(self, index: int) -> None:
        """Raises an `InputError` unless there is a class of this index."""
        classes = self.classifier.classes
        if not 0 <= index < classes:
            raise InputError(f"Expected the index of a class, 0 to {classes - 1}. Received: {index}")

    def output_name(self, name: str) -> str:
        """This package's name of what `features` can give: maps or not, also the class scores.

        Raises:
            InputError: There is no such layer, or no classifier. The message names the nearest.
        """
        if name != CLASS_SCORES:
            return self.endpoints.name(name)
        self._scored  # noqa: B018
        return name

    def features(self, *names: str) -> keras.Model:
        """A model from images to the maps, or vectors, of endpoints.

        Args:
            *names: Names of endpoints, or `CLASS_SCORES`.

        Returns:
            A `keras.Model` whose outputs are a dict from a name to its maps.
        """
        outputs = {name: self._scored if name == CLASS_SCORES else self.endpoints[name] for name in names}
        return keras.Model(self._input, outputs)

    def maps(self, name: str, images: np.ndarray) -> np.ndarray:
        """The maps of a row.

        Args:
            name: The row's name.
            images: RGB in [0, 255], of shape (images, height, width, 3), of the model's input size.

        Returns:
            float32 array of shape (images, rows, columns, maps).
        """
        inputs, features = self.images.preprocess(np.asarray(images)), self._features(name)
        found = features.predict_on_batch(inputs) if self._compiled else features(inputs, training=False)
        return ops.convert_to_numpy(ops.cast(found[name], "float32"))

    def scores(self, name: str | None = None, images: Any = None) -> Callable[[Any], Any]:
        """The classes' scores before the softmax, as a function of images or of an endpoint's feature maps.

        Grad-CAM is defined on "the score for class c, before the softmax". The gradient of a saturated softmax is close
        to 0. That of its logarithm mixes in the other classes: evidence against them would count as evidence for this
        one. So the logit is explained and maximized: the classifier's kernel and bias applied to the features below it.
        Of one sigmoid for two classes, the score of the first is minus that of the second.

        Args:
            name: An endpoint's name; None means images.
            images: What the network is given, as in `onward`.

        Returns:
            A function from a float32 tensor to a float32 tensor of shape (batch, classes).

        Raises:
            InputError: The model does not end in a classifier: a dense layer, linear or with a softmax or sigmoid. Or
                its scores do not depend on the endpoint.
        """
        last, kind = graph.maker(self._output), self.classifier.kind
        dense, features = isinstance(last, keras.layers.Dense), self.onward(name, None, images)

        def scores(x):
            found = ops.cast(features(x), "float32")
            if dense:
                found = ops.matmul(found, ops.cast(last.kernel, "float32"))
                found = found if last.bias is None else found + ops.cast(last.bias, "float32")
            return ops.concatenate([-found, found], axis=-1) if kind is Kind.ONE_OF_TWO else found

        return scores

    def onward(self, name: str | None, end: str | None, images: Any = None) -> Callable[[Any], Any]:
        """What is computed of an endpoint's maps, as a function of these.

        Args:
            name: An endpoint's name; None means images.
            end: Name of a later endpoint; None means what the classifier's last layer reads.
            images: What the network is given, a tensor of shape (images, height, width, channels): for an endpoint
                inside an Inception module. There the other branches are computed from the images.

        Returns:
            A function from a float32 tensor to a tensor.

        Raises:
            InputError: The end does not depend on the endpoint. Or there is no classifier.
        """
        name, before = ("", "") if name is None else split(name)
        model, alone = self._part(name, end)
        if not alone and images is None:
            raise InputError(f"{name} is one of several branches. Expected the images, too. Received: none")

        def onward(x):
            x = ops.relu(x) if before else x
            return model(x if alone else [images, x], training=False)

        return onward

    def _build(self, name, end):
        """A model from an endpoint to another, and whether it needs no images beside."""
        last, kind = graph.maker(self._output), self.classifier.kind if end is None else None
        if end is not None:
            target = self.endpoints[end]
        elif kind is not None and (isinstance(last, keras.layers.Dense) or is_activation(last)):
            target = graph.read_by(self._output)
        elif kind is Kind.LOGITS:
            target = self._output
        else:
            raise InputError(
                "Expected a classifier, a dense layer perhaps with a softmax. Received: a model that ends in "
                f"{last.name!r}"
            )
        start = self.endpoints[name] if name else self._input
        some, every = (True, True) if not name else graph.crosses(target, start)
        if not some:
            raise InputError(
                f"Expected a layer on the way to {end or 'the classes'}. Received: {name}, on which they do not depend"
            )
        return keras.Model(start if every else [self._input, start], target), every

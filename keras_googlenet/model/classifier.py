"""A model as a classifier of photos: what it takes and what it gives, in one place for all that use a loaded model."""

import functools

import keras
import numpy as np
from keras import ops

from keras_googlenet.imagenet import WIDTHS, class_names
from keras_googlenet.model import graph
from keras_googlenet.model.googlenet_model import GoogLeNetModel
from keras_googlenet.model.inputs import image_input
from keras_googlenet.model.outputs import Kind, check_probabilities, check_scores, kind_of, main_output

IMAGENET = WIDTHS
"""Numbers of classes of a model that is taken for one of ImageNet where it does not name them."""

_NOTES = {
    Kind.LOGITS: "its last layer gives logits, so probabilities are their softmax",
    Kind.SCORES: "it ends in a sigmoid, so the scores of the classes are independent and need not sum to 1",
    Kind.ONE_OF_TWO: "it ends in one sigmoid, which is taken for the probability of class 1 of two",
    None: "its last layers do not tell what its output is, so only the numbers are checked to be probabilities",
}


class Classifier:
    """A model that is asked about photos, whatever it takes and ends in.

    Images are RGB, 0-255, of the model's size; the classifier makes them gray, subtracts the mean or leaves them, and
    puts channels first, as the model takes them (see `image_input`). Logits get their softmax. Sigmoids are independent
    scores; one alone is the probability of the second of two classes.

    Args:
        model: A `GoogLeNetModel`, or any functional or `Sequential` Keras model of images. It is not changed.
        loss: What it was compiled with, as `loss_of` finds it in a file; None means what it is compiled with now. A
            loss of regression tells that it does not classify.

    Attributes:
        model: The same with one output, the main one, weights shared.
        images: What it takes, an `ImageInput`.
        kind: What it ends in, a `Kind`; None where only the numbers tell.
        classes: How many classes it tells apart.
        notes: Sentences on what is assumed of it, and on what its answers are where they are not its own
            probabilities.

    Raises:
        InputError: It does not take images, or is no classifier.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(48, 96, 3), classifier_activation=None)
        >>> classifier = Classifier(model)
        >>> classifier.images.size, classifier.notes
        ((48, 96), ('its last layer gives logits, so probabilities are their softmax',))
        >>> classifier.predict(np.zeros((1, 48, 96, 3), "uint8")).sum().round(3)
        np.float32(1.0)
    """

    def __init__(self, model, loss=None):
        self.images = image_input(model)
        output = main_output(model)
        self.kind = kind_of(output, model.name, getattr(model, "loss", None) if loss is None else loss)
        self._names = _own_names(model, output)
        self.classes = output.shape[-1]
        if self.kind is Kind.SCORES and self.classes == 1 and self._names is None:
            self.kind, self.classes = Kind.ONE_OF_TWO, 2
        if not isinstance(model, GoogLeNetModel) or output is not model.outputs[0]:
            self.model = keras.Model(model.inputs[0], output, name=model.name)
        else:
            self.model = model if len(model.outputs) == 1 else model.inference_model()
        notes = (self.images.assumed, None if self.kind is Kind.PROBABILITIES else _NOTES[self.kind])
        self.notes = tuple(note for note in notes if note)

    @property
    def independent(self):
        """Whether answers are scores of each class by itself, rather than probabilities that sum to 1."""
        return self.kind is Kind.SCORES

    @property
    def named(self):
        """Whether the model names its classes itself."""
        return self._names is not None

    @property
    def output_name(self):
        """What artifacts call the answers: `probabilities`, or `scores` where they are `independent`."""
        return "scores" if self.independent else "probabilities"

    @functools.cached_property
    def served(self):
        """A model from what `model` takes to what `predict` answers: as it is exported."""
        output = self.model.outputs[0]
        if self.kind is Kind.LOGITS:
            output = keras.layers.Softmax(dtype="float32", name="softmax_of_logits")(output)
        elif self.kind is Kind.ONE_OF_TWO:
            output = ops.concatenate([1 - output, output], axis=-1)
        else:
            return self.model
        return keras.Model(self.model.inputs[0], output, name=self.model.name)

    def names(self, class_index=None):
        """What each class is called.

        Args:
            class_index: Path of an `imagenet_class_index.json`, or None for Keras's; for a model of ImageNet's classes
                that does not name them itself.

        Returns:
            A list of `(key, name)` pairs; of a model that does not name its classes, by their numbers.

        Raises:
            ValueError: The file is no class index.
            OSError: It cannot be read or downloaded.
        """
        if self._names is not None:
            return [(name, name) for name in self._names]
        if self.classes in IMAGENET:
            return class_names(self.classes, class_index)
        return self.numbers()

    def numbers(self):
        """The classes by their numbers, `(key, name)` pairs: for a model of ImageNet where no names can be had."""
        return [(str(i), f"class {i}") for i in range(self.classes)]

    def predict(self, images):
        """Classifies images.

        Args:
            images: RGB in [0, 255], of shape (images, height, width, 3), of the model's size.

        Returns:
            float array of shape (images, classes): probabilities, or scores where they are `independent`.

        Raises:
            WorkError: The model's output is not a number, or neither of these.
        """
        output = self.served.predict_on_batch(self.images.preprocess(np.asarray(images)))
        (check_scores if self.independent else check_probabilities)(output)
        return output


def _own_names(model, output):
    """The names that the model, or the network in it that makes the output, knows its classes by."""
    parts = [model]
    for operation in graph.backward(output):
        parts.append(operation)
        if hasattr(operation, "kernel"):
            break
    found = (part.class_names for part in parts if getattr(part, "class_names", None) is not None)
    return next((names for names in found if len(names) == output.shape[-1]), None)

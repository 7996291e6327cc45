"""The classifier that KerasHub puts upon a backbone."""

from pathlib import Path
from typing import Any

import keras
import keras_hub

from keras_googlenet.architecture import Dropout
from keras_googlenet.hub.backbone import GoogLeNetBackbone, GoogLeNetImageConverter
from keras_googlenet.model.googlenet import GoogLeNet


@keras.saving.register_keras_serializable(package="keras_googlenet")
class GoogLeNetImageClassifierPreprocessor(keras_hub.models.ImageClassifierPreprocessor):
    """Converts the images of a classifier by a `GoogLeNetImageConverter`; labels and sample weights stay as they are.

    Its arguments are those of `keras_hub.models.ImageClassifierPreprocessor`.
    """

    backbone_cls = GoogLeNetBackbone
    image_converter_cls = GoogLeNetImageConverter


@keras.saving.register_keras_serializable(package="keras_googlenet")
class GoogLeNetImageClassifier(keras_hub.models.ImageClassifier):
    """KerasHub's classifier on this backbone: average pool, dropout, one linear layer.

    Arguments and methods are those of `keras_hub.models.ImageClassifier`: a `GoogLeNetBackbone`, the number of classes,
    and a `GoogLeNetImageClassifierPreprocessor` or None for images that are converted already. Its `from_preset`
    returns one of these if the folder holds one. `from_weights` makes one of a trained network.

    Example:
        >>> from keras_googlenet.hub import GoogLeNetBackbone, GoogLeNetImageClassifier
        >>> classifier = GoogLeNetImageClassifier(GoogLeNetBackbone(), num_classes=2)
        >>> classifier.output_shape
        (None, 2)
    """

    backbone_cls = GoogLeNetBackbone
    preprocessor_cls = GoogLeNetImageClassifierPreprocessor

    @classmethod
    def from_weights(
        cls,
        weights: str | Path = "imagenet",
        num_classes: int = 1000,
        image_size: tuple[int, int] | None = (224, 224),
        activation: str | None = "softmax",
        **kwargs: Any,
    ) -> "GoogLeNetImageClassifier":
        """A classifier that answers as `GoogLeNet(weights=weights)` does, from RGB images in 0..255.

        Args:
            weights: What `GoogLeNet` takes: a name such as `"imagenet"`, or a file.
            num_classes: Number of classes that the weights were trained for.
            image_size: `(height, width)` that images are resized to, their sides cropped alike; None for no resizing.
            activation: `"softmax"` for probabilities, None for logits.
            **kwargs: As in `keras_hub.models.ImageClassifier`. The dropout is the table's unless given.

        Returns:
            A `GoogLeNetImageClassifier` with a preprocessor.

        Raises:
            ValueError: The weights do not fit.
        """
        model = GoogLeNet(weights=weights, classes=num_classes, classifier_activation=activation, aux_heads=False)
        backbone = GoogLeNetBackbone(model.architecture)
        rates = [row.rate for row in backbone.variant.top if isinstance(row, Dropout)]
        kwargs.setdefault("dropout", rates[0] if rates else 0.0)
        kwargs.setdefault("preprocessor", cls.preprocessor_cls(GoogLeNetImageConverter(image_size)))
        classifier = cls(backbone, num_classes, activation=activation, **kwargs)
        for layer in (layer for layer in backbone.layers if layer.weights):
            layer.set_weights(model.get_layer(layer.name).get_weights())
        classifier.output_dense.set_weights(model.get_layer(backbone.variant.classifier).get_weights())
        return classifier

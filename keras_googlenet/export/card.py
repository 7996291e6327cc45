"""The model card that goes with an artifact: what whoever runs it must know, and can know without this package."""

from typing import Any

import keras

from keras_googlenet.export.served_model import ServedModel
from keras_googlenet.imagenet import MEAN_GRAY, MEAN_RGB
from keras_googlenet.model import graph
from keras_googlenet.model.googlenet_model import GoogLeNetModel
from keras_googlenet.model.inputs import FIRST
from keras_googlenet.model.outputs import Kind

_ANSWERS = {
    Kind.PROBABILITIES: "probabilities, which sum to 1",
    Kind.LOGITS: "probabilities, which sum to 1: the softmax, which this artifact computes, of the model's logits",
    Kind.SCORES: "scores of 0 to 1, independent of each other: a sigmoid for each class",
    Kind.ONE_OF_TWO: "probabilities, which sum to 1: the model's one sigmoid is that of the second class",
    None: "probabilities, which sum to 1: the model's numbers are such, its layers do not tell",
}


def card(
    served: ServedModel, source: str | None = None, license: str | None = None, accuracy: dict | None = None
) -> dict[str, Any]:
    """What a model is, for JSON.

    Args:
        served: A classifier, as it is exported.
        source: Where its weights come from, in words.
        license: Their terms of use.
        accuracy: What is known of it.
    """
    classifier = served.classifier
    return {
        "network": _network(classifier.model),
        "input": _input(classifier.images),
        "output": {
            "name": served.output,
            "shape": [None, len(served.labels)],
            "order": "that of `labels`",
            "meaning": _ANSWERS[classifier.kind],
        },
        "labels": list(served.labels),
        "precision": "int8" if served.int8 else served.precision,
        "weights": source,
        "licence": license,
        "accuracy": accuracy,
        "parameters": classifier.model.count_params(),
        "made_by": f"Keras {keras.__version__}",
    }


def _network(model):
    """What it is called; what is none of this package's, by its own name."""
    inner = next((part for part in graph.models(model) if isinstance(part, GoogLeNetModel)), None)
    if inner is not None and inner.architecture is not None:
        return f"GoogLeNet, {inner.architecture.name}"
    return "GoogLeNet" if any(one.name == FIRST for one in graph.forward(model)) else model.name


def _input(images):
    height, width = images.size
    gray, square = images.channels == 1, height == width
    mean = [MEAN_GRAY] if gray else list(MEAN_RGB)
    shape = [images.channels, height, width] if images.channels_first else [height, width, images.channels]
    part = "square" if square else f"part of the proportions {height}x{width}, height x width, as large as can be"
    return {
        "name": "images",
        "shape": [None, *shape],
        "layout": "NCHW" if images.channels_first else "NHWC",
        "colours": "grey" if gray else "RGB",
        "range": "0-255, as floating-point numbers",
        "subtract": [0.0] * images.channels if images.included else mean,
        "preprocessing": "inside the model: images are given as read from a file" if images.included else "subtract",
        "assumed": images.assumed,
        "view": f"the central {part}, resized by Pillow's bilinear, which smooths what it shrinks"
        + (", then made gray as Pillow's convert('L') does" if gray else ""),
    }

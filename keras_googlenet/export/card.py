"""The model card that goes with an artefact: what whoever runs it must know, and can know without this package."""

import keras

from keras_googlenet.imagenet import MEAN_RGB

PREPROCESSING = {
    "colours": "RGB",
    "range": "0-255, as floating-point numbers",
    "subtract": list(MEAN_RGB),
    "view": "the central square, resized by Pillow's bilinear, which smooths what it shrinks",
}


def card(model, labels, *, source=None, licence=None, accuracy=None, precision="float32"):
    """What a model is, for JSON.

    Args:
        model: The model that is shipped, with one output.
        labels: A name for each of its classes, in their order.
        source: Where its weights come from, in words.
        licence: Their terms of use.
        accuracy: A dict of what is known of it.
        precision: What the artefact computes in, `float32` or `int8`.

    Returns:
        A dict.
    """
    height, width = model.input_shape[1:3]
    table = getattr(model, "architecture", None)
    return {
        "network": "GoogLeNet" if table is None else f"GoogLeNet, {table.name}",
        "input": {"name": "images", "shape": [None, height, width, 3], "layout": "NHWC", **PREPROCESSING},
        "output": {"name": "probabilities", "shape": [None, len(labels)], "order": "that of `labels`"},
        "labels": list(labels),
        "precision": precision,
        "weights": source,
        "licence": licence,
        "accuracy": accuracy,
        "parameters": model.count_params(),
        "made_by": f"Keras {keras.__version__}",
    }

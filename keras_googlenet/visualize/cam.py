"""Grad-CAM (Selvaraju et al., 2017): where in an image the network sees a class.

The last Inception module's maps are 7x7 at 224 pixels. Each is weighted by the mean gradient of the class's score with
respect to it. The positive part of their sum is the heat. Below the global average pool and the linear layer this
gradient is known (CAM, Zhou et al., 2016): the classifier's kernel for the map, divided by the area of the map.
"""

import functools
from collections.abc import Sequence

import keras
import numpy as np
from keras import ops
from matplotlib import colormaps

from keras_googlenet.errors import InputError
from keras_googlenet.visualize.gradients import value_and_gradient
from keras_googlenet.visualize.network import Network
from keras_googlenet.visualize.receptive import centers

PLACES = 3
"""The fewest rows and columns of maps that are explained by default: of 48 pixels, module 5b has a single one."""

STRENGTH = 0.6
"""Opacity of the hottest place."""


def grad_cam(
    model: keras.Model | Network, images: np.ndarray, classes: Sequence[int], layer: str | None = None
) -> np.ndarray:
    """The heat of a class in each image.

    Args:
        model: A classifier that is a GoogLeNet or holds one; or the `Network` of one.
        images: RGB in [0, 255], of shape (images, height, width, 3), of the model's input size.
        classes: The index of a class for each image.
        layer: Name of the row whose maps are weighted, such as `inception_4c` or `4c`. None means the last Inception
            module whose maps have at least 3 rows and columns.

    Returns:
        float32 array of shape (images, height, width), not negative. Between the centers of the row's receptive fields
        it is interpolated linearly. Its unit is that of the score before the softmax, so that heats of one image and
        layer can be compared. It is 0 everywhere if nothing speaks for the class.

    Raises:
        InputError: There is no such layer or class, or the model is no such classifier.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(64, 64, 3))
        >>> grad_cam(model, np.zeros((1, 64, 64, 3)), [0]).shape
        (1, 64, 64)

    Reference:
        [Grad-CAM](https://arxiv.org/abs/1610.02391), equations 1 and 2.
    """
    network = model if isinstance(model, Network) else Network(model)
    layer = default_layer(network) if layer is None else network.endpoint(layer)
    heats = layer_heat(network, images, classes, layer)
    for axis, side in enumerate(np.shape(images)[1:3], start=1):
        at = centers(network.table, layer, side)(heats.shape[axis])
        heats = np.apply_along_axis(functools.partial(np.interp, np.arange(side), at), axis, heats)
    return heats.astype("float32")


def default_layer(network):
    """The last Inception module whose maps have at least `PLACES` rows and columns.

    Args:
        network: A `visualize.Network`.

    Returns:
        Name of a row.
    """
    sizes = {name: network.endpoints[name].shape[1:3] for name in network.modules}
    large = [name for name, size in sizes.items() if all(side is None or side >= PLACES for side in size)]
    return large[-1] if large else network.modules[0]


def layer_heat(network, images, classes, layer):
    """The heat of a class in each image, where a row has it.

    Args:
        network: A `visualize.Network` of a classifier.
        images: As in `grad_cam`.
        classes: Likewise.
        layer: One of the network's rows.

    Returns:
        float32 array of shape (images, rows, columns), the size of the row's maps.

    Raises:
        InputError: There is no such class, or the model is no classifier.
    """
    if len(classes) != len(images):
        raise InputError(f"Expected a class for each of {len(images)} images. Received: {len(classes)}")
    for index in classes:
        network.check_class(index)
    scores, maps = network.scores(layer), network.maps(layer, images)

    def of_classes(x):
        return sum(row[index] for row, index in zip(ops.unstack(scores(x), len(images)), classes, strict=True))

    _, gradient = value_and_gradient(of_classes, maps)
    weights = gradient.mean(axis=(1, 2), keepdims=True)
    return np.maximum((weights * maps).sum(-1), 0)


def overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """An image under its heat, from transparent blue to opaque red.

    Args:
        image: uint8 RGB array of shape (height, width, 3).
        heat: Array of shape (height, width), not negative; its maximum is the hottest color.

    Returns:
        uint8 RGB array of the image's shape.

    Example:
        >>> int(overlay(np.zeros((4, 4, 3), "uint8"), np.zeros((4, 4))).max())
        0
    """
    heat = np.asarray(heat, "float32") / (np.max(heat) or 1)
    colors = 255 * colormaps["turbo"](heat)[..., :3]
    part = STRENGTH * np.minimum(1, 2 * heat)[..., None]
    return np.rint((1 - part) * image + part * colors).astype("uint8")

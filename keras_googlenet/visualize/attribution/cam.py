"""Grad-CAM (Selvaraju et al., 2017): where in an image the network sees a class.

The last Inception module's maps are 7x7 at 224 pixels. Each is weighted by the mean gradient of the class's score with
respect to it. The positive part of their sum is the heat. Below the global average pool and the linear layer this
gradient is known (CAM, Zhou et al., 2016): the classifier's kernel for the map, divided by the area of the map.
"""

from collections.abc import Sequence

import keras
import numpy as np
from matplotlib import colormaps

from keras_googlenet.visualize.attribution.targets import checked, maps_and_gradients
from keras_googlenet.visualize.network import Network
from keras_googlenet.visualize.receptive import centers

PLACES = 3
"""The fewest rows and columns of maps that are explained by default: of 48 pixels, module 5b has a single one."""

STRENGTH = 0.6
"""Opacity of the hottest place."""

RED, BLUE = np.array([203, 26, 30], "float32"), np.array([26, 74, 203], "float32")
"""For a class, and against it."""

FADED = 0.5
"""How much of the image is left behind a signed attribution: the rest is white."""


def grad_cam(
    model: keras.Model | Network, images: np.ndarray, classes: Sequence[int], layer: str | None = None
) -> np.ndarray:
    """The heat of a class in each image.

    Args:
        model: A classifier that is a GoogLeNet or holds one; or the `Network` of one.
        images: RGB in [0, 255], of shape (images, height, width, 3), of the model's input size.
        classes: The index of a class for each image.
        layer: Name of the layer whose maps are weighted, such as `inception_4c`, `4c` or `mixed4c_3x3`. None means the
            last Inception module whose maps have at least 3 rows and columns.

    Returns:
        float32 array of shape (images, height, width), not negative. Between the centers of the layer's receptive
        fields it is interpolated linearly. Its unit is that of the score before the softmax, so that heats of one image
        and layer can be compared. It is 0 everywhere if nothing speaks for the class.

    Raises:
        InputError: There is no such layer or class, the images are of another kind or size, or the model is no such
            classifier.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(64, 64, 3))
        >>> grad_cam(model, np.zeros((1, 64, 64, 3)), [0]).shape
        (1, 64, 64)

    Reference:
        [Grad-CAM](https://arxiv.org/abs/1610.02391), equations 1 and 2.
    """
    network, pixels, indices = checked(model, images, classes)
    layer = default_layer(network) if layer is None else network.endpoint(layer)
    return enlarged(network, layer, layer_heat(network, pixels, indices, layer), pixels.shape[1:3])


def enlarged(network, layer, heats, size):
    """Heats of a layer at the size of the images, interpolated between the centers of its receptive fields.

    Args:
        network: A `visualize.Network`.
        layer: Name of an endpoint that makes maps.
        heats: Array of shape (heats, rows, columns).
        size: `(height, width)` of the images.

    Returns:
        float32 array of shape (heats, height, width).
    """
    for axis, side in enumerate(size, start=1):
        at = centers(network.table, layer, side)(heats.shape[axis])
        places = np.clip(np.interp(np.arange(side), at, np.arange(len(at))), 0, len(at) - 1)
        low = np.minimum(places.astype(int), max(len(at) - 2, 0))
        part = (places - low).reshape([-1 if i == axis else 1 for i in range(3)])
        high = np.minimum(low + 1, len(at) - 1)
        heats = np.take(heats, low, axis) * (1 - part) + np.take(heats, high, axis) * part
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
        layer: Name of an endpoint that makes maps.

    Returns:
        float32 array of shape (images, rows, columns), the size of the row's maps.

    Raises:
        InputError: The model is no classifier, or its scores do not depend on the layer.
    """
    heats = []
    for maps, gradient in maps_and_gradients(network, images, classes, layer):
        heats.append(np.maximum((gradient.mean(axis=(0, 1)) * maps).sum(-1), 0))
    return np.stack(heats)


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


def signed_overlay(image: np.ndarray, attribution: np.ndarray) -> np.ndarray:
    """An image in gray under what speaks for a class, red, and against it, blue.

    Args:
        image: uint8 RGB array of shape (height, width, 3).
        attribution: Array of shape (height, width), of both signs. What is beyond its 99.5th percentile is drawn as
            that: single pixels are often far above all others.

    Returns:
        uint8 RGB array of the image's shape.

    Example:
        >>> signed_overlay(np.zeros((4, 4, 3), "uint8"), np.full((4, 4), -1.0))[0, 0].tolist()
        [26, 74, 203]
    """
    attribution = np.asarray(attribution, "float32")
    strength = np.clip(attribution / (np.percentile(np.abs(attribution), 99.5) or 1), -1, 1)
    colors = np.where(strength[..., None] > 0, RED, BLUE)
    gray = FADED * (np.asarray(image) @ np.array([0.299, 0.587, 0.114])) + 255 * (1 - FADED)
    part = np.abs(strength)[..., None]
    return np.rint((1 - part) * gray[..., None] + part * colors).astype("uint8")

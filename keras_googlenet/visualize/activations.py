"""What the rows of the network make of an image: their maps, the most active of them on a contact sheet."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops
from matplotlib import colormaps

from keras_googlenet.visualize.network import Network
from keras_googlenet.visualize.sheet import sheet

SHOWN = 8
"""Maps of a module on the sheet."""

SIDE = 96
"""Pixels a side of a map on the sheet."""


def activation_maps(
    model: keras.Model, image: np.ndarray, layers: Sequence[str] | None = None
) -> dict[str, np.ndarray]:
    """The maps of an image, after their ReLU.

    Args:
        model: A model that is a GoogLeNet or holds one.
        image: RGB in [0, 255], of shape (height, width, 3), of the model's input size.
        layers: Names of rows; None means every Inception module.

    Returns:
        A dict from a row's name to a float32 array of shape (rows, columns, channels).

    Raises:
        InputError: There is no such row.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(64, 64, 3))
        >>> activation_maps(model, np.zeros((64, 64, 3)), ["5b"])["inception_5b"].shape
        (2, 2, 1024)
    """
    network = Network(model)
    names = network.modules if layers is None else [network.endpoint(name) for name in layers]
    maps = network.features(*names)(network.images.preprocess(np.asarray(image)[None]), training=False)
    return {name: ops.convert_to_numpy(ops.cast(maps[name], "float32"))[0] for name in names}


def activation_sheet(model: keras.Model, image: np.ndarray, title: str) -> np.ndarray:
    """The most active maps of every Inception module, each scaled by its own largest value.

    The most active are those with the largest values.

    Args:
        model: As in `activation_maps`.
        image: uint8 RGB array of shape (height, width, 3), of the model's input size.
        title: Text above the sheet.

    Returns:
        uint8 RGB array.
    """
    rows = [("input\n" + "x".join(map(str, image.shape)), [(image, "")])]
    for name, maps in activation_maps(model, image).items():
        largest = maps.max(axis=(0, 1))
        best = np.argsort(-largest, kind="stable")[:SHOWN]
        label = f"{name.removeprefix('inception_')}\n" + "x".join(map(str, maps.shape))
        rows.append((label, [(_picture(maps[..., i]), f"{i}: {largest[i]:.0f}") for i in best]))
    note = (
        f"The {SHOWN} most active maps of each Inception module: its channel, and its largest value, drawn brightest."
    )
    return sheet(title, rows, side=SIDE, note=note)


def _picture(values):
    return np.rint(255 * colormaps["inferno"](values / (values.max() or 1))[..., :3]).astype("uint8")

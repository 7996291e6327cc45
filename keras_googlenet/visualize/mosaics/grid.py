"""What each place of a layer sees in an image, drawn there: an activation grid.

The vector of all channels at a place is a direction. A picture that makes the layer point that way shows what the
place stands for, whichever channels it is made of (Olah et al., 2018, "The Building Blocks of Interpretability").
"""

import keras
import numpy as np

from keras_googlenet.errors import InputError
from keras_googlenet.visualize.attribution.targets import of_model_size
from keras_googlenet.visualize.mosaics.icons import BATCH, SIDE, STEPS, icons
from keras_googlenet.visualize.mosaics.mosaic import mosaic
from keras_googlenet.visualize.network import Network

CELLS = 16
"""Most rows and columns of a grid."""


def activation_grid(
    model: keras.Model | Network,
    image: np.ndarray,
    layer: str,
    *,
    cells: int = CELLS,
    side: int = SIDE,
    steps: int = STEPS,
    batch_size: int = BATCH,
    seed: int = 0,
    verbose: int = 0,
) -> np.ndarray:
    """Draws what each place of a layer sees in an image.

    Args:
        model: A model that is a GoogLeNet or holds one; or the `Network` of one.
        image: RGB in [0, 255], of shape (height, width, 3), of the model's input size.
        layer: A layer that makes maps, by any of its names (see `GoogLeNetModel.endpoints`).
        cells: Most rows and columns. Where the layer has more, a cell is the mean of neighboring places.
        side: Of a cell, pixels.
        steps: Steps of gradient ascent.
        batch_size: Cells that are drawn at a time.
        seed: Of the ascent.
        verbose: As in Keras: 1 for a progress bar.

    Returns:
        uint8 RGB array: cells of `side` pixels with 2 pixels of white between them. A picture is the larger the longer
        its vector: its side goes from half a cell's to the whole for the longest. Of a vector of zeros there is none.

    Raises:
        InputError: There is no such layer, the image is not RGB of 0 to 255 and the model's size, or the model has no
            gradients.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(64, 64, 3))
        >>> activation_grid(model, np.ones((64, 64, 3)), "conv2", cells=2, side=32, steps=1).shape
        (70, 70, 3)

    Reference:
        [The Building Blocks of Interpretability](https://distill.pub/2018/building-blocks/).
    """
    network = model if isinstance(model, Network) else Network(model)
    layer, maps = maps_of(network, image, layer)
    if cells < 1:
        raise InputError(f"Expected a grid of 1 cell a side or more. Received: {cells}")
    maps = pooled(maps, cells)
    shape = maps.shape[:2]
    vectors = maps.reshape(-1, maps.shape[2])
    options = {"side": side, "steps": steps, "batch_size": batch_size, "seed": seed, "verbose": verbose}
    pictures = icons(network, layer, vectors, **options)
    return mosaic(pictures, list(np.ndindex(shape)), np.linalg.norm(vectors, axis=1), shape)


def maps_of(network: Network, image: np.ndarray, layer: str) -> tuple[str, np.ndarray]:
    """The maps that a layer makes of one image.

    Args:
        network: A `Network`.
        image: As in `activation_grid`.
        layer: Likewise.

    Returns:
        The layer's name, a key of `network.endpoints`; and a float32 array of shape (rows, columns, channels).

    Raises:
        InputError: There is no such layer, or the image is not RGB of 0 to 255 and the model's size.
    """
    layer = network.endpoint(layer)
    return layer, network.maps(layer, of_model_size(network, np.asarray(image)[None]))[0]


def pooled(maps: np.ndarray, most: int) -> np.ndarray:
    """Maps of fewer places: the means of blocks, as equal as can be.

    Args:
        maps: Array of shape (rows, columns, channels).
        most: Rows and columns that there may be.

    Returns:
        float array of shape (rows, columns, channels).

    Example:
        >>> pooled(np.arange(6.0).reshape(6, 1, 1), 3).ravel().tolist()
        [0.5, 2.5, 4.5]
    """
    for axis, places in enumerate(maps.shape[:2]):
        if places > most:
            starts = np.arange(most) * places // most
            sums = np.add.reduceat(maps, starts, axis=axis)
            counts = np.diff(starts, append=places).reshape(-1, *[1] * (maps.ndim - axis - 1))
            maps = sums / counts
    return maps

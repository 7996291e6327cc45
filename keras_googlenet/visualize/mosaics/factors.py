"""What a layer sees in an image in a few parts: its maps as non-negative factors.

The maps of an image, a vector of channels at each place, are about a product of two small matrices without negative
numbers (NMF, Lee and Seung, 1999). Each factor is a direction of the layer and a heat over the image: how much of the
direction each place has. So a few pictures stand for hundreds of channels (Olah et al., 2018, "The Building Blocks of
Interpretability").
"""

import warnings
from typing import NamedTuple

import keras
import numpy as np
from matplotlib import colormaps
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning

from keras_googlenet.errors import InputError
from keras_googlenet.visualize.attribution.cam import enlarged
from keras_googlenet.visualize.mosaics.grid import maps_of
from keras_googlenet.visualize.mosaics.icons import BATCH, STEPS, icons
from keras_googlenet.visualize.network import Network
from keras_googlenet.visualize.sheet import sheet

FACTORS = 6
"""Few enough to be told apart by their colors."""

SIDE = 128
"""Of a factor's picture, pixels."""

ITERATIONS = 1000
"""Of scikit-learn's solver, at most."""


class Factors(NamedTuple):
    """The maps of an image, about `heats` times `directions`; the factor with most of the maps' sum comes first.

    Attributes:
        layer: The layer's name.
        heats: float32 array of shape (rows, columns, factors), not negative, in the unit of the maps.
        directions: float32 array of shape (factors, channels), not negative, each of length 1.
        explained: Part of the maps' squares that is in the product, 0 to 1.
    """

    layer: str
    heats: np.ndarray
    directions: np.ndarray
    explained: float


def activation_factors(
    model: keras.Model | Network, image: np.ndarray, layer: str, factors: int = FACTORS, *, seed: int = 0
) -> Factors:
    """Factors a layer's maps of an image.

    Args:
        model: A model that is a GoogLeNet or holds one; or the `Network` of one.
        image: RGB in [0, 255], of shape (height, width, 3), of the model's input size.
        layer: A layer that makes maps, by any of its names, after its ReLU.
        factors: How many.
        seed: Of where the solver begins.

    Returns:
        `Factors`.

    Raises:
        InputError: There is no such layer, its maps have negative values or none at all, there are more factors than
            places or channels, or the image is not of the model's size.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(64, 64, 3))
        >>> activation_factors(model, np.ones((64, 64, 3)), "4a", 2).directions.shape
        (2, 512)

    Reference:
        [The Building Blocks of Interpretability](https://distill.pub/2018/building-blocks/).
    """
    network = model if isinstance(model, Network) else Network(model)
    layer, maps = maps_of(network, image, layer)
    rows, columns, channels = maps.shape
    if maps.min() < 0:
        raise InputError(f"Factors need maps without negative values, after a ReLU. Received: {layer}")
    if not maps.any():
        raise InputError(f"{layer} sees nothing in this image: its maps are 0 everywhere")
    most = min(rows * columns, channels)
    if not 1 <= factors <= most:
        raise InputError(f"{layer} has {rows}x{columns} places, so 1 to {most} factors. Received: {factors}")
    flat = maps.reshape(-1, channels).astype("float64")
    solver = NMF(factors, init="nndsvda", random_state=seed, max_iter=ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # `explained` says how good it is
        heats = solver.fit_transform(flat)
    explained = 1 - (solver.reconstruction_err_**2) / np.square(flat).sum()
    lengths = np.linalg.norm(solver.components_, axis=1)
    directions = solver.components_ / np.where(lengths == 0, 1, lengths)[:, None]
    heats = heats * lengths
    order = np.argsort(-heats.sum(0) * directions.sum(1), kind="stable")
    heats = heats[:, order].reshape(rows, columns, factors)
    return Factors(layer, heats.astype("float32"), directions[order].astype("float32"), float(explained))


def factor_sheet(
    model: keras.Model | Network,
    image: np.ndarray,
    layer: str,
    factors: int = FACTORS,
    *,
    title: str = "",
    side: int = SIDE,
    steps: int = STEPS,
    batch_size: int = BATCH,
    seed: int = 0,
    verbose: int = 0,
) -> np.ndarray:
    """The factors of an image's maps on a sheet: where each is in the image, and a picture of it.

    Args:
        model: As in `activation_factors`.
        image: uint8 RGB array of shape (height, width, 3), of the model's input size.
        layer: As in `activation_factors`.
        factors: Likewise.
        title: Text above the sheet; "" for the layer's name.
        side: Of a factor's picture, pixels.
        steps: Steps of gradient ascent.
        batch_size: Pictures that are drawn at a time.
        seed: Of the factors and of the ascent.
        verbose: As in Keras: 1 for a progress bar.

    Returns:
        uint8 RGB array. Each factor has a color of its own; in the image of all each place is colored as the factors
        that it has.

    Raises:
        InputError: As `activation_factors`.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(64, 64, 3))
        >>> factor_sheet(model, np.full((64, 64, 3), 9, "uint8"), "conv2", 2, side=32, steps=1).shape[2]
        3
    """
    network = model if isinstance(model, Network) else Network(model)
    found = activation_factors(network, image, layer, factors, seed=seed)
    options = {"side": side, "steps": steps, "batch_size": batch_size, "seed": seed, "verbose": verbose}
    pictures = icons(network, found.layer, found.directions, **options)
    heats = enlarged(network, found.layer, np.moveaxis(found.heats, 2, 0), image.shape[:2])
    shares = found.heats.sum((0, 1)) * found.directions.sum(1)
    shares = shares / shares.sum()
    colors = _colors(factors)
    captions = [f"{number}: {share:.0%}" for number, share in enumerate(shares, start=1)]
    largest = heats.max()
    where = [_tinted(image, heat[..., None] / largest, color[None]) for heat, color in zip(heats, colors, strict=True)]
    together = _tinted(image, np.moveaxis(heats, 0, -1) / largest, colors)
    rows = [
        ("", [(image, "image"), (together, "all factors")]),
        ("", [(picture, caption) for picture, caption in zip(pictures, captions, strict=True)]),
        ("", [(picture, "") for picture in where]),
    ]
    note = (
        f"{factors} factors have {found.explained:.0%} of the squares of the layer's maps. Above, what each factor "
        "looks for, and its part of the factors' sum; below, where it is in the image, in its color."
    )
    return sheet(title or found.layer, rows, side=side, note=note)


def _colors(count):
    """Of one lightness and saturation, as far apart as can be."""
    return 255 * colormaps["hsv"](np.arange(count) / count)[:, :3]


def _tinted(image, heats, colors):
    """A gray, pale image under colors.

    Args:
        image: uint8 array of shape (height, width, 3).
        heats: Array of shape (height, width, colors), 0 to 1.
        colors: Array of shape (colors, 3).
    """
    gray = image.mean(-1, keepdims=True)
    strength = heats.max(-1, keepdims=True)
    tint = heats @ colors / np.maximum(heats.sum(-1, keepdims=True), 1e-12)
    return np.rint((1 - strength) * (0.5 * gray + 64) + strength * tint).astype("uint8")

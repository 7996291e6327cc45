"""Objectives that compare a layer with what it made of an image: caricatures, inversion, style."""

from typing import Any

import numpy as np
from keras import ops

from keras_googlenet.errors import InputError
from keras_googlenet.visualize.rendering.objective import Objective, check_rank, gram_matrices, of_endpoint


def caricature(layer: str, maps: np.ndarray, cosine_power: float = 1) -> Objective:
    """The product of a layer's maps with those of an image: what the layer sees in it, exaggerated.

    Args:
        layer: Name of an endpoint of maps.
        maps: What it made of the image, of shape (rows, columns, channels), as `features` with `pooling="none"` gives
            it. Pictures are to be of the same size.
        cosine_power: The mean product of a place is multiplied with this power of the cosine between the two maps, at
            least 0.1.

    Example:
        >>> caricature("4c", np.ones((14, 14, 512)))
        caricature('4c', maps of 14x14x512)

    Reference:
        `dot_compare` of lucid's caricatures.
    """
    maps = _checked(maps)
    length, places = float(np.linalg.norm(maps)), maps.shape[0] * maps.shape[1]

    def function(found):
        _check_shape(layer, found, maps)
        product = ops.sum(found * ops.convert_to_tensor(maps), axis=(1, 2, 3))
        cosine = product / (length * ops.sqrt(ops.sum(ops.square(found), axis=(1, 2, 3)) + 1e-8))
        return product / places * ops.maximum(cosine, 0.1) ** cosine_power

    return of_endpoint(layer, function, f"caricature({layer!r}, {_shown(maps)})")


def inversion(layer: str, maps: np.ndarray) -> Objective:
    """Minus the squared distance from the maps of an image, as a part of their square: what the layer knows of it.

    Args:
        layer: Name of an endpoint of maps.
        maps: As in `caricature`.

    Example:
        >>> 10 * inversion("4c", np.ones((14, 14, 512)))
        (10 * inversion('4c', maps of 14x14x512))

    Reference:
        [Understanding Deep Image Representations by Inverting Them](https://arxiv.org/abs/1412.0035), equation 2.
    """
    maps = _checked(maps)
    square = float(np.square(maps, dtype="float64").sum())

    def function(found):
        _check_shape(layer, found, maps)
        return -ops.sum(ops.square(found - ops.convert_to_tensor(maps)), axis=(1, 2, 3)) / square

    return of_endpoint(layer, function, f"inversion({layer!r}, {_shown(maps)})")


def style(layer: str, maps: np.ndarray) -> Objective:
    """Minus the squared distance from an image's Gram matrix, as a part of its square: its texture, wherever it is.

    The Gram matrix has the mean product over all places of each two channels, so the pictures may be of another size.

    Args:
        layer: Name of an endpoint of maps.
        maps: As in `caricature`, of any rows and columns.

    Example:
        >>> style("3b", np.ones((28, 28, 480))) + style("4a", np.ones((14, 14, 512)))
        (style('3b', maps of 28x28x480) + style('4a', maps of 14x14x512))

    Reference:
        [Texture Synthesis Using Convolutional Neural Networks](https://arxiv.org/abs/1505.07376), equations 2 and 4.
    """
    maps = _checked(maps)
    flat = maps.reshape(-1, maps.shape[-1]).astype("float64")
    gram = flat.T @ flat / len(flat)
    square = float(np.square(gram).sum())

    def function(found):
        check_rank(layer, found, 4)
        _, rows, columns, channels = found.shape
        if channels != len(gram):
            raise InputError(f"Expected maps of {channels} channels, those of {layer}. Received: {len(gram)}")
        grams = gram_matrices(found) / (rows * columns)
        return -ops.sum(ops.square(grams - ops.convert_to_tensor(gram, "float32")), axis=(1, 2)) / square

    return of_endpoint(layer, function, f"style({layer!r}, {_shown(maps)})")


def _checked(maps: Any) -> np.ndarray:
    """Maps of one image, float32."""
    maps = np.asarray(maps)
    if maps.ndim != 3 or maps.dtype.kind not in "fiu" or not np.isfinite(maps).all() or not maps.any():
        raise InputError(
            "Expected maps of one image, finite numbers that are not all 0, of shape (rows, columns, channels). "
            f"Received: shape {maps.shape}"
        )
    return maps.astype("float32")


def _check_shape(layer: str, found: Any, maps: np.ndarray) -> None:
    check_rank(layer, found, 4)
    if tuple(found.shape[1:]) != maps.shape:
        raise InputError(
            f"Expected maps of shape {tuple(found.shape[1:])}, as {layer} makes them of such pictures. "
            f"Received: {maps.shape}"
        )


def _shown(maps: np.ndarray) -> str:
    return f"maps of {'x'.join(map(str, maps.shape))}"

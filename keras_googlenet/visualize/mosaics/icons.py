"""Small pictures of directions of a layer, drawn in batches: what grids, atlases and pages are put together of."""

import keras
import numpy as np
from keras import ops

from keras_googlenet.errors import InputError
from keras_googlenet.utils.messages import shown
from keras_googlenet.visualize.network import Network
from keras_googlenet.visualize.rendering.ascent import render
from keras_googlenet.visualize.rendering.objective import Objective
from keras_googlenet.visualize.rendering.parametrization import Parametrization
from keras_googlenet.visualize.rendering.scoring import at_size

SIDE = 64
"""Pixels a side."""

STEPS, RATE = 48, 0.1
"""Steps of a picture, fewer and larger than `render` takes by itself: enough at this size."""

BATCH = 64
"""Pictures in a batch: for each of them the steps are compiled anew, which takes as long as some ten pictures."""

COSINE = 2
"""Power of the cosine between a direction and what a picture has: with more, it shows this direction and no other."""

SIDES = (32, 512)
"""Fewest and most pixels a side."""


def icons(
    network: Network,
    layer: str,
    directions: np.ndarray,
    *,
    side: int = SIDE,
    steps: int = STEPS,
    batch_size: int = BATCH,
    seed: int = 0,
    verbose: int = 0,
) -> np.ndarray:
    """Pictures that make a layer's vectors point in given directions.

    Args:
        network: A `Network`.
        layer: A key of its `endpoints` whose values are maps.
        directions: Array of shape (pictures, channels). Their lengths do not matter. Of a vector of zeros the picture
            is white.
        side: Of a picture, pixels.
        steps: Of the gradient ascent.
        batch_size: Pictures that are drawn at a time.
        seed: Of the ascent.
        verbose: As in Keras: 1 for a progress bar, which tells how long it will take.

    Returns:
        uint8 RGB array of shape (pictures, side, side, 3).

    Raises:
        InputError: The pictures are too small or too large, or the model cannot be drawn from.
    """
    if not SIDES[0] <= side <= SIDES[1]:
        raise InputError(f"Expected pictures of {SIDES[0]} to {SIDES[1]} pixels a side. Received: {shown(side)}")
    if batch_size < 1:
        raise InputError(f"Expected a batch of 1 picture or more. Received: {shown(batch_size)}")
    lengths = np.linalg.norm(directions, axis=1)
    pictures = np.full((len(directions), side, side, 3), 255, "uint8")
    places = np.flatnonzero(lengths)
    network = at_size(network, (side, side), each_its_direction(layer, directions))
    bar = keras.utils.Progbar(len(places), verbose=verbose, unit_name="picture")
    for start in range(0, len(places), batch_size):
        batch = places[start : start + batch_size]
        units = directions[batch] / lengths[batch, None]
        pictures[batch] = _drawn(network, layer, units, side, steps, seed)
        bar.add(len(batch))
    return pictures


def _drawn(network, layer, units, side, steps, seed):
    """Pictures of one batch."""
    options = {"size": side, "images": len(units), "steps": steps, "seed": seed}
    return render(network, each_its_direction(layer, units), parametrization=Parametrization(rate=RATE), **options)[0]


def each_its_direction(layer: str, units: np.ndarray) -> Objective:
    """The first image's product with the first vector, and so on: `objectives.direction` for each image of a batch.

    Args:
        layer: Name of an endpoint of maps.
        units: Array of shape (images, channels).

    Returns:
        An `Objective` with a number for each image: the mean over all places of the product and the square of its
        cosine, at least 0.1.
    """
    lengths = np.linalg.norm(units, axis=1)[:, None, None].astype("float32")

    def function(values):
        maps, vectors = values[layer], ops.convert_to_tensor(units[:, None, None], "float32")
        product = ops.sum(ops.multiply(maps, vectors), axis=-1)
        length = ops.multiply(ops.sqrt(ops.sum(ops.square(maps), axis=-1) + 1e-8), ops.convert_to_tensor(lengths))
        return ops.mean(product * ops.maximum(product / length, 0.1) ** COSINE, axis=(1, 2))

    return Objective(frozenset([layer]), function, f"a direction of {layer} for each of {len(units)} images")

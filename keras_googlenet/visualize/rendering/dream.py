"""The network's dream of an image: what a layer sees in it, made stronger (Mordvintsev et al., 2015, "Inceptionism").

The image is changed along the gradient of the layer's squared activations, so that what is there already grows, at
several scales: the whole small image first, then what was added to it, enlarged, on the next larger one.
"""

import keras
import numpy as np

from keras_googlenet.errors import InputError
from keras_googlenet.visualize import objectives
from keras_googlenet.visualize.gradients import differentiated
from keras_googlenet.visualize.network import Network
from keras_googlenet.visualize.rendering.ascent import SIDES
from keras_googlenet.visualize.rendering.image_ops import resized
from keras_googlenet.visualize.rendering.scoring import of_any_size, of_pixels

LAYER = "inception_4c"
"""It sees animals and eyes."""

OCTAVES, SCALE = 4, 1.4
"""Sizes of the image, and the factor from one to the next. All constants are the authors'."""

STEPS, STEP = 10, 1.5
"""Steps of an octave, and the mean change of a pixel in each."""

JITTER = 32
"""Pixels that the image is shifted by at random before a step, at most, so that no grid shows."""


def dream(
    model: keras.Model,
    image: np.ndarray,
    layer: str = LAYER,
    *,
    octaves: int = OCTAVES,
    steps: int = STEPS,
    seed: int = 0,
    verbose: int = 0,
) -> np.ndarray:
    """Strengthens what a layer sees in an image.

    Args:
        model: A model that is a GoogLeNet or holds one.
        image: uint8 RGB array of shape (height, width, 3), of any size from 32 to 1024 pixels a side.
        layer: Name of a row below the average pool.
        octaves: Number of sizes. Those under 64 pixels are left out, but not the image's own.
        steps: Steps at each size.
        seed: Of the jitter: the same image for the same seed.
        verbose: As in Keras: 1 for a progress bar.

    Returns:
        uint8 RGB array of the image's shape. It is gray if the network takes gray images.

    Raises:
        InputError: There is no such layer, the image is too small or too large, the model was not built from a table,
            or its images go through preprocessing that is not this package's.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(32, 32, 3))
        >>> dream(model, np.zeros((40, 60, 3), "uint8"), "3a", octaves=1, steps=1).shape
        (40, 60, 3)

    Reference:
        [Inceptionism](https://research.google/blog/inceptionism-going-deeper-into-neural-networks/).
    """
    height, width = image.shape[:2]
    if min(height, width) < SIDES[0] or max(height, width) > SIDES[1]:
        raise InputError(f"Expected an image of {SIDES[0]} to {SIDES[1]} pixels a side. Received: {height}x{width}")
    network = Network(model)
    name = network.endpoint(layer)
    trunk = of_any_size(network)
    image = trunk.images.pixels(np.asarray(image))
    activity = of_pixels(trunk, objectives.layer(name), (1, *image.shape))
    step = differentiated(lambda pixels: activity(pixels)[0])
    rng = np.random.default_rng(seed)
    sizes = [tuple(round(side / SCALE**i) for side in (height, width)) for i in range(octaves)]
    sizes = [size for i, size in enumerate(sizes) if i == 0 or min(size) >= 64][::-1]
    bar = keras.utils.Progbar(steps * len(sizes), verbose=verbose)
    added = np.zeros((*sizes[0], trunk.images.channels), "float32")
    for size in sizes:
        base, added = resized(image, size), resized(added, size)
        for _ in range(steps):
            shift = rng.integers(-JITTER, JITTER + 1, 2)
            value, gradient = step(np.roll(base + added, shift, axis=(0, 1))[None])
            gradient = np.roll(gradient[0], -shift, axis=(0, 1))
            added = added + STEP * gradient / (np.abs(gradient).mean() + 1e-12)
            added = np.clip(base + added, 0, 255) - base
            bar.add(1, [("activity", value)])
    picture = np.rint((image + added).clip(0, 255)).astype("uint8")
    return np.broadcast_to(picture, (height, width, 3)).copy()

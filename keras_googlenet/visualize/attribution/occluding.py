"""Occlusion (Zeiler and Fergus, 2014): what a class's score loses when a square of the image is covered."""

from collections.abc import Sequence

import keras
import numpy as np

from keras_googlenet.errors import InputError
from keras_googlenet.visualize.attribution.baselines import baseline_of
from keras_googlenet.visualize.attribution.targets import check_count, checked, chunks, class_scores
from keras_googlenet.visualize.network import Network

WINDOW = 7
"""Windows in the image's shorter side, unless another size is asked for."""


def occlusion(
    model: keras.Model | Network,
    images: np.ndarray,
    classes: Sequence[int],
    *,
    window: int | None = None,
    stride: int | None = None,
    baseline: str = "mean",
    verbose: int = 0,
) -> np.ndarray:
    """What a class's score loses when a square is covered: for each pixel, the mean of all squares that cover it.

    Args:
        model: A classifier that is a GoogLeNet or holds one; or the `Network` of one.
        images: RGB in [0, 255], of shape (images, height, width, 3), of the model's input size.
        classes: The index of a class for each image.
        window: Side of the square in pixels; None means a seventh of the image's shorter side, 32 of 224.
        stride: Pixels from one square to the next; None means half a window. The last ones end with the image.
        baseline: What covers: `mean`, `gray`, `black` or `blur`.
        verbose: As in Keras: 1 for a progress bar.

    Returns:
        float32 array of shape (images, height, width), of both signs, in units of the score.

    Raises:
        InputError: There is no such class or baseline, the images are of another kind or size, the window or the stride
            do not fit, or the model is no such classifier.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(64, 64, 3))
        >>> occlusion(model, np.zeros((1, 64, 64, 3)), [0], window=32).shape
        (1, 64, 64)

    Reference:
        [Visualizing and Understanding Convolutional Networks](https://arxiv.org/abs/1311.2901), section 4.2.
    """
    network, images, classes = checked(model, images, classes)
    size = images.shape[1:3]
    window = max(min(size) // WINDOW, 1) if window is None else window
    check_count("window", window)
    stride = max(window // 2, 1) if stride is None else stride
    check_count("stride", stride)
    if window > min(size) or stride > window:
        raise InputError(
            f"Expected a window of at most {min(size)} pixels and a stride of at most a window, so that each pixel is "
            f"covered. Received: window={window}, stride={stride}"
        )
    # As many as are needed to reach the end, each way; the last may stand out.
    starts = [range(0, side - window + stride, stride) for side in size]
    squares = [np.s_[y : y + window, x : x + window] for y in starts[0] for x in starts[1]]
    covered = sum(_within(size, square) for square in squares)
    bar = keras.utils.Progbar(len(squares) * len(images), verbose=verbose)
    heats = np.zeros(images.shape[:3])
    for heat, image, cover, index in zip(heats, images, baseline_of(images, baseline), classes, strict=True):
        whole = class_scores(network, image[None], index)
        for part in chunks(len(squares)):
            without = np.stack([image] * len(squares[part]))
            for one, square in zip(without, squares[part], strict=True):
                one[square] = cover[square]
            for lost, square in zip(whole - class_scores(network, without, index), squares[part], strict=True):
                heat[square] += lost
            bar.add(len(without))
    return (heats / covered).astype("float32")


def _within(size, square):
    found = np.zeros(size)
    found[square] = 1
    return found

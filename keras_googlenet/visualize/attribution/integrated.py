"""Integrated gradients (Sundararajan et al., 2017): the score's rise from a baseline to the image, pixel by pixel."""

from collections.abc import Sequence

import keras
import numpy as np

from keras_googlenet.visualize.attribution.baselines import baseline_of
from keras_googlenet.visualize.attribution.targets import check_count, checked, chunks, class_gradient
from keras_googlenet.visualize.network import Network


def integrated_gradients(
    model: keras.Model | Network,
    images: np.ndarray,
    classes: Sequence[int],
    *,
    steps: int = 50,
    baseline: str = "mean",
    per_channel: bool = False,
    verbose: int = 0,
) -> np.ndarray:
    """How much each pixel adds to a class's score, on the straight way from a baseline to the image.

    The sum of all is the score of the image minus that of the baseline, as exactly as the steps allow. The gradients
    are integrated by the Gauss-Legendre rule.

    Args:
        model: A classifier that is a GoogLeNet or holds one; or the `Network` of one.
        images: RGB in [0, 255], of shape (images, height, width, 3), of the model's input size.
        classes: The index of a class for each image.
        steps: Gradients an image.
        baseline: `mean`, `gray`, `black` or `blur`, of the image: see `attribution.baselines`.
        per_channel: Whether to return a number for each color; else their sum.
        verbose: As in Keras: 1 for a progress bar.

    Returns:
        float32 array of shape (images, height, width), of both signs, in units of the score; or of shape (images,
        height, width, channels).

    Raises:
        InputError: There is no such class or baseline, the images are of another kind or size, steps are less than 1,
            or the model is no such classifier.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(64, 64, 3))
        >>> integrated_gradients(model, np.zeros((1, 64, 64, 3)), [0], steps=2).shape
        (1, 64, 64)

    Reference:
        [Axiomatic Attribution for Deep Networks](https://arxiv.org/abs/1703.01365), equations 1 and 3.
    """
    network, images, classes = checked(model, images, classes)
    check_count("steps", steps)
    starts = network.images.preprocess(baseline_of(images, baseline))
    scores, found = network.scores(), []
    places, weights = np.polynomial.legendre.leggauss(steps)  # of -1 to 1
    alphas = ((places + 1) / 2).astype("float32")[:, None, None, None]
    bar = keras.utils.Progbar(steps * len(images), verbose=verbose)
    for start, x, index in zip(starts, network.images.preprocess(images), classes, strict=True):
        mean = np.zeros(x.shape)
        for part in chunks(steps):
            way = start + alphas[part] * (x - start)
            gradients = class_gradient(scores, way, [index] * len(way))
            mean += np.tensordot(weights[part] / 2, gradients, 1)
            bar.add(len(way))
        found.append(mean * (x - start))
    attributions = np.stack(found)
    return (attributions if per_channel else attributions.sum(axis=-1)).astype("float32")

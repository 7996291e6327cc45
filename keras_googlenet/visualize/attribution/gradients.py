"""Attributions by gradients with respect to the pixels: saliency, SmoothGrad, and guided backpropagation.

A gradient is that of the class's score before the softmax with respect to what the network is given: pixels minus the
mean have the gradient of the pixels. It has a number for each color; a heat has one for each pixel, the largest
magnitude of its colors (Simonyan et al., section 3.1).
"""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from keras_googlenet.errors import InputError
from keras_googlenet.visualize.attribution.targets import check_count, checked, chunks, class_gradient
from keras_googlenet.visualize.network import Network
from keras_googlenet.visualize.relus import with_relu


def saliency(
    model: keras.Model | Network, images: np.ndarray, classes: Sequence[int], *, per_channel: bool = False
) -> np.ndarray:
    """The gradient of a class's score: which pixels need to be changed least to change it most.

    Args:
        model: A classifier that is a GoogLeNet or holds one; or the `Network` of one.
        images: RGB in [0, 255], of shape (images, height, width, 3), of the model's input size.
        classes: The index of a class for each image.
        per_channel: Whether to return the gradient itself, with its sign, for each color.

    Returns:
        float32 array of shape (images, height, width), not negative, in units of the score for one gray level; or of
        shape (images, height, width, channels).

    Raises:
        InputError: There is no such class, the images are of another kind or size, or the model is no such classifier.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(64, 64, 3))
        >>> saliency(model, np.zeros((1, 64, 64, 3)), [0]).shape
        (1, 64, 64)

    Reference:
        [Deep Inside Convolutional Networks](https://arxiv.org/abs/1312.6034), section 3.
    """
    network, images, classes = checked(model, images, classes)
    return _of_colors(_gradients(network.scores(), network, images, classes), per_channel)


def guided_backpropagation(
    model: keras.Model | Network, images: np.ndarray, classes: Sequence[int], *, per_channel: bool = False
) -> np.ndarray:
    """The gradient of a class's score, of which each ReLU lets only the positive part back.

    It shows what excites the network more than what the class is seen by: it hardly depends on the class
    ([Adebayo et al., 2018](https://arxiv.org/abs/1810.03292)).

    Args:
        model: As in `saliency`.
        images: Likewise.
        classes: Likewise.
        per_channel: Likewise.

    Returns:
        As `saliency`.

    Raises:
        InputError: As `saliency`.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(64, 64, 3))
        >>> guided_backpropagation(model, np.zeros((1, 64, 64, 3)), [0], per_channel=True).shape
        (1, 64, 64, 3)

    Reference:
        [Striving for Simplicity](https://arxiv.org/abs/1412.6806), section 3.4.
    """
    network, images, classes = checked(model, images, classes)
    scores = Network(with_relu(network.model, _guided_relu())).scores()
    return _of_colors(_gradients(scores, network, images, classes), per_channel)


def _guided_relu():
    """Made when it is needed: not every backend of Keras has gradients."""

    @ops.custom_gradient
    def relu(x):
        def back(*args, upstream=None):
            upstream = args[0] if upstream is None else upstream
            return ops.where(x > 0, ops.relu(upstream), ops.zeros_like(x))

        return ops.relu(x), back

    return relu


def smooth_grad(
    model: keras.Model | Network,
    images: np.ndarray,
    classes: Sequence[int],
    *,
    samples: int = 25,
    noise: float = 0.15,
    seed: int = 0,
    per_channel: bool = False,
    verbose: int = 0,
) -> np.ndarray:
    """The mean of the gradients of an image under noise: what is steep by chance cancels out.

    Args:
        model: As in `saliency`.
        images: Likewise.
        classes: Likewise.
        samples: Gradients an image.
        noise: Standard deviation of the noise, as a part of the range of the image's values.
        seed: Of the noise, which is the same for each image.
        per_channel: As in `saliency`.
        verbose: As in Keras: 1 for a progress bar.

    Returns:
        As `saliency`.

    Raises:
        InputError: As `saliency`; or there is no sample, or the noise is negative.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(64, 64, 3))
        >>> smooth_grad(model, np.zeros((1, 64, 64, 3)), [0], samples=2).shape
        (1, 64, 64)

    Reference:
        [SmoothGrad](https://arxiv.org/abs/1706.03825), section 3.
    """
    network, images, classes = checked(model, images, classes)
    check_count("samples", samples)
    if not 0 <= noise < np.inf:
        raise InputError(f"noise must be a part of the range of the image's values, 0 or more. Received: {noise}")
    scores, means = network.scores(), []
    bar = keras.utils.Progbar(samples * len(images), verbose=verbose)
    for x, index in zip(network.images.preprocess(images), classes, strict=True):
        rng, total = np.random.default_rng(seed), np.zeros(x.shape)
        for part in chunks(samples):
            count = part.stop - part.start
            noisy = x + noise * np.ptp(x) * rng.standard_normal((count, *x.shape), "float32")
            total += class_gradient(scores, noisy, [index] * count).sum(0)
            bar.add(count)
        means.append(total / samples)
    return _of_colors(np.stack(means), per_channel)


def _gradients(scores, network, images, classes):
    parts = [
        class_gradient(scores, network.images.preprocess(images[part]), classes[part]) for part in chunks(len(images))
    ]
    return np.concatenate(parts)


def _of_colors(gradients, per_channel):
    return (gradients if per_channel else np.abs(gradients).max(axis=-1)).astype("float32")

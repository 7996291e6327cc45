"""Images with a high score of a class, found by gradient ascent from noise.

Gradient ascent alone ends in noise that means the class to the network and nothing to people (Simonyan et al., 2013).
Three regularizers make it a picture, as in Yosinski et al. (2015). The image grows through octaves. The gradient
is taken of an image shifted at random (jitter). After each step the image is blurred, less and less.
"""

import functools
import itertools

import keras
import numpy as np
from keras import ops

from keras_googlenet.imagenet import MEAN_GRAY, MEAN_RGB
from keras_googlenet.visualize.gradients import value_and_gradient
from keras_googlenet.visualize.image_ops import blurred, resized
from keras_googlenet.visualize.network import Network

OCTAVES = (4, 2, 1)
"""What the side of the network's input is divided by, octave by octave."""

STEPS = 64
"""Steps of an octave."""

STEP = (12.0, 4.0)
"""Mean change of a pixel in the first step of all and in the last."""

BLUR = (1.2, 0.4)
"""Standard deviation of the Gaussian in pixels, likewise."""


def maximize_class(
    model: keras.Model, index: int, *, steps: int = STEPS, seed: int = 0, verbose: int = 0
) -> tuple[np.ndarray, float]:
    """An image with a high score of one class, before the softmax.

    Args:
        model: A classifier that is a GoogLeNet or holds one.
        index: The class.
        steps: Steps in each octave.
        seed: Of the noise at the beginning and of the jitter: the same image for the same seed.
        verbose: As in Keras: 1 for a progress bar.

    Returns:
        `(image, score)`: a uint8 RGB array of the model's input size, 224x224 if that is not fixed, and the class's
        score for it. The image is gray if the network takes gray images.

    Raises:
        InputError: There is no such class, or the model is no such classifier.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(32, 32, 3))
        >>> maximize_class(model, 1, steps=1)[0].shape
        (32, 32, 3)

    Reference:
        [Deep Inside Convolutional Networks](https://arxiv.org/abs/1312.6034), section 2;
        [Understanding Neural Networks Through Deep Visualization](https://arxiv.org/abs/1506.06579), section 3.
    """
    network = Network(model)
    network.check_class(index)
    of_images, shape, channels = network.scores(), network.images.size, network.images.channels
    rng = np.random.default_rng(seed)
    mean = np.array(MEAN_RGB if channels == 3 else [MEAN_GRAY], "float32")
    sizes = [tuple(max(side // octave, 8) for side in shape) for octave in OCTAVES]
    bar = keras.utils.Progbar(steps * len(sizes), verbose=verbose)
    schedule = zip(np.linspace(*STEP, steps * len(sizes)), np.linspace(*BLUR, steps * len(sizes)), strict=True)

    def score(x, shift):
        """Of an image minus the mean and shifted, whatever the network takes."""
        x = ops.roll(ops.image.resize(x[None], shape, interpolation="bilinear"), shift, axis=(1, 2))
        return of_images(network.images.prepare(ops.add(x, mean)))[0, index]

    image = rng.normal(0, 10, (*sizes[0], channels)).astype("float32")
    for size in sizes:
        image = resized(image, size)
        for step, blur in itertools.islice(schedule, steps):
            shift = tuple(rng.integers(-side // 14, side // 14 + 1) for side in shape)
            value, gradient = value_and_gradient(functools.partial(score, shift=shift), image)
            image = image + float(step) * gradient / (np.abs(gradient).mean() + 1e-12)
            image = np.clip(blurred(image, blur), -mean, 255 - mean)
            bar.add(1, [("score", value)])
    image = np.rint(resized(image, shape) + mean).astype("uint8")
    found = float(ops.convert_to_numpy(score(ops.convert_to_tensor(image - mean), (0, 0))))
    return np.broadcast_to(image, (*shape, 3)).copy(), found

"""Images that a class's score is highest for, found by gradient ascent from noise.

Without restraint that ends in noise that means the class to the network alone (Simonyan et al., 2013). Three restraints
make it a picture (as in Yosinski et al., 2015): the image grows through octaves, each step's gradient is taken of an
image shifted at random (jitter), and after each step the image is blurred, less and less.
"""

import keras
import numpy as np
from keras import ops

from keras_googlenet.imagenet import MEAN_GRAY, MEAN_RGB
from keras_googlenet.visualize.gradients import value_and_gradient
from keras_googlenet.visualize.image_ops import blurred, resized
from keras_googlenet.visualize.network import Network

OCTAVES = (4, 2, 1)
"""Pixels of the network's input that a pixel of the image stands for, octave by octave."""

STEPS = 64
"""Of an octave."""

STEP = (12.0, 4.0)
"""Mean change of a pixel in the first step of all and in the last."""

BLUR = (1.2, 0.4)
"""Deviation of the Gaussian in pixels, likewise."""


def maximize_class(model, index, *, steps=STEPS, seed=0, verbose=0):
    """An image that one class's score before the softmax is high for.

    Args:
        model: A classifier with the rows of a GoogLeNet, as in `visualize.Network`.
        index: The class.
        steps: Steps in each octave.
        seed: Of the noise that it begins with, and of the jitter: the same image for the same seed.
        verbose: As in Keras: 1 for a progress bar.

    Returns:
        `(image, score)`: a uint8 RGB array of the model's input size, 224x224 where that is not fixed, and the class's
        score for it. A network of one channel has it gray.

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

    def scores(x):
        """Of images minus the mean, whatever the network takes."""
        return of_images(network.images.prepare(ops.add(x, mean)))

    bar = keras.utils.Progbar(steps * len(OCTAVES), verbose=verbose)
    image, done = rng.normal(0, 10, (*_reduced(shape, OCTAVES[0]), channels)).astype("float32"), 0
    for octave in OCTAVES:
        image = resized(image, _reduced(shape, octave))
        for _ in range(steps):
            shift = tuple(rng.integers(-side // 14, side // 14 + 1) for side in shape)

            def score(x, shift=shift):
                x = ops.image.resize(x[None], shape, interpolation="bilinear")
                return scores(ops.roll(x, shift, axis=(1, 2)))[0, index]

            value, gradient = value_and_gradient(score, image)
            part = done / max(steps * len(OCTAVES) - 1, 1)
            image = image + _between(STEP, part) * gradient / (np.abs(gradient).mean() + 1e-12)
            image = np.clip(blurred(image, _between(BLUR, part)), -mean, 255 - mean)
            done += 1
            bar.update(done, [("score", value)])
    image = np.rint(resized(image, shape) + mean).astype("uint8")
    found = float(ops.convert_to_numpy(scores(ops.convert_to_tensor(image[None] - mean)))[0, index])
    return np.broadcast_to(image, (*shape, 3)).copy(), found


def _reduced(shape, octave):
    return tuple(max(side // octave, 8) for side in shape)


def _between(ends, part):
    first, last = ends
    return first + part * (last - first)

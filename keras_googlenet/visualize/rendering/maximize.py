"""Images with a high score of a class: `render` for one class's score before the softmax (Simonyan et al., 2013)."""

import keras
import numpy as np

from keras_googlenet.visualize.network import Network
from keras_googlenet.visualize.objectives import class_logit
from keras_googlenet.visualize.rendering.ascent import render

STEPS = 128
"""Half of `rendering.STEPS`: the whole network looks at 224x224 pixels in each."""


def maximize_class(
    model: keras.Model, index: int, *, steps: int = STEPS, seed: int = 0, verbose: int = 0
) -> tuple[np.ndarray, float]:
    """An image with a high score of one class, before the softmax.

    Args:
        model: A classifier that is a GoogLeNet or holds one.
        index: The class.
        steps: Steps of the ascent.
        seed: Of the noise at the beginning and of the random changes: the same image for the same seed.
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
        [Feature Visualization](https://distill.pub/2017/feature-visualization/).
    """
    network = Network(model)
    network.check_class(index)
    [image], [score] = render(network, class_logit(index), steps=steps, seed=seed, verbose=verbose)
    return image, float(score)

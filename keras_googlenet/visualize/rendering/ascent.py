"""Feature visualization: images that an objective is high for, made as lucid makes them.

An image is Fourier coefficients of decorrelated colors (`parametrization`). Each step looks at it through a small
random change (`transforms`) and moves the coefficients along the objective's gradient, by Adam. ReLUs that are off send
a tenth of the gradient back (`relus`): in noise most channels see nothing, and without it they never would.
"""

import keras
import numpy as np
from keras import ops

from keras_googlenet.errors import InputError
from keras_googlenet.visualize.gradients import differentiated
from keras_googlenet.visualize.network import Network
from keras_googlenet.visualize.relus import redirected as redirected_relu
from keras_googlenet.visualize.rendering.objective import Objective
from keras_googlenet.visualize.rendering.parametrization import Parametrization
from keras_googlenet.visualize.rendering.scoring import at_size, of_pixels
from keras_googlenet.visualize.rendering.transforms import Transforms, resample

STEPS = 256
"""Half of lucid's: after 128 the pictures are sharp."""

SIDES = (32, 1024)
"""Smallest and largest side in pixels: of the largest, the activations that a gradient needs take about a GiB."""


def render(
    model: keras.Model | Network,
    objective: Objective,
    *,
    size: int | tuple[int, int] | None = None,
    images: int = 1,
    steps: int = STEPS,
    parametrization: Parametrization = Parametrization(),  # noqa: B008
    transforms: Transforms | None = Transforms(),  # noqa: B008
    redirected: bool = True,
    seed: int = 0,
    verbose: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Images that an objective is high for.

    Args:
        model: A model that is a GoogLeNet or holds one; or the `Network` of one.
        objective: What to maximize, one of `objectives` or made of several.
        size: Pixels, a side or `(height, width)`; None means the model's own size, 224x224 if that is not fixed. Of
            another size, the objective may ask for layers below the average pool.
        images: Number of images, made together.
        steps: Steps of Adam.
        parametrization: What the images are made of.
        transforms: How they are changed at random before each step; None means not at all.
        redirected: Whether ReLUs that are off send a tenth of the gradient back.
        seed: Of the noise at the beginning and of the transforms.
        verbose: As in Keras: 1 for a progress bar.

    Returns:
        `(images, values)`: a uint8 RGB array of shape (images, height, width, 3), and the objective for these images,
        not transformed: float32, of shape (images,), or () where it is a number for the batch. The images are gray if
        the network takes gray images.

    Raises:
        InputError: The model has not what the objective asks for, or an argument is out of its range.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> from keras_googlenet.visualize import objectives
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(32, 32, 3))
        >>> pictures, values = render(model, objectives.channel("3a", 7), size=48, images=2, steps=1)
        >>> pictures.shape, values.shape
        ((2, 48, 48, 3), (2,))

    Reference:
        [Feature Visualization](https://distill.pub/2017/feature-visualization/), Olah, Mordvintsev and Schubert, 2017.
    """
    network = model if isinstance(model, Network) else Network(model)
    height, width = _checked_size(network, size, images, steps)
    network = at_size(network, (height, width), objective)
    shape = (images, height, width, network.images.channels)
    rng = np.random.default_rng(seed)
    value = of_pixels(network, objective, shape, redirected_relu if redirected else None)

    def seen(parameters, maps):
        made = parametrization.images(parameters, shape)
        return ops.mean(value(made if transforms is None else resample(made, maps)))

    step = differentiated(seen)
    parameters, adam = parametrization.start(rng, shape), Adam(parametrization.rate)
    bar = keras.utils.Progbar(steps, verbose=verbose)
    for _ in range(steps):
        maps = np.zeros(0) if transforms is None else transforms.draw(rng, images)
        found, gradient = step(parameters, maps)
        parameters = parameters + adam(gradient)
        bar.add(1, [("objective", found)])
    made = parametrization.images(ops.convert_to_tensor(parameters), shape)
    pictures = np.rint(ops.convert_to_numpy(made)).astype("uint8")
    values = ops.convert_to_numpy(value(ops.convert_to_tensor(pictures.astype("float32"))))
    return np.broadcast_to(pictures, (images, height, width, 3)).copy(), values


def _checked_size(network, size, images, steps):
    """The images' height and width."""
    for name, number, least in (("images", images, 1), ("steps", steps, 0)):
        if not isinstance(number, int) or number < least:
            raise InputError(f"Expected {name} of {least} or more. Received: {number!r}")
    if size is None:
        return network.images.size
    sides = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
    if len(sides) != 2 or not all(isinstance(side, int) and SIDES[0] <= side <= SIDES[1] for side in sides):
        raise InputError(f"Expected a size of {SIDES[0]} to {SIDES[1]} pixels a side. Received: {size!r}")
    return sides


class Adam:
    """Adam (Kingma and Ba, 2014), with its usual constants.

    Args:
        rate: The learning rate.

    Example:
        >>> adam = Adam(0.05)
        >>> (100 * adam(np.array([3.0, -0.2]))).round().tolist()
        [5.0, -5.0]
    """

    def __init__(self, rate: float) -> None:
        self.rate, self.step = rate, 0
        self.mean: np.ndarray | float = 0.0
        self.square: np.ndarray | float = 0.0

    def __call__(self, gradient: np.ndarray) -> np.ndarray:
        """What to add to the parameters."""
        self.step += 1
        self.mean = 0.9 * self.mean + 0.1 * gradient
        self.square = 0.999 * self.square + 0.001 * gradient**2
        mean, square = self.mean / (1 - 0.9**self.step), self.square / (1 - 0.999**self.step)
        return (self.rate * mean / (np.sqrt(square) + 1e-8)).astype("float32")

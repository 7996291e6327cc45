"""What stands in the place of what is taken away from an image."""

import numpy as np

from keras_googlenet.errors import InputError
from keras_googlenet.imagenet import MEAN_RGB
from keras_googlenet.utils.messages import nearest, shown
from keras_googlenet.visualize.rendering.image_ops import blurred

BASELINES = ("mean", "gray", "black", "blur")
"""ImageNet's mean color, which the network sees as 0; the middle of 0 to 255; black; the image, blurred."""

BLUR = 1 / 20
"""Standard deviation of the blur, of the image's longer side."""


def baseline_of(images: np.ndarray, baseline: str) -> np.ndarray:
    """The baselines of images.

    Args:
        images: float32 array of shape (images, height, width, 3), RGB in [0, 255].
        baseline: One of `BASELINES`.

    Returns:
        float32 array of the images' shape.

    Raises:
        InputError: There is no such baseline.

    Example:
        >>> float(baseline_of(np.zeros((1, 8, 8, 3), "float32"), "gray").mean())
        127.5
    """
    if baseline == "blur":
        return np.stack([blurred(image, BLUR * max(image.shape[:2])) for image in images])
    if baseline not in BASELINES:
        raise InputError(
            f"Expected a baseline, {', '.join(BASELINES)}.{nearest(baseline, BASELINES)} Received: {shown(baseline)}"
        )
    color = {"mean": MEAN_RGB, "gray": 127.5, "black": 0.0}[baseline]
    return np.broadcast_to(np.asarray(color, "float32"), images.shape)

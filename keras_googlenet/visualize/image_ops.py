"""Images of floats as gradient ascent changes them: enlarged, reduced and blurred."""

import numpy as np
from PIL import Image


def resized(image, size):
    """An image at another size, bicubic and antialiased.

    Args:
        image: float32 array of shape (height, width, channels).
        size: `(height, width)`.

    Returns:
        float32 array of that size.
    """
    height, width = size
    if image.shape[:2] == (height, width):
        return image
    channels = [Image.fromarray(np.ascontiguousarray(channel)) for channel in np.moveaxis(image, -1, 0)]
    return np.stack([np.array(channel.resize((width, height), Image.Resampling.BICUBIC)) for channel in channels], -1)


def blurred(image, deviation):
    """An image under a Gaussian blur; its border goes on beyond it.

    Args:
        image: float32 array of shape (height, width, channels).
        deviation: Of the Gaussian, pixels; 0 leaves the image as it is.

    Returns:
        float32 array of the image's shape.

    Example:
        >>> blurred(np.ones((3, 3, 1), "float32"), 1.0).round(6).min()
        np.float32(1.0)
    """
    radius = int(3 * deviation + 0.5)
    if radius == 0:
        return image
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / deviation) ** 2).astype("float32")
    weights /= weights.sum()
    for axis, side in ((0, image.shape[0]), (1, image.shape[1])):
        padding = [(radius, radius) if i == axis else (0, 0) for i in range(3)]
        padded = np.pad(image, padding, mode="edge")
        parts = (padded.take(range(i, i + side), axis=axis) for i in range(2 * radius + 1))
        image = sum(weight * part for weight, part in zip(weights, parts, strict=True))
    return image

"""Images of floats as gradient ascent changes them: enlarged, reduced and blurred."""

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter


def resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
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


def blurred(image: np.ndarray, deviation: float) -> np.ndarray:
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
    return gaussian_filter(image, (deviation, deviation, 0), mode="nearest", truncate=3)

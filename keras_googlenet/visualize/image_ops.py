"""Images of floats as gradient ascent changes them: enlarged and reduced."""

import numpy as np
from PIL import Image


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

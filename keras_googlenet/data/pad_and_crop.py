"""The sampling of small images by He et al. (2015), where section 6's would leave a piece of a thing.

"4 pixels are padded on each side, and a 32x32 crop is randomly sampled from the padded image or its
horizontal flip" (*Deep Residual Learning for Image Recognition*, section 4.2, on CIFAR-10). Here for
images of any size: an eighth of the side is padded.
"""

import numpy as np
from PIL import Image

from keras_googlenet.data.augmentation import draw_flip
from keras_googlenet.data.center_crop import central_part
from keras_googlenet.data.seeded_sampler import SeededSampler

PADDING = 8  # on each side the padding is one in so many of the image's own pixels: 4 of 32


class PadAndCropSampler(SeededSampler):
    """The sampling of small images: the central square, moved a little, and half of the time mirrored.

    It is resized as the evaluation view is, so that training and evaluation differ in nothing but
    the offset and the mirroring.

    Example:
        >>> sampler = PadAndCropSampler(seed=7)
        >>> sampler(np.zeros((32, 32, 3), "uint8"), 48, epoch=0, index=0).shape
        (48, 48, 3)
    """

    def draw(self, image: Image.Image, size: int, rng: np.random.Generator, height: float, width: float) -> Image.Image:
        """See `SeededSampler.draw`."""
        square = crop_at(np.asarray(image), *draw_offset(rng, min(image.size)))
        return central_part(Image.fromarray(square[:, ::-1] if draw_flip(rng) else square), size)


def draw_offset(rng: np.random.Generator, side: int) -> tuple[int, int]:
    """How far to move the square down and to the right.

    Args:
        rng: where the choices come from.
        side: the square's, in pixels.

    Returns:
        Two numbers of pixels, each as likely as any other from minus to plus an eighth of the side,
        rounded down.
    """
    most = side // PADDING
    return tuple(rng.integers(-most, most, size=2, endpoint=True).tolist())


def crop_at(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """The central square of an image, moved; beyond the edges the image is reflected.

    He et al. pad with zeros, after subtracting the mean. A reflection needs no mean and draws no
    edge across the view. Where the image is longer than the square, its own pixels come first.

    Args:
        image: array of shape (height, width, 3).
        down: whole pixels, at most an eighth of the shorter side, or less than 0 for up.
        right: the same, or less than 0 for left.

    Returns:
        Array of shape (side, side, 3), the side being the shorter one of the image.
    """
    height, width = image.shape[:2]
    side = min(height, width)
    rows = _reflected((height - side) // 2 + down, side, height)
    columns = _reflected((width - side) // 2 + right, side, width)
    return image[rows].take(columns, axis=1)


def _reflected(start: int, count: int, length: int) -> np.ndarray:
    """Indices from `start` on, reflected where they leave 0..length-1; the edge is not repeated."""
    last = length - 1
    return last - np.abs(last - np.abs(np.arange(start, start + count)))

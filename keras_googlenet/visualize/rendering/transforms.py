"""Small random changes of an image before each step: what is optimized must hold for all of them, not for one pixel.

Lucid's standard list (its `transform.py`): pad with gray, jitter, scale, rotate, jitter. Here they are one affine map,
so that an image is interpolated once. It is drawn outside the compiled step, so that all backends see the same.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

GRAY = 127.5
"""What lies beyond an image."""


@dataclass(frozen=True)
class Transforms:
    """Random affine maps of images.

    Args:
        jitter: Range of each shift in pixels, before and after the image is scaled and rotated.
        scales: Factors to choose from.
        angles: Degrees to choose from, counterclockwise.

    Example:
        >>> Transforms(jitter=(), scales=(2,), angles=(0,)).draw(np.random.default_rng(0), 1).shape
        (1, 2, 3)
    """

    jitter: tuple[int, ...] = (8, 4)
    scales: tuple[float, ...] = tuple(1 + (i - 5) / 50 for i in range(11))
    angles: tuple[float, ...] = (*range(-10, 11), *[0] * 5)

    def draw(self, rng: np.random.Generator, images: int) -> np.ndarray:
        """Draws a map for each image.

        Args:
            rng: Random numbers.
            images: Number of images.

        Returns:
            float32 array of shape (images, 2, 3): from a place in the new image to that in the old one, both (row,
            column) from the centers.
        """
        scale = rng.choice(self.scales, images)
        angle = np.deg2rad(rng.choice(self.angles, images))
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) / scale
        shifts = [rng.integers(0, size + 1, (images, 2)) - size / 2 for size in self.jitter] or [np.zeros((images, 2))]
        return np.concatenate([np.moveaxis(turn, -1, 0), np.sum(shifts, axis=0)[..., None]], -1).astype("float32")


def resample(images: Any, maps: Any) -> Any:
    """Images under affine maps, interpolated linearly, gray beyond their borders.

    Args:
        images: Tensor of shape (images, height, width, channels).
        maps: Tensor, as `Transforms.draw` gives it.

    Returns:
        Tensor of the images' shape.
    """
    count, height, width, channels = images.shape
    center = ops.convert_to_tensor(np.array([(height - 1) / 2, (width - 1) / 2], "float32"))
    grid = (
        ops.convert_to_tensor(np.indices((height, width)).reshape(1, 2, -1).swapaxes(1, 2).astype("float32")) - center
    )
    at = ops.matmul(grid, ops.transpose(maps[:, :, :2], (0, 2, 1)))
    at = at + (maps[:, None, :, 2] + center)
    corner = ops.floor(at)
    part, corner = at - corner, ops.cast(corner, "int32")
    flat = ops.reshape(images - GRAY, (-1, channels))
    first = ops.convert_to_tensor(np.arange(count, dtype="int32")[:, None] * height * width)
    found = 0
    for down in (0, 1):
        for right in (0, 1):
            row, column = corner[..., 0] + down, corner[..., 1] + right
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            index = first + ops.clip(row, 0, height - 1) * width + ops.clip(column, 0, width - 1)
            weight = ops.abs(1 - down - part[..., 0]) * ops.abs(1 - right - part[..., 1])
            found = found + (weight * ops.cast(inside, "float32"))[..., None] * ops.take(flat, index, axis=0)
    return ops.reshape(found, images.shape) + GRAY

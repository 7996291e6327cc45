"""What a run draws before it has a report: images as training sees them, and the first layer's filters."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

SAMPLE = 128
"""Side of an image in the grid of samples, pixels."""


def plot_samples(images: np.ndarray, picture_path: str | Path, columns: int = 8) -> None:
    """Draws images side by side, row by row.

    Args:
        images: Array of uint8, RGB, shape `(images, size, size, 3)`.
        picture_path: Where the PNG goes.
        columns: Images in a row.

    Raises:
        ValueError: There is no image.
    """
    if len(images) == 0:
        raise ValueError(f"Expected at least one image. Received: images of shape {images.shape}")
    # Enlarged pixels stay visible as such.
    resampling = Image.Resampling.NEAREST if images.shape[1] < SAMPLE else Image.Resampling.BILINEAR
    tiles = [np.asarray(Image.fromarray(image).resize((SAMPLE, SAMPLE), resampling)) for image in images]
    Image.fromarray(grid(tiles, columns, gap=4)).save(picture_path, format="PNG")


def filter_grid(kernel: np.ndarray, *, columns: int = 8, scale: int = 8) -> np.ndarray:
    """Convolution filters side by side, row by row, as a picture: the first layer's are as deep as an image.

    Each filter is scaled by its own largest weight: gray is 0, and what is lighter or darker is positive or negative.

    Args:
        kernel: Array of shape (height, width, 3, filters), such as the kernel of `conv1_7x7_s2`.
        columns: Filters in a row.
        scale: Pixels a side that a weight takes.

    Returns:
        uint8 RGB array of shape (picture height, picture width, 3).

    Raises:
        ValueError: The kernel is not one of RGB images.

    Example:
        >>> filter_grid(np.ones((7, 7, 3, 64))).shape
        (520, 520, 3)
    """
    kernel = np.asarray(kernel, "float64")
    if kernel.ndim != 4 or kernel.shape[2] != 3:
        raise ValueError(f"Expected a kernel of shape (height, width, 3, filters). Received: {kernel.shape}")
    kernel = np.where(np.isfinite(kernel), kernel, 0)  # those of a run that diverged, before it ends
    largest = np.abs(kernel).max(axis=(0, 1, 2))
    tiles = np.rint(127.5 + 127.5 * kernel / np.where(largest == 0, 1, largest)).astype("uint8")
    return grid(np.moveaxis(tiles, 3, 0), columns, gap=1).repeat(scale, axis=0).repeat(scale, axis=1)


def grid(tiles: Sequence[np.ndarray] | np.ndarray, columns: int, gap: int) -> np.ndarray:
    """Pictures of one size side by side, row by row, on white.

    Args:
        tiles: uint8 RGB arrays of shape (height, width, 3), one at least.
        columns: Pictures in a row.
        gap: Pixels of white around each.

    Returns:
        uint8 RGB array.

    Example:
        >>> grid(np.zeros((3, 8, 8, 3), "uint8"), columns=2, gap=1).shape
        (19, 19, 3)
    """
    framed = np.pad(tiles, [(0, -len(tiles) % columns), (gap, 0), (gap, 0), (0, 0)], constant_values=255)
    _, height, width, _ = framed.shape
    page = framed.reshape(-1, columns, height, width, 3).swapaxes(1, 2).reshape(-1, columns * width, 3)
    return np.pad(page, [(0, gap), (0, gap), (0, 0)], constant_values=255)

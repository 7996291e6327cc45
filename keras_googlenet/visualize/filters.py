"""The first layer's filters, which can be looked at as pictures since they are as deep as an image."""

import numpy as np

GAP = 1
"""Pixels of white around a filter, before it is enlarged."""


def filter_grid(kernel, *, columns=8, scale=8):
    """Convolution filters side by side, row by row, as a picture.

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
    height, width, _, count = kernel.shape
    largest = np.abs(kernel).max(axis=(0, 1, 2))
    tiles = np.rint(127.5 + 127.5 * kernel / np.where(largest == 0, 1, largest)).astype("uint8")
    rows = -(-count // columns)
    grid = np.full((rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, 3), 255, "uint8")
    for i in range(count):
        top, left = GAP + i // columns * (height + GAP), GAP + i % columns * (width + GAP)
        grid[top : top + height, left : left + width] = tiles[..., i]
    return grid.repeat(scale, axis=0).repeat(scale, axis=1)

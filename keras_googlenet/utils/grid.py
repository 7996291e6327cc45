"""Pictures of one size side by side."""

from collections.abc import Sequence

import numpy as np


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
    height, width, _ = tiles[0].shape
    rows = -(-len(tiles) // columns)
    page = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, 3), 255, "uint8")
    for i, tile in enumerate(tiles):
        top, left = gap + i // columns * (height + gap), gap + i % columns * (width + gap)
        page[top : top + height, left : left + width] = tile
    return page

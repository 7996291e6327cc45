"""Many small pictures as one: each in its cell of a grid, the larger the more it stands for."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

GAP = 2
"""Pixels of white between cells, and around them all."""

SMALLEST = 0.5
"""Side of a picture that stands for almost nothing, as a part of its cell's: smaller ones cannot be made out."""


def mosaic(
    tiles: np.ndarray, places: Sequence[Sequence[int]], amounts: np.ndarray, shape: tuple[int, int]
) -> np.ndarray:
    """Square pictures in cells of a grid, on white, in the middle of each cell.

    Args:
        tiles: uint8 array of shape (tiles, side, side, 3).
        places: The row and the column of each.
        amounts: How much each stands for, not negative. The sides grow with it, from half a cell's to the whole for
            the largest amount. What stands for 0 is left white.
        shape: Rows and columns of the grid.

    Returns:
        uint8 RGB array of shape (rows * (side + 2) + 2, columns * (side + 2) + 2, 3).

    Example:
        >>> mosaic(np.zeros((1, 8, 8, 3), "uint8"), [(0, 1)], np.ones(1), (2, 3)).shape
        (22, 32, 3)
    """
    side = tiles.shape[1]
    rows, columns = (number * (side + GAP) + GAP for number in shape)
    page = np.full((rows, columns, 3), 255, "uint8")
    parts = np.asarray(amounts, "float64") / (np.max(amounts, initial=0) or 1)
    for tile, (row, column), part in zip(tiles, places, parts, strict=True):
        if part == 0:
            continue
        size = round(side * (SMALLEST + (1 - SMALLEST) * part))
        top, left = (GAP + place * (side + GAP) + (side - size) // 2 for place in (row, column))
        picture = Image.fromarray(tile).resize((size, size), Image.Resampling.LANCZOS)
        page[top : top + size, left : left + size] = np.asarray(picture)
    return page

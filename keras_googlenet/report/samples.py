"""A grid of training images, as the network is shown them."""

from pathlib import Path

import numpy as np
from PIL import Image

CELL = 128
"""Side of an image in the grid, pixels."""

GAP = 4
"""Pixels of white around it."""


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
    rows = -(-len(images) // columns)
    step = CELL + GAP
    grid = Image.new("RGB", (columns * step + GAP, rows * step + GAP), "white")
    # Enlarged pixels stay visible as such.
    resampling = Image.Resampling.NEAREST if images.shape[1] < CELL else Image.Resampling.BILINEAR
    for i, image in enumerate(images):
        cell = Image.fromarray(image).resize((CELL, CELL), resampling)
        grid.paste(cell, (GAP + i % columns * step, GAP + i // columns * step))
    grid.save(picture_path, format="PNG")

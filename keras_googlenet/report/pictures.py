"""Pictures inside a page: as addresses that hold the picture themselves."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

THUMBNAIL = 128
"""Longest side of a picture of a mistake, pixels."""


def thumbnail(image: np.ndarray) -> tuple[str, bool]:
    """An image no larger than `THUMBNAIL`.

    Args:
        image: uint8 RGB array of shape (height, width, 3).

    Returns:
        A `data:` address, and whether the image is smaller than that.
    """
    picture = Image.fromarray(image)
    is_small = max(picture.size) < THUMBNAIL
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    return _address(picture, "JPEG", quality=88), is_small


def embedded(path: Path) -> str:
    """A picture file, in the smaller of two encodings.

    Args:
        path: The file.

    Returns:
        A `data:` address.
    """
    with Image.open(path) as file:
        image = file.convert("RGB")
    return min(_address(image, "PNG", optimize=True), _address(image, "JPEG", quality=85), key=len)


def _address(image: Image.Image, encoding: str, **options: Any) -> str:
    buffer = io.BytesIO()
    image.save(buffer, encoding, **options)
    return f"data:image/{encoding.lower()};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"

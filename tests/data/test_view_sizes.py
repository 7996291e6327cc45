"""Views that are no squares: the largest part of their proportions from the center, by every road to them."""

import io

import numpy as np
import pytest
from PIL import Image

from keras_googlenet.data import center_crop, colors
from keras_googlenet.data.images import decode_view

SIZES = [(48, 96), (96, 48), (32, 33), (64, 64)]


def picture(width, height):
    small = np.random.default_rng(0).integers(0, 256, (7, 9, 3), "uint8")
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def by_pillow(image, size):
    """The part's borders, from its proportions; the resampling is Pillow's."""
    height, width = size
    scale = min(image.width / width, image.height / height)
    left, top = (image.width - scale * width) / 2, (image.height - scale * height) / 2
    box = (left, top, left + scale * width, top + scale * height)
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR, box=box), int)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", [(201, 143), (143, 201), (96, 48), (500, 60), (20, 31)])
def test_a_view_is_the_central_part(shape, size):
    image = picture(*shape)
    assert np.abs(center_crop(np.asarray(image), size) - by_pillow(image, size)).max() <= 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("turn", range(1, 9))
def test_turned_and_large_images_are_seen_alike(size, turn, monkeypatch):
    exif = Image.Exif()
    exif[0x0112] = turn
    file = io.BytesIO()
    picture(201, 143).save(file, "PNG", exif=exif)
    at_once = decode_view(file.getvalue(), "x", size).astype(int)
    assert at_once.shape == (*size, 3)
    monkeypatch.setattr(colors, "STRIP", 2000)  # as an image of many pixels is read
    assert np.abs(decode_view(file.getvalue(), "x", size) - at_once).max() <= 1


@pytest.mark.parametrize("size", [0, (48, 0), (48, 96, 3), (4.5, 3), "48"])
def test_what_is_no_size(size):
    with pytest.raises(ValueError, match="`size` must be a positive number of pixels. Received: size="):
        center_crop(np.zeros((8, 8, 3), "uint8"), size)

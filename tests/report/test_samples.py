"""The grid of training images: each in its place, large ones reduced and small ones enlarged."""

import numpy as np
import pytest
from PIL import Image

from keras_googlenet.report import plot_samples


@pytest.mark.parametrize("size", [1, 32, 128, 224])
@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 3, 1), (6, 3, 2), (7, 3, 3)])
def test_each_image_has_its_place(tmp_path, size, count, columns, rows):
    colors = np.random.default_rng(0).integers(0, 255, (count, 3), np.uint8)
    images = np.broadcast_to(colors[:, None, None], (count, size, size, 3))
    plot_samples(images, tmp_path / "samples.png", columns=columns)
    with Image.open(tmp_path / "samples.png") as picture:
        pixels = np.array(picture)
    expected = np.full((4 + 132 * rows, 4 + 132 * columns, 3), 255, np.uint8)
    for n, color in enumerate(colors):
        top, left = 4 + 132 * (n // columns), 4 + 132 * (n % columns)
        expected[top : top + 128, left : left + 128] = color
    np.testing.assert_array_equal(pixels, expected)


def test_pixels_of_small_images_stay_pixels(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), np.uint8)
    plot_samples(image, tmp_path / "samples.png", columns=1)
    with Image.open(tmp_path / "samples.png") as picture:
        cell = np.array(picture)[4:132, 4:132]
    np.testing.assert_array_equal(cell, image[0].repeat(4, axis=0).repeat(4, axis=1))


def test_refuses_a_grid_of_nothing(tmp_path):
    with pytest.raises(ValueError, match=r"Expected at least one image. Received: images of shape \(0, 8, 8, 3\)"):
        plot_samples(np.zeros((0, 8, 8, 3), "uint8"), tmp_path / "samples.png")
    assert not (tmp_path / "samples.png").exists()

"""The grid of filters, against a picture painted weight by weight."""

import numpy as np
import pytest

from keras_googlenet.visualize import filter_grid


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 4, 1), (5, 2, 3), (6, 3, 2)])
def test_each_weight_has_its_place(count, columns, rows):
    kernel = np.random.default_rng(0).normal(size=(7, 5, 3, count)).astype("float32")
    kernel[..., 0] = 0  # a dead filter
    expected = np.full((2 * (8 * rows + 1), 2 * (6 * columns + 1), 3), 255)
    for n in range(count):
        scale = np.abs(kernel[..., n]).max() or 1
        for y in range(7):
            for x in range(5):
                top, left = 2 * (1 + 8 * (n // columns) + y), 2 * (1 + 6 * (n % columns) + x)
                expected[top : top + 2, left : left + 2] = np.rint(127.5 + 127.5 * kernel[y, x, :, n] / scale)
    picture = filter_grid(kernel, columns=columns, scale=2)
    assert picture.dtype == np.uint8
    np.testing.assert_allclose(picture, expected, atol=1)  # float32 or float64
    assert (picture[2, 2] == 128).all()  # gray is 0


@pytest.mark.parametrize("shape", [(7, 7, 64, 3), (7, 7, 1, 64), (7, 7, 3)])
def test_a_kernel_of_no_image_is_refused(shape):
    with pytest.raises(ValueError, match=r"Expected a kernel of shape \(height, width, 3, filters\). Received: "):
        filter_grid(np.zeros(shape))

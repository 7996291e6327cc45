"""What images are made of, against `numpy.fft`, and how they are changed, against SciPy."""

import numpy as np
import pytest
from keras import ops
from scipy import ndimage

from keras_googlenet.visualize import Parametrization, Transforms
from keras_googlenet.visualize.gradients import value_and_gradient
from keras_googlenet.visualize.rendering.parametrization import COLORS, inverse_transform
from keras_googlenet.visualize.rendering.transforms import GRAY, resample

SIZES = [(8, 12), (9, 12), (8, 11), (7, 9)]


def coefficients(height, width, channels=3):
    return np.random.default_rng(0).normal(size=(2, 2, channels, height, width // 2 + 1)).astype("float32")


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_the_inverse_transform_is_numpys(height, width):
    parameters = coefficients(height, width)
    frequencies = np.sqrt(np.fft.fftfreq(height)[:, None] ** 2 + np.fft.rfftfreq(width) ** 2)
    scale = 1 / np.maximum(frequencies, 1 / max(height, width))
    spectrum = (parameters[:, 0] + 1j * parameters[:, 1]) * scale
    expected = np.fft.irfft2(spectrum, (height, width), norm="ortho") / 4
    found = ops.convert_to_numpy(inverse_transform(ops.convert_to_tensor(parameters), width))
    np.testing.assert_allclose(found, np.moveaxis(expected, 1, -1), atol=1e-5)


@pytest.mark.parametrize(("height", "width"), SIZES[::3])
def test_its_gradient_is_its_adjoint(height, width):
    """Of a linear function, the gradient of its product with `y` is what a step of 1 adds, everywhere."""
    parameters = coefficients(height, width, 1)
    y = np.random.default_rng(1).normal(size=(2, height, width, 1)).astype("float32")
    product = lambda x: ops.sum(inverse_transform(x, width) * ops.convert_to_tensor(y))  # noqa: E731
    _, gradient = value_and_gradient(product, parameters)
    for place in [(0, 0, 0, 0, 0), (1, 1, 0, 3, 1), (0, 0, 0, 2, width // 2)]:
        unit = np.zeros_like(parameters)
        unit[place] = 1
        assert float(ops.convert_to_numpy(product(ops.convert_to_tensor(unit)))) == pytest.approx(
            gradient[place], abs=1e-4
        )


def test_colors():
    """Pixels of decorrelated colors: the covariance of what normal numbers become is that of the figures."""
    plain = Parametrization(fourier=False)
    parameters = np.random.default_rng(0).normal(0, 1, (1, 100, 100, 3)).astype("float32")
    levels = ops.convert_to_numpy(plain.images(ops.convert_to_tensor(parameters), parameters.shape)) / 255
    logits = np.log(levels / (1 - levels)).reshape(-1, 3)
    norm = np.linalg.norm(COLORS, axis=0).max()
    np.testing.assert_allclose(np.cov(logits.T), COLORS @ COLORS.T / norm**2, atol=0.02)
    same = Parametrization(fourier=False, decorrelated=False)
    levels = ops.convert_to_numpy(same.images(ops.convert_to_tensor(parameters), parameters.shape))
    np.testing.assert_allclose(levels, 255 / (1 + np.exp(-parameters)), rtol=1e-4)


@pytest.mark.parametrize("fourier", [True, False])
def test_images_begin_almost_gray(fourier):
    made = Parametrization(fourier=fourier)
    shape = 2, 33, 40, 1
    images = ops.convert_to_numpy(
        made.images(ops.convert_to_tensor(made.start(np.random.default_rng(0), shape)), shape)
    )
    assert images.shape == shape
    assert 0 < np.abs(images - 127.5).max() < 40


@pytest.mark.parametrize("size", [(20, 31), (16, 16)])
def test_transforms_are_scipys(size):
    transforms, rng = Transforms(), np.random.default_rng(0)
    maps = transforms.draw(rng, 3)
    images = rng.uniform(0, 255, (3, *size, 2)).astype("float32")
    found = ops.convert_to_numpy(resample(ops.convert_to_tensor(images), ops.convert_to_tensor(maps)))
    center = (np.array(size) - 1) / 2
    for image, made, turn in zip(images, found, maps, strict=True):
        offset = center + turn[:, 2] - turn[:, :2] @ center
        for channel in range(2):
            expected = ndimage.affine_transform(
                image[..., channel], turn[:, :2], offset, order=1, mode="grid-constant", cval=GRAY
            )
            np.testing.assert_allclose(made[..., channel], expected, atol=0.01)


def test_the_gradient_of_a_transform_is_its_adjoint():
    maps = Transforms().draw(np.random.default_rng(0), 1)
    rng = np.random.default_rng(1)
    x, y, z = (rng.normal(size=(1, 12, 9, 2)).astype("float32") for _ in range(3))
    product = lambda x: ops.sum(resample(x, ops.convert_to_tensor(maps)) * ops.convert_to_tensor(y))  # noqa: E731
    value, gradient = value_and_gradient(product, x)
    other, _ = value_and_gradient(product, x + z)
    assert other - value == pytest.approx((gradient * z).sum(), rel=1e-3, abs=1e-2)


def test_what_is_drawn():
    """A whole shift moves the picture; the maps scale and rotate as much as they say."""
    maps = Transforms().draw(np.random.default_rng(0), 4000)
    assert Transforms().draw(np.random.default_rng(0), 4000).tobytes() == maps.tobytes()
    scales = 1 / np.sqrt(np.linalg.det(maps[:, :, :2]))
    angles = np.rad2deg(np.arctan2(maps[:, 0, 1], maps[:, 0, 0]))
    np.testing.assert_allclose([scales.min(), scales.max()], [0.9, 1.1], rtol=1e-3)
    np.testing.assert_allclose([angles.min(), angles.max()], [-10, 10], rtol=1e-3)
    assert np.abs(maps[..., 2]).max() == 6
    still = Transforms(jitter=(4,), scales=(1,), angles=(0,)).draw(np.random.default_rng(3), 1)
    image = np.random.default_rng(0).uniform(0, 255, (1, 12, 12, 1)).astype("float32")
    found = ops.convert_to_numpy(resample(ops.convert_to_tensor(image), ops.convert_to_tensor(still)))
    down, right = still[0, :, 2].astype(int)
    np.testing.assert_allclose(found[0, 3:9, 3:9], image[0, 3 + down : 9 + down, 3 + right : 9 + right], atol=1e-3)

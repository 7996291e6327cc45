"""What an image is made of while it is optimized: Fourier coefficients of decorrelated colors, or pixels.

Gradients of a network with strides are full of high frequencies, and a step along them is noise to people. In a basis
where a photo's coefficients are about equally large and independent of each other, the same gradient is a picture
(Olah, Mordvintsev, Schubert: Feature Visualization, Distill 2017, "Preconditioning and Parameterization").
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

COLORS = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]], "float32")
"""Square root of the covariance of red, green and blue in ImageNet: lucid's `color_correlation_svd_sqrt`."""

START = 0.01
"""Standard deviation of the parameters in the beginning, lucid's."""


@dataclass(frozen=True)
class Parametrization:
    """Images as what a sigmoid makes of parameters.

    Args:
        fourier: Whether the parameters are coefficients of a real Fourier transform, divided by their frequency, as
            those of photos are. Otherwise they are pixels.
        decorrelated: Whether the three parameters of a pixel are independent colors, of which lightness varies most;
            otherwise they are red, green and blue. Gray images have no colors.
        rate: Adam's learning rate.

    Example:
        >>> fourier = Parametrization()
        >>> parameters = fourier.start(np.random.default_rng(0), (1, 32, 48, 3))
        >>> images = fourier.images(ops.convert_to_tensor(parameters), (1, 32, 48, 3))
        >>> tuple(images.shape)
        (1, 32, 48, 3)
    """

    fourier: bool = True
    decorrelated: bool = True
    rate: float = 0.05

    def start(self, rng: np.random.Generator, shape: tuple[int, int, int, int]) -> np.ndarray:
        """Parameters of images that are almost gray.

        Args:
            rng: Random numbers.
            shape: `(images, height, width, channels)`.

        Returns:
            float32 array of shape (images, 2, channels, height, width // 2 + 1), real and imaginary parts, or that of
            the images.
        """
        images, height, width, channels = shape
        found = (images, 2, channels, height, width // 2 + 1) if self.fourier else shape
        return rng.normal(0, START, found).astype("float32")

    def images(self, parameters: Any, shape: tuple[int, int, int, int]) -> Any:
        """Images.

        Args:
            parameters: Tensor, as `start` gives it.
            shape: `(images, height, width, channels)`.

        Returns:
            float32 tensor of that shape, in [0, 255].
        """
        x = inverse_transform(parameters, shape[2]) if self.fourier else parameters
        if self.decorrelated and shape[3] == 3:
            x = ops.matmul(x, ops.convert_to_tensor((COLORS / np.linalg.norm(COLORS, axis=0).max()).T))
        return 255 * ops.sigmoid(x)


def inverse_transform(parameters: Any, width: int) -> Any:
    """Images of Fourier coefficients that are scaled by 1 / frequency. Its gradient is known on every backend.

    Args:
        parameters: Tensor of shape (images, 2, channels, height, width // 2 + 1).
        width: Of the images, which may be odd.

    Returns:
        Tensor of shape (images, height, width, channels).
    """
    height, columns = parameters.shape[-2:]
    frequencies = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    scale = np.sqrt(height * width) / np.maximum(frequencies, 1 / max(height, width)) / 4
    scale[:, 1 : (width + 1) // 2] *= 2  # each of these columns has a conjugate that is left out
    padding = [[0, 0]] * 4 + [[0, width - columns]]
    spectrum = ops.pad(parameters * ops.convert_to_tensor(scale.astype("float32")), padding)
    return ops.transpose(ops.ifft2((spectrum[:, 0], spectrum[:, 1]))[0], (0, 2, 3, 1))

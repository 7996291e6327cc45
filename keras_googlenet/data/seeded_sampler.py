"""What all kinds of sampling have in common: a view follows from the seed, the epoch and the image alone."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from keras_googlenet.data.center_crop import check_view


@dataclass(frozen=True)
class SeededSampler:
    """A random view of each training image, which follows from the seed, the epoch and the image alone.

    Neither the order of the images nor the batches nor what was drawn before matter, so that a run
    can go on from any position. A kind of sampling is a subclass with its own `draw`, listed in
    `sampling.SAMPLERS`.

    Attributes:
        seed: the run's.
    """

    seed: int

    def __call__(self, image: np.ndarray, size: int, epoch: int, index: int) -> np.ndarray:
        """The view of one image in one epoch.

        Args:
            image: uint8 RGB array of shape (height, width, 3).
            size: side of the view, in pixels.
            epoch: the pass over the data, counted from 0.
            index: the image's number in its split.

        Returns:
            uint8 array of shape (size, size, 3).

        Raises:
            ValueError: `image` is no such array, or `size` no positive integer.
        """
        check_view(image, size)
        return np.array(self.view(Image.fromarray(image), size, epoch, index))

    def view(
        self, image: Image.Image, size: int, epoch: int, index: int, extent: tuple[float, float] | None = None
    ) -> Image.Image:
        """The same view, of an image as Pillow has it; it may have been decoded smaller, by `scale`.

        Args:
            image: upright, RGB.
            size: side of the view, in pixels.
            epoch: the pass over the data, counted from 0.
            index: the image's number in its split.
            extent: height and width of the whole image in pixels of `image`, of which the last may be cut off.
                `None` for those of `image`.

        Returns:
            The view, RGB, of `size` by `size` pixels.
        """
        height, width = extent or (image.height, image.width)
        return self.draw(image, size, generator(self.seed, epoch, index), height, width)

    def scale(self, height: int, width: int, size: int, epoch: int, index: int) -> int:
        """How many times smaller an image may be decoded for a view.

        Args:
            height: the image's, in pixels.
            width: the image's, in pixels.
            size: as in `view`.
            epoch: as in `view`.
            index: as in `view`.

        Returns:
            1, 2, 4 or 8.
        """
        return 1

    def draw(self, image: Image.Image, size: int, rng: np.random.Generator, height: float, width: float) -> Image.Image:
        """The view that random numbers give of an image.

        Args:
            image: upright, RGB.
            size: side of the view, in pixels.
            rng: where the choices come from.
            height: the image's, in its pixels; see `extent` of `view`.
            width: the image's, likewise.

        Returns:
            The view, RGB, of `size` by `size` pixels.
        """
        raise NotImplementedError


def generator(seed: int, epoch: int, index: int) -> np.random.Generator:
    """The random numbers of one image in one epoch, independent of those of any other.

    Args:
        seed: the run's, at least 0.
        epoch: pass over the data, counted from 0.
        index: the image's number in its split.
    """
    return np.random.default_rng((seed, epoch, index))

"""Section 6's sampling: what one pass over the training images shows of an image.

A patch of it, resized by one of four interpolations, maybe mirrored, its colors distorted. What the
paper leaves open, and what was chosen, stands where it happens and in docs/deviations.md.

Functions called `draw_...` make one random choice each; the others carry a choice out, on images of
Pillow, the library whose operations Howard's distortions are.
"""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from keras_googlenet.data.center_crop import Box, check_view

AREA = (0.08, 1.0)  # of the image's area, "distributed evenly" (section 6)
ASPECT = (3 / 4, 4 / 3)  # width / height; "chosen randomly" (section 6) is taken as evenly, too
DISTORTION = (0.5, 1.5)  # factors; 1 changes nothing (Howard 2013)

# "bilinear, area, nearest neighbor and cubic, with equal probability" (section 6). Where the patch is
# larger than the view, all but `nearest` weigh every pixel that one of the view covers.
INTERPOLATIONS = {
    "bilinear": Image.Resampling.BILINEAR,
    "area": Image.Resampling.BOX,
    "nearest": Image.Resampling.NEAREST,
    "bicubic": Image.Resampling.BICUBIC,
}

DISTORTIONS = {"contrast": ImageEnhance.Contrast, "brightness": ImageEnhance.Brightness, "color": ImageEnhance.Color}

# At worst two of five attempts at a patch succeed, but for an image within a rounding error of the limit.
_ATTEMPTS = 100


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
        return self.draw(image, size, generator(self.seed, epoch, index))

    def draw(self, image: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
        """The view that random numbers give of an image.

        Args:
            image: uint8 RGB array of shape (height, width, 3).
            size: side of the view, in pixels.
            rng: where the choices come from.

        Returns:
            uint8 array of shape (size, size, 3).
        """
        raise NotImplementedError


class Sampler(SeededSampler):
    """Section 6's sampling.

    The paper does not say whether colors are distorted before or after the resize: after, which
    leaves fewer pixels to distort. Nor does it mention mirroring in training: Howard mirrors, and
    so do the paper's own crops for testing (section 7).

    Example:
        >>> sampler = Sampler(seed=7)
        >>> sampler(np.zeros((375, 500, 3), "uint8"), 224, epoch=0, index=0).shape
        (224, 224, 3)
    """

    def draw(self, image: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
        """See `SeededSampler.draw`."""
        patch = draw_patch(rng, *image.shape[:2])
        view = resize_patch(Image.fromarray(image), patch, size, draw_interpolation(rng))
        if draw_flip(rng):
            view = ImageOps.mirror(view)
        for kind, factor in draw_distortions(rng):
            view = distort(view, kind, factor)
        return np.array(view)


def generator(seed: int, epoch: int, index: int) -> np.random.Generator:
    """The random numbers of one image in one epoch, independent of those of any other.

    Args:
        seed: the run's, at least 0.
        epoch: pass over the data, counted from 0.
        index: the image's number in its split.
    """
    return np.random.default_rng((seed, epoch, index))


def draw_patch(rng: np.random.Generator, height: int, width: int) -> Box:
    """A patch whose area, aspect ratio and position are uniform.

    Not every pair of area and aspect ratio fits into the image (none but the square fills a square).
    The pairs are uniform among those that fit: drawn evenly, and anew until one fits. In an image
    more than 16 2/3 times as long as it is wide none does: there the patch is as large as one of an
    allowed aspect ratio can be, and only its position is random.

    Args:
        rng: where the choices come from.
        height: the image's, in pixels.
        width: the image's, in pixels.

    Returns:
        Left, upper, right and lower edge in pixels, not rounded: an image of 3 pixels has patches of
        any size, too.
    """
    patch_height, patch_width = _draw_extent(rng, height, width)
    left, top = rng.random() * (width - patch_width), rng.random() * (height - patch_height)
    # The sums may exceed the image by a rounding error.
    return left, top, min(left + patch_width, width), min(top + patch_height, height)


def _draw_extent(rng: np.random.Generator, height: int, width: int) -> tuple[float, float]:
    aspect = width / height
    # Pairs are drawn from the smallest ranges that hold all those that fit: area <= ratio / aspect
    # (or the patch is too wide) and area <= aspect / ratio (or it is too high).
    narrowest, widest = max(ASPECT[0], aspect * AREA[0]), min(ASPECT[1], aspect / AREA[0])
    largest = min(AREA[1], ASPECT[1] / aspect, aspect / ASPECT[0])
    if narrowest < widest:
        for _ in range(_ATTEMPTS):
            area = rng.uniform(AREA[0], largest) * height * width
            ratio = rng.uniform(narrowest, widest)
            patch_height, patch_width = math.sqrt(area / ratio), math.sqrt(area * ratio)
            if patch_height <= height and patch_width <= width:
                return patch_height, patch_width
    ratio = min(max(aspect, ASPECT[0]), ASPECT[1])
    return min(height, width / ratio), min(width, height * ratio)


def draw_interpolation(rng: np.random.Generator) -> str:
    """One of `INTERPOLATIONS`, each as likely as another."""
    return list(INTERPOLATIONS)[rng.integers(len(INTERPOLATIONS))]


def draw_flip(rng: np.random.Generator) -> bool:
    """Whether to mirror the view: yes half of the time."""
    return bool(rng.random() < 0.5)


def draw_distortions(rng: np.random.Generator) -> list[tuple[str, float]]:
    """Each of `DISTORTIONS` with its factor, in the order in which they are to be done."""
    kinds = list(DISTORTIONS)
    return [(kinds[i], rng.uniform(*DISTORTION)) for i in rng.permutation(len(kinds))]


def resize_patch(image: Image.Image, patch: Box, size: int, interpolation: str) -> Image.Image:
    """A patch of an image as a square, whatever its aspect ratio.

    Args:
        image: the whole image, RGB.
        patch: as `draw_patch` gives it.
        size: side of the square, in pixels.
        interpolation: one of `INTERPOLATIONS`.
    """
    return image.resize((size, size), INTERPOLATIONS[interpolation], box=patch)


def distort(image: Image.Image, kind: str, factor: float) -> Image.Image:
    """Contrast, brightness or color scaled by a factor, clipped to 0-255.

    Each pixel moves away from (factor above 1) or toward (below 1) the mean gray of the image, black,
    or its own gray.

    Args:
        image: RGB.
        kind: one of `DISTORTIONS`.
        factor: 1 changes nothing.
    """
    return DISTORTIONS[kind](image).enhance(factor)

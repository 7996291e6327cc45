"""Section 6's sampling: what one pass over the training images shows of an image.

A patch of it, resized by one of four interpolations, maybe mirrored, its colors distorted. What the
paper leaves open, and what was chosen, stands where it happens and in docs/deviations.md.

Functions called `draw_...` make one random choice each; the others carry a choice out, on images of
Pillow, the library whose operations Howard's distortions are.
"""

import math

import numpy as np
from PIL import Image, ImageOps, ImageStat

from keras_googlenet.data.center_crop import Box
from keras_googlenet.data.seeded_sampler import SeededSampler, generator

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

# What a distortion moves each pixel away from, or toward: bit for bit Pillow's `ImageEnhance`, with fewer copies.
DISTORTIONS = {
    "contrast": lambda image: Image.new("RGB", image.size, (_mean_gray(image),) * 3),
    "brightness": lambda image: Image.new("RGB", image.size),
    "color": lambda image: image.convert("L").convert("RGB"),
}

# A JPEG is decoded so many times smaller as leaves, each way, so many pixels for one of the view. Views then differ by
# a few gray levels. `nearest` takes single pixels, and `area` weighs whole ones: it takes many to make no difference.
SCALES = (8, 4, 2)
LEFT = {"bilinear": 1, "bicubic": 1, "area": 4}

# At worst two of five attempts at a patch succeed, but for an image within a rounding error of the limit.
_ATTEMPTS = 100


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

    def draw(self, image: Image.Image, size: int, rng: np.random.Generator, height: float, width: float) -> Image.Image:
        """See `SeededSampler.draw`."""
        patch = draw_patch(rng, height, width)
        view = resize_patch(image, patch, size, draw_interpolation(rng))
        if draw_flip(rng):
            view = ImageOps.mirror(view)
        for kind, factor in draw_distortions(rng):
            view = distort(view, kind, factor)
        return view

    def scale(self, height: int, width: int, size: int, epoch: int, index: int) -> int:
        """See `SeededSampler.scale`."""
        rng = generator(self.seed, epoch, index)
        left, top, right, bottom = draw_patch(rng, height, width)
        least = size * LEFT.get(draw_interpolation(rng), math.inf)
        return next((scale for scale in SCALES if min(right - left, bottom - top) >= scale * least), 1)


def draw_patch(rng: np.random.Generator, height: float, width: float) -> Box:
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


def _draw_extent(rng: np.random.Generator, height: float, width: float) -> tuple[float, float]:
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
    return Image.blend(DISTORTIONS[kind](image), image, factor)


def _mean_gray(image: Image.Image) -> int:
    return int(ImageStat.Stat(image.convert("L")).mean[0] + 0.5)

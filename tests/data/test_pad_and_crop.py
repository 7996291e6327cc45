"""The sampling of small images: NumPy's own padding as its twin, and each choice as frequent as another."""

import collections
import itertools

import numpy as np
import pytest
from scipy import stats
from support.resize_twin import resized

from keras_googlenet.data import augmentation, center_crop, pad_and_crop
from keras_googlenet.data.mirror import MirrorSampler
from keras_googlenet.data.pad_and_crop import PadAndCropSampler

SIGNIFICANCE = 1e-3  # the draws are always the same


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def crops(image, padding):
    """The twin: all that one can cut out of a padded image around its center, by its pixels, mirrored or not."""
    padded = np.pad(image, ((padding, padding), (padding, padding), (0, 0)), mode="reflect")
    height, width = image.shape[:2]
    side = min(height, width)
    y, x = (height - side) // 2, (width - side) // 2
    places = itertools.product(range(2 * padding + 1), repeat=2)
    squares = [padded[y + down :, x + right :][:side, :side] for down, right in places]
    return [view for square in squares for view in (square, square[:, ::-1])]


def test_cifar_is_padded_by_four_pixels_and_each_crop_as_likely_as_another():
    """He et al. 2015, section 4.2: 9 x 9 places, each mirrored or not."""
    image = noise(32, 32)
    expected = [view.tobytes() for view in crops(image, 4)]
    assert len(set(expected)) == 162
    sampler = PadAndCropSampler(seed=3)
    found = [sampler(image, 32, epoch, index).tobytes() for epoch in range(10) for index in range(1000)]
    counts = collections.Counter(found)
    assert set(counts) <= set(expected)
    assert stats.chisquare([counts[view] for view in expected]).pvalue > SIGNIFICANCE


@pytest.mark.parametrize(
    ("height", "width", "padding"),
    [(8, 8, 1), (28, 28, 3), (7, 7, 0), (1, 1, 0), (1, 9, 0), (16, 21, 2), (40, 16, 2), (24, 25, 3)],
)
def test_each_crop_is_one_of_the_padded_image(height, width, padding):
    image = noise(height, width)
    side = min(height, width)
    expected = {view.tobytes() for view in crops(image, padding)}
    found = {PadAndCropSampler(1)(image, side, 0, index).tobytes() for index in range(12 * len(expected))}
    assert found == expected


@pytest.mark.parametrize(("height", "width", "size"), [(32, 32, 48), (32, 40, 20), (3, 2, 7), (64, 64, 9)])
def test_the_crop_is_resized_as_for_evaluation(height, width, size):
    image = noise(height, width)
    for index in range(10):
        rng = augmentation.generator(5, 6, index)
        square = pad_and_crop.crop_at(image, *pad_and_crop.draw_offset(rng, min(height, width)))
        if pad_and_crop.draw_flip(rng):
            square = square[:, ::-1]
        view = PadAndCropSampler(5)(image, size, 6, index)
        assert (view.dtype, view.shape) == (np.uint8, (size, size, 3))
        np.testing.assert_array_equal(view, center_crop(np.ascontiguousarray(square), size))
        side = len(square)
        np.testing.assert_allclose(view, resized(square, (0, 0, side, side), size, "bilinear"), atol=1.5)


def test_a_view_follows_from_seed_epoch_and_index():
    image = noise(64, 64)
    keys = list(itertools.product((0, 1, 2**32 - 1), (0, 1), (0, 1, 2**62)))
    views = {(seed, *key): PadAndCropSampler(seed)(image, 64, *key).tobytes() for seed, *key in keys}
    assert len(set(views.values())) == len(keys)
    for seed, *key in reversed(keys):
        assert PadAndCropSampler(seed)(image, 64, *key).tobytes() == views[seed, *key]
    with pytest.raises(AttributeError):
        PadAndCropSampler(0).seed = 1


def test_offsets_are_even_and_independent():
    offsets = np.array([pad_and_crop.draw_offset(augmentation.generator(2, 0, index), 100) for index in range(10_000)])
    for column in offsets.T:
        values, counts = np.unique(column, return_counts=True)
        assert values.tolist() == list(range(-12, 13))
        assert stats.chisquare(counts).pvalue > SIGNIFICANCE
    assert stats.spearmanr(*offsets.T).pvalue > SIGNIFICANCE


@pytest.mark.parametrize(
    ("image", "size", "message"),
    [
        (np.zeros((4, 4), "uint8"), 8, r"`image` must be a uint8 array.*Received: dtype uint8, shape \(4, 4\)"),
        (np.zeros((4, 4, 3), "uint8"), 0, "`size` must be a positive number of pixels. Received: size=0"),
    ],
)
def test_what_cannot_be_cropped(image, size, message):
    with pytest.raises(ValueError, match=message):
        PadAndCropSampler(0)(image, size, 0, 0)


@pytest.mark.parametrize("seed", [0, 1])
def test_mirror_is_the_evaluation_view_and_its_mirror_image_in_turn(seed):
    image, sampler = noise(50, 40), MirrorSampler(seed)
    views = [sampler(image, 32, epoch, index=3) for epoch in range(4)]
    for view, flipped in zip(views, (False, True, False, True), strict=True):
        np.testing.assert_array_equal(view, np.fliplr(center_crop(image, 32)) if flipped else views[0])
    np.testing.assert_array_equal(views[0], center_crop(image, 32))

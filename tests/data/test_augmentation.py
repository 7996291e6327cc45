"""Section 6's sampling: each distribution against its formula, each operation against a slow NumPy twin.

The random numbers are those of training: a generator of its own for each image and epoch.
"""

import itertools

import numpy as np
import pytest
from scipy import stats
from support.resize_twin import resized

from keras_googlenet.data import augmentation
from keras_googlenet.data.augmentation import Sampler

EPOCHS, IMAGES = 10, 1000
SIGNIFICANCE = 1e-3  # of each test; the draws are always the same


def draws(function, *arguments):
    """What a function draws for each image in each epoch."""
    return [
        function(augmentation.generator(5, epoch, index), *arguments)
        for epoch in range(EPOCHS)
        for index in range(IMAGES)
    ]


def photo(height, width, seed=0):
    """Smooth colors with some noise on them."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / rng.uniform(3, 30) + rng.uniform(0, 6)) * np.cos(y / rng.uniform(3, 30)) for _ in range(3)]
    return np.clip(127 + 90 * np.stack(waves, axis=-1) + rng.normal(0, 15, (height, width, 3)), 0, 255).astype("uint8")


def same_frequency(values, expected):
    """Chi-square: is each of the expected values as frequent as any other, and nothing else there?"""
    counts = [values.count(value) for value in expected]
    assert sum(counts) == len(values)
    assert stats.chisquare(counts).pvalue > SIGNIFICANCE, counts


# What is drawn


def marginals(height, width):
    """The distribution functions of area and aspect ratio: even over the pairs that fit, counted on a fine grid."""
    edges = np.linspace(0.08, 1, 8001), np.linspace(3 / 4, 4 / 3, 501)
    areas, ratios = ((grid[1:] + grid[:-1]) / 2 for grid in edges)
    pixels = areas[:, None] * height * width
    fits = (np.sqrt(pixels * ratios) <= width) & (np.sqrt(pixels / ratios) <= height)
    sums = (np.concatenate([[0], np.cumsum(fits.sum(axis))]) / fits.sum() for axis in (1, 0))
    return [lambda x, grid=grid, part=part: np.interp(x, grid, part) for grid, part in zip(edges, sums, strict=True)]


def assert_inside(left, top, right, bottom, height, width):
    assert min(left.min(), top.min(), (width - right).min(), (height - bottom).min()) >= 0


@pytest.mark.parametrize(("height", "width"), [(224, 224), (10, 125), (120, 10), (3, 2)])
def test_patches_are_even_among_those_that_fit(height, width):
    left, top, right, bottom = np.array(draws(augmentation.draw_patch, height, width)).T
    assert_inside(left, top, right, bottom, height, width)
    patch_width, patch_height = right - left, bottom - top
    areas, ratios = patch_width * patch_height / (height * width), patch_width / patch_height
    for values, distribution in zip((areas, ratios), marginals(height, width), strict=True):
        assert stats.kstest(values, distribution).pvalue > SIGNIFICANCE
    # Where the patch lies, among the places that it can take.
    positions = left / (width - patch_width), top / (height - patch_height)
    for values in positions:
        assert stats.kstest(values, "uniform").pvalue > SIGNIFICANCE
    for one, other in itertools.combinations((areas, *positions), 2):
        assert stats.spearmanr(one, other).pvalue > SIGNIFICANCE


def test_where_everything_fits_the_area_is_the_papers():
    """In a 4:3 image, what does not fit depends on the ratio only below 9/16 of the area: up to there, all is even."""
    left, top, right, bottom = np.array(draws(augmentation.draw_patch, 300, 400)).T
    areas = (right - left) * (bottom - top) / (300 * 400)
    ratios = (right - left) / (bottom - top)
    assert areas.min() < 0.081
    assert areas.max() > 0.98
    free = areas < 9 / 16
    assert free.sum() > EPOCHS * IMAGES / 3
    assert stats.kstest(areas[free], stats.uniform(0.08, 9 / 16 - 0.08).cdf).pvalue > SIGNIFICANCE
    assert stats.kstest(ratios[free], stats.uniform(3 / 4, 4 / 3 - 3 / 4).cdf).pvalue > SIGNIFICANCE


@pytest.mark.parametrize(
    ("height", "width", "patch_height", "patch_width"), [(3, 51, 3, 4), (51, 3, 4, 3), (1, 9000, 1, 4 / 3)]
)
def test_where_no_allowed_patch_fits_it_is_as_large_as_can_be(height, width, patch_height, patch_width):
    left, top, right, bottom = np.array(draws(augmentation.draw_patch, height, width)).T
    assert_inside(left, top, right, bottom, height, width)
    np.testing.assert_allclose(right - left, patch_width, rtol=1e-9)
    np.testing.assert_allclose(bottom - top, patch_height, rtol=1e-9)
    along, room = (left, width - patch_width) if width > height else (top, height - patch_height)
    assert stats.kstest(along / room, "uniform").pvalue > SIGNIFICANCE


@pytest.mark.parametrize(("height", "width"), [(3, 50), (50, 3)])
def test_the_longest_image_that_an_allowed_patch_fits(height, width):
    """Nothing but one pair of area and ratio is left there, give or take a rounding error."""
    left, top, right, bottom = augmentation.draw_patch(np.random.default_rng(0), height, width)
    assert (right - left) * (bottom - top) == pytest.approx(0.08 * 150, rel=1e-6)


def test_interpolations_are_as_likely_as_each_other():
    assert set(augmentation.INTERPOLATIONS) == {"bilinear", "area", "nearest", "bicubic"}
    same_frequency(draws(augmentation.draw_interpolation), list(augmentation.INTERPOLATIONS))


def test_half_of_the_views_are_mirrored():
    same_frequency(draws(augmentation.draw_flip), [False, True])


def test_distortions_come_in_any_order_with_even_factors():
    found = draws(augmentation.draw_distortions)
    kinds = ("contrast", "brightness", "color")
    same_frequency([tuple(kind for kind, _ in one) for one in found], list(itertools.permutations(kinds)))
    factors = np.array([[dict(one)[kind] for kind in kinds] for one in found])
    for column in factors.T:
        assert stats.kstest(column, stats.uniform(0.5, 1.0).cdf).pvalue > SIGNIFICANCE
    for one, other in itertools.combinations(factors.T, 2):
        assert stats.spearmanr(one, other).pvalue > SIGNIFICANCE


def test_the_choices_about_one_image_are_independent(monkeypatch):
    """All of the sampler's choices, recorded as it makes them."""
    made = []
    for name in ("draw_patch", "draw_interpolation", "draw_flip", "draw_distortions"):
        draw = getattr(augmentation, name)
        monkeypatch.setattr(
            augmentation, name, lambda *args, draw=draw: (made[-1].append(draw(*args)), made[-1][-1])[1]
        )
    image = augmentation.Image.new("RGB", (4, 3))

    def record(rng):
        made.append([])
        Sampler(0).draw(image, 2, rng, 3, 4)

    draws(record)
    assert {len(one) for one in made} == {4}
    large = [(right - left) * (bottom - top) > 5 for (left, top, right, bottom), *_ in made]
    interpolations, flips = [one[1] for one in made], [one[2] for one in made]
    orders = [tuple(kind for kind, _ in one[3]) for one in made]
    for one, other in itertools.combinations((large, interpolations, flips, orders), 2):
        table = stats.contingency.crosstab(np.array([hash(v) for v in one]), np.array([hash(v) for v in other])).count
        assert stats.chi2_contingency(table).pvalue > SIGNIFICANCE


# What is done with it


def gray(pixels):
    return pixels @ [0.299, 0.587, 0.114]


def distorted(pixels, kind, factor):
    """The NumPy twin of `distort`."""
    origin = {
        "contrast": np.rint(gray(pixels)).mean(),
        "brightness": 0.0,
        "color": gray(pixels)[..., None],
    }[kind]
    return (origin + factor * (pixels - origin)).clip(0, 255)


@pytest.mark.parametrize("interpolation", augmentation.INTERPOLATIONS)
@pytest.mark.parametrize(
    ("height", "width", "patch"),
    [
        (60, 80, (10.3, 5.7, 71.9, 58.1)),  # shrunk
        (60, 80, (31.2, 40.6, 38.5, 46.8)),  # enlarged
        (60, 80, (0, 0, 80, 60)),
        (1, 1, (0.2, 0.1, 0.7, 0.8)),
        (2, 90, (50.1, 0.0, 52.7, 2.0)),
        (70, 1, (0.0, 68.9, 1.0, 70.0)),
    ],
)
def test_patches_are_resized_as_numpy_does(height, width, patch, interpolation):
    pixels = photo(height, width)
    view = augmentation.resize_patch(augmentation.Image.fromarray(pixels), patch, 24, interpolation)
    # Rounded twice: halfway between the two passes, and at the end.
    np.testing.assert_allclose(np.array(view).astype(float), resized(pixels, patch, 24, interpolation), atol=1.5)


@pytest.mark.parametrize("kind", augmentation.DISTORTIONS)
@pytest.mark.parametrize("factor", [0.5, 0.9, 1.0, 1.1, 1.5])
def test_colors_are_distorted_as_numpy_does(kind, factor):
    pixels = photo(40, 50)
    view = augmentation.distort(augmentation.Image.fromarray(pixels), kind, factor)
    # Pillow cuts fractions off, and rounds the mean and the grays.
    np.testing.assert_allclose(np.array(view).astype(float), distorted(pixels, kind, factor), atol=1.3)


def test_a_flip_mirrors_left_and_right():
    pixels = photo(4, 5)
    np.testing.assert_array_equal(augmentation.ImageOps.mirror(augmentation.Image.fromarray(pixels)), pixels[:, ::-1])


@pytest.mark.parametrize(
    ("height", "width"), [(60, 80), (80, 60), (1, 1), (1, 2), (2, 1), (1, 40), (40, 1), (3, 400), (400, 3)]
)
def test_a_sample_is_what_was_drawn(height, width):
    """Each choice drawn again in order, and carried out by the twins."""
    pixels = photo(height, width)
    for index in range(20):
        rng = augmentation.generator(1, 2, index)
        patch = augmentation.draw_patch(rng, height, width)
        expected = resized(pixels, patch, 16, augmentation.draw_interpolation(rng))
        if augmentation.draw_flip(rng):
            expected = expected[:, ::-1]
        for kind, factor in augmentation.draw_distortions(rng):
            expected = distorted(expected, kind, factor)
        view = Sampler(seed=1)(pixels, 16, 2, index)
        assert view.dtype == np.uint8
        # Four steps round, Pillow mostly downwards, and the factors scale it.
        np.testing.assert_allclose(view.astype(float), expected, atol=5)


def test_a_sample_follows_from_seed_epoch_and_index():
    pixels = photo(60, 80)
    keys = list(itertools.product((0, 1, 2**32 - 1), (0, 1, 2), (0, 1, 2, 2**62)))
    views = {(seed, *key): Sampler(seed)(pixels, 16, *key).tobytes() for seed, *key in keys}
    assert len(set(views.values())) == len(keys)
    for seed, epoch, index in reversed(keys):  # in another order, by samplers that have seen other images
        sampler = Sampler(seed)
        sampler(pixels, 16, 3, 77)
        assert sampler(pixels, 16, epoch, index).tobytes() == views[seed, epoch, index]


@pytest.mark.parametrize(
    ("image", "size", "message"),
    [
        (np.zeros((4, 4), "uint8"), 8, r"`image` must be a uint8 array.*Received: dtype uint8, shape \(4, 4\)"),
        (np.zeros((4, 4, 3), "float32"), 8, "`image` must be a uint8 array.*Received: dtype float32"),
        (np.zeros((0, 4, 3), "uint8"), 8, "`image` must be a uint8 array"),
        (np.zeros((4, 4, 3), "uint8"), 0, "`size` must be a positive number of pixels. Received: size=0"),
    ],
)
def test_what_cannot_be_sampled(image, size, message):
    with pytest.raises(ValueError, match=message):
        Sampler(0)(image, size, 0, 0)

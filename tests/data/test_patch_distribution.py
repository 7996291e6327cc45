"""100,000 patches as training draws them, against section 6's distribution, which is integrated here.

Area and aspect ratio are even over the pairs that fit into the image. With a the area as a part of the image's, r the
patch's aspect ratio and A the image's, the patch is no wider than the image if a r <= A, and no higher if a A <= r.
"""

import numpy as np
import pytest
from scipy import integrate, stats

from keras_googlenet.data import augmentation

DRAWS = 100_000
SIGNIFICANCE = 1e-3  # of each test; the draws are always the same
IMAGES = pytest.mark.parametrize(("height", "width"), [(375, 500), (500, 375), (224, 224)])


def ratios_that_fit(area, aspect):
    """The lowest and the highest aspect ratio of patches of some area; none if the first is above."""
    return np.maximum(3 / 4, area * aspect), np.minimum(4 / 3, aspect / area)


def areas_that_fit(ratio, aspect):
    """How much of 0.08-1 the area of a patch of some aspect ratio can take."""
    return np.minimum(1, np.minimum(aspect / ratio, ratio / aspect)) - 0.08


def distribution(density, low, high):
    """The distribution function of a density that is not normalized, integrated numerically."""
    points = np.linspace(low, high, 20_001)
    parts = integrate.cumulative_trapezoid(np.maximum(density(points), 0), points, initial=0)
    return lambda x: np.interp(x, points, parts / parts[-1])


def p_values(areas, ratios, aspect):
    """Of the areas, of the ratios, and of each ratio's place among those that its area allows."""
    lowest, highest = ratios_that_fit(areas, aspect)
    by_area = distribution(lambda a: np.subtract(*ratios_that_fit(a, aspect)[::-1]), 0.08, 1)
    by_ratio = distribution(lambda r: areas_that_fit(r, aspect), 3 / 4, 4 / 3)
    return {
        "area": stats.kstest(areas, by_area).pvalue,
        "ratio": stats.kstest(ratios, by_ratio).pvalue,
        "ratio given area": stats.kstest((ratios - lowest) / (highest - lowest), "uniform").pvalue,
    }


@pytest.mark.reads
@IMAGES
def test_patches_are_section_6s(height, width):
    patches = [augmentation.draw_patch(augmentation.generator(0, 0, n), height, width) for n in range(DRAWS)]
    left, top, right, bottom = np.array(patches).T
    areas, ratios = (right - left) * (bottom - top) / (height * width), (right - left) / (bottom - top)
    found = p_values(areas, ratios, width / height)
    assert min(found.values()) > SIGNIFICANCE, found
    # Unconditionally even they cannot be: few large patches fit.
    assert stats.kstest(areas, stats.uniform(0.08, 0.92).cdf).pvalue < SIGNIFICANCE


def even(rng, low, high):
    return rng.uniform(low, high, 3 * DRAWS)


def even_in_square_root(rng, low, high):
    return even(rng, low**0.5, high**0.5) ** 2


def even_in_logarithm(rng, low, high):
    return np.exp(even(rng, np.log(low), np.log(high)))


@IMAGES
@pytest.mark.parametrize(
    ("draw_area", "draw_ratio", "rejected"),
    [
        (even, even, set()),
        (even_in_square_root, even, {"area"}),
        (even, even_in_logarithm, {"ratio", "ratio given area"}),
    ],
)
def test_another_distribution_would_be_found_out(height, width, draw_area, draw_ratio, rejected):
    aspect, rng = width / height, np.random.default_rng(1)
    areas, ratios = draw_area(rng, 0.08, 1), draw_ratio(rng, 3 / 4, 4 / 3)
    fits = (areas * ratios <= aspect) & (areas * aspect <= ratios)
    found = p_values(areas[fits][:DRAWS], ratios[fits][:DRAWS], aspect)
    assert fits.sum() > DRAWS
    assert rejected <= {name for name, p_value in found.items() if p_value < SIGNIFICANCE}
    assert rejected or min(found.values()) > SIGNIFICANCE, found


@IMAGES
def test_an_area_drawn_after_its_ratio_would_be_found_out(height, width):
    """Each ratio as likely as another, and then the area among those that fit: even pairs are something else."""
    aspect, rng = width / height, np.random.default_rng(2)
    ratios = rng.uniform(3 / 4, 4 / 3, DRAWS)
    areas = 0.08 + rng.uniform(0, 1, DRAWS) * areas_that_fit(ratios, aspect)
    found = p_values(areas, ratios, aspect)
    assert max(found["area"], found["ratio"]) < SIGNIFICANCE

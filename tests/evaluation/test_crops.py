"""The crops against a slow, literal twin."""

import numpy as np
import pytest
from PIL import Image
from support import crops_twin

from keras_googlenet.data import center_crop
from keras_googlenet.evaluation import crops
from keras_googlenet.evaluation.crops import CROPS, crop_indices, scales, squares

SHAPES = [(40, 61), (61, 40), (53, 53), (9, 14), (19, 7), (36, 37), (3, 2)]
"""Heights and widths: landscape, portrait, square, smaller than the crops, nearly square.

None is resized tenfold: a level halfway between two of them is then common, and rounded either way.
"""


def picture(height, width, seed=0):
    """Smooth enough to be resized sensibly, and different everywhere."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (max(height // 3, 2), max(width // 3, 2), 3), np.uint8)
    return np.array(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("shape", SHAPES)
def test_all_144_are_the_twins(shape):
    image, size = picture(*shape), 32
    expected = crops_twin.crops144(image, size, (37, 41, 46, 50))
    found = crops(image, 144, size)
    assert found.shape == (144, 32, 32, 3)
    for (name, view), one in zip(expected, found, strict=True):
        assert np.abs(one.astype(int) - view.astype(int)).max() <= 1, name


@pytest.mark.parametrize("shape", [(256, 400), (400, 256), (256, 256)])
def test_to_the_bit_where_nothing_is_resized(shape):
    """At the smallest scale of an image of 256 pixels only the whole squares are resized."""
    image = np.random.default_rng(3).integers(0, 256, (*shape, 3), np.uint8)
    found = crops(image, 144)
    side, far = 256, max(shape) - 256
    for number, start in enumerate((0, far // 2, far)):
        square = image[:, start : start + side] if shape[1] > shape[0] else image[start : start + side]
        for place, (top, left) in enumerate([(0, 0), (0, 32), (32, 0), (32, 32), (16, 16)]):
            view = square[top : top + 224, left : left + 224]
            np.testing.assert_array_equal(found[12 * number + 2 * place], view)
            np.testing.assert_array_equal(found[12 * number + 2 * place + 1], view[:, ::-1])


def test_the_papers_scales():
    assert scales(224) == (256, 288, 320, 352)


@pytest.mark.parametrize("shape", [(33, 70), (70, 33)])
@pytest.mark.parametrize("count", [1, 10])
def test_fewer_crops_are_some_of_the_many(shape, count):
    """Of the central square at the smallest scale: all but the resized one; and the center."""
    image = picture(*shape)
    names = [name for name, _ in crops_twin.crops144(image, 32, (37, 41, 46, 50))]
    chosen = [names[index] for index in crop_indices(count)]
    assert all(name.startswith("37 center") and "whole" not in name for name in chosen)
    if count == 1:
        assert chosen == ["37 center center"]
    np.testing.assert_array_equal(crops(image, 144, 32)[list(crop_indices(count))], crops(image, count, 32))
    np.testing.assert_array_equal(crops(image, 10, 32)[list(crop_indices(1, of=10))], crops(image, 1, 32))


def test_no_crop_is_the_view_of_validation():
    image = picture(50, 70)
    np.testing.assert_array_equal(crops(image, 0, 32), [center_crop(image, 32)])
    assert list(crop_indices(0, of=0)) == [0]


@pytest.mark.parametrize("shape", [(8, 200), (200, 8)])
def test_squares_of_a_panorama_are_those_of_the_whole(shape):
    image = picture(*shape)
    whole = crops_twin.resize(image, *(37 * length // 8 for length in shape))
    for found, start in zip(squares(image, 37), (0, (925 - 37) // 2, 925 - 37), strict=True):
        expected = whole[:, start : start + 37] if shape[0] == 8 else whole[start : start + 37]
        assert np.abs(found.astype(int) - expected.astype(int)).max() <= 1


def test_a_panorama_is_not_enlarged_as_a_whole():
    """Resized to 256 pixels of height it would fill 11 GiB."""
    assert crops(np.zeros((2, 120_000, 3), "uint8"), 10).shape == (10, 224, 224, 3)


@pytest.mark.parametrize(
    ("image", "count", "size", "message"),
    [
        (np.zeros((5, 5, 3), "uint8"), 2, 224, "one of 0, 1, 10, 144. Received: count=2"),
        (np.zeros((5, 5, 3), "uint8"), 1, 0, "size=0"),
        (np.zeros((5, 5, 3), "float32"), 1, 224, "Received: dtype float32"),
        (np.zeros((5, 5), "uint8"), 1, 224, r"shape \(5, 5\)"),
        (np.zeros((0, 5, 3), "uint8"), 1, 224, r"shape \(0, 5, 3\)"),
    ],
)
def test_what_is_no_image_is_refused(image, count, size, message):
    with pytest.raises(ValueError, match=message):
        crops(image, count, size)


@pytest.mark.parametrize(("count", "of"), [(0, 144), (144, 10), (1, 0), (7, 144)])
def test_numbers_that_are_not_contained_are_refused(count, of):
    with pytest.raises(ValueError, match=f"Received: {count}"):
        crop_indices(count, of)


def test_there_are_as_many_as_asked_for():
    assert [len(crops(picture(40, 61), count, 32)) for count in CROPS] == [1, 1, 10, 144]

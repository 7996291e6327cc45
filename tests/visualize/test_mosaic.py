"""Mosaics: which pixels a tile gets, and how much of them."""

import numpy as np
import pytest

from keras_googlenet.visualize.mosaics.mosaic import GAP, mosaic

SIDE = 20


def tiles(count):
    return np.random.default_rng(0).integers(0, 200, (count, SIDE, SIDE, 3)).astype("uint8")


def cell(page, row, column):
    top, left = GAP + row * (SIDE + GAP), GAP + column * (SIDE + GAP)
    return page[top : top + SIDE, left : left + SIDE]


def test_tiles_of_one_amount_fill_their_cells():
    made, places = tiles(3), [(0, 0), (0, 2), (1, 1)]
    page = mosaic(made, places, np.full(3, 7.5), (2, 3))
    assert page.shape == (2 * SIDE + 3 * GAP, 3 * SIDE + 4 * GAP, 3)
    for tile, place in zip(made, places, strict=True):
        np.testing.assert_array_equal(cell(page, *place), tile)
        cell(page, *place)[:] = 255
    assert (page == 255).all()  # nothing is drawn elsewhere


def test_sides_grow_with_amounts():
    amounts = np.array([8.0, 4.8, 0.0, 0.0001])
    page = mosaic(np.zeros((4, SIDE, SIDE, 3), "uint8"), [(0, i) for i in range(4)], amounts, (1, 4))
    areas = [(cell(page, 0, i) == 0).all(-1).sum() for i in range(4)]
    assert areas == [20**2, 16**2, 0, 10**2]
    rows, columns = np.nonzero((cell(page, 0, 1) == 0).all(-1))
    assert rows.mean() == columns.mean() == pytest.approx((SIDE - 1) / 2)  # in the middle


def test_nothing_is_a_white_page():
    assert (mosaic(tiles(2), [(0, 0), (0, 1)], np.zeros(2), (1, 2)) == 255).all()

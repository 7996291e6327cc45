import numpy as np
import pytest

pytest.importorskip("keras_hub", reason="KerasHub is in the extra `peers`")

from keras_googlenet.hub import draw_boxes

GREEN, RED = [0, 255, 0], [255, 0, 0]


def colored(strip, color):
    return {tuple(map(int, place)) for place in np.argwhere((strip == color).all(-1))}


def frame(left, top, right, bottom):
    columns, rows = range(left, right + 1), range(top, bottom + 1)
    return {(y, x) for y in rows for x in columns if y in (top, bottom) or x in (left, right)}


def test_true_boxes_are_green_frames_and_padding_is_nothing():
    images = np.full((2, 40, 50, 3), 90, "uint8")
    truth = {"boxes": np.array([[[5, 6, 20, 30]], [[-1, -1, -1, -1]]]), "labels": np.array([[4], [-1]])}
    strip = draw_boxes(images, truth, None)
    assert strip.shape == (40, 100, 3)
    assert strip.dtype == np.uint8
    assert colored(strip, GREEN) == frame(5, 6, 20, 30)
    assert (images == 90).all()


def test_found_boxes_are_red_from_a_confidence_on_in_any_format():
    images = np.full((1, 60, 60, 3), 90.0)
    found = {"boxes": np.array([[[20, 10, 50, 30], [30, 35, 50, 55]]]), "labels": [[1, 1]], "confidence": [[0.8, 0.4]]}
    strip = draw_boxes(images, None, found, bounding_box_format="yxyx")
    assert frame(10, 20, 30, 50) <= colored(strip, RED)
    assert not colored(strip, RED) & frame(35, 30, 55, 50)
    both = draw_boxes(images, None, found, threshold=0.3, bounding_box_format="yxyx")
    assert colored(both, RED) > colored(strip, RED)
    assert (strip.min(-1) > 150).any()  # the label, on its plate
    named = draw_boxes(images, None, found, bounding_box_format="yxyx", names=["ant", "bee"])
    assert not np.array_equal(named, strip)

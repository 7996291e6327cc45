"""Mean average precision, by hand where that can be done."""

import sys

import numpy as np
import pytest

from keras_googlenet.errors import InputError

pytest.importorskip("keras_hub", reason="KerasHub is in the extra `peers`")

from keras_googlenet.hub import mean_average_precision

BOX = [10, 10, 30, 50]


def boxes(*images):
    """A batch of `(box, label)` or `(box, label, confidence)` lists, padded with -1."""
    most = max(map(len, images))
    batch = {"boxes": np.full((len(images), most, 4), -1.0), "labels": np.full((len(images), most), -1)}
    batch["confidence"] = np.full((len(images), most), -1.0)
    for i, image in enumerate(images):
        for j, (box, label, *confidence) in enumerate(image):
            batch["boxes"][i, j], batch["labels"][i, j] = box, label
            batch["confidence"][i, j] = confidence[0] if confidence else 1
    return batch


@pytest.fixture(autouse=True)
def pycocotools():
    pytest.importorskip("pycocotools", reason="pycocotools is in the extra `peers`")


def test_what_is_found_whole_is_whole():
    truth = boxes([(BOX, 3)], [(BOX, 0), ([50, 50, 60, 60], 3)])
    assert mean_average_precision(truth, truth) == pytest.approx(1)


def test_what_is_found_by_halves():
    """Class 0: a wrong box, surer than the right one, halves the precision. Class 1: one of two is found."""
    truth = boxes([(BOX, 0)], [(BOX, 1), ([60, 60, 90, 90], 1)])
    found = boxes([([70, 10, 90, 50], 0, 0.9), (BOX, 0, 0.8)], [(BOX, 1, 0.7)])
    recalled = 51 / 101  # COCO takes the precision at 101 recalls, 0 to 1; 0 to 0.5 are reached
    assert mean_average_precision(truth, found) == pytest.approx((0.5 + recalled) / 2)


def test_a_label_counts_and_so_does_the_image():
    truth = boxes([(BOX, 0)], [([0, 0, 5, 5], 1)])
    assert mean_average_precision(truth, boxes([(BOX, 1, 0.9)], [([0, 0, 5, 5], 0, 0.9)])) == 0
    assert mean_average_precision(truth, boxes([], [(BOX, 0, 0.9)])) == 0


@pytest.mark.parametrize(("iou", "expected"), [(0.5, 1), (0.59, 1), (0.61, 0)])
def test_the_overlap_that_is_asked_for(iou, expected):
    found = boxes([([10, 10, 30, 34], 0, 0.9)])  # 24 of 40 rows: an overlap of 0.6
    assert mean_average_precision(boxes([(BOX, 0)]), found, iou) == pytest.approx(expected)


@pytest.mark.parametrize(
    "box", [("yxyx", [10, 10, 50, 30]), ("xywh", [10, 10, 20, 40]), ("center_xywh", [20, 30, 20, 40])]
)
def test_formats(box, capsys):
    name, numbers = box
    truth, shifted = boxes([(numbers, 0)]), boxes([([60, 60, 90, 95], 0, 0.9), (numbers, 0, 0.8)])
    assert mean_average_precision(truth, shifted, bounding_box_format=name) == pytest.approx(0.5)
    assert capsys.readouterr().out == ""


def test_refusals(monkeypatch):
    truth = boxes([(BOX, 0)])
    with pytest.raises(InputError, match="Received: 1 and 2 images, 1 true boxes"):
        mean_average_precision(truth, boxes([(BOX, 0, 0.9)], []))
    with pytest.raises(InputError, match="Received: 1 and 1 images, 0 true boxes"):
        mean_average_precision({**truth, "labels": np.array([[-1]])}, truth)
    monkeypatch.setitem(sys.modules, "pycocotools.coco", None)
    with pytest.raises(InputError, match=r"keras-googlenet\[hub\]"):
        mean_average_precision(truth, truth)

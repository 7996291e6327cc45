"""How good a detector is: mean average precision, as COCO's own program computes it."""

import contextlib
import io
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from keras_googlenet.errors import InputError
from keras_googlenet.utils.extras import optional


def mean_average_precision(
    truth: Mapping[str, Any], found: Mapping[str, Any], iou: float = 0.5, bounding_box_format: str = "xyxy"
) -> float:
    """The mean over classes of the area under precision and recall, by pycocotools.

    A box that was found counts if it overlaps a true one of its class that no box of higher confidence has taken.

    Args:
        truth: `{"boxes": array (images, n, 4), "labels": array (images, n)}`. Rows with a negative label are padding.
        found: The same with `"confidence"`, of shape `(images, m)`: what a detector's `predict` returns.
        iou: Least overlap, intersection over union, in 0..1.
        bounding_box_format: Format of all boxes, in pixels, as in `keras.utils.bounding_boxes`.

    Returns:
        A number in 0..1: the mean over the classes that `truth` has.

    Raises:
        InputError: The two are of different numbers of images, `truth` has no box, or pycocotools, of the extra `hub`,
            is not installed.

    Example:
        >>> import numpy as np
        >>> truth = {"boxes": np.array([[[0, 0, 10, 10]]]), "labels": np.array([[3]])}
        >>> found = {**truth, "confidence": np.array([[0.9]])}
        >>> mean_average_precision(truth, found)  # doctest: +SKIP
        1.0
    """
    needed = "Average precision is counted by pycocotools"
    COCO = optional("pycocotools.coco", needed, extra="hub").COCO
    COCOeval = optional("pycocotools.cocoeval", needed, extra="hub").COCOeval
    expected, answers = (_rows(boxes, bounding_box_format) for boxes in (truth, found))
    count = len(truth["boxes"])
    if len(found["boxes"]) != count or not len(expected):
        raise InputError(
            "`truth` and `found` must be of the same images, with one true box at least. "
            f"Received: {count} and {len(found['boxes'])} images, {len(expected)} true boxes"
        )
    if not len(answers):
        return 0.0
    images = [{"id": image} for image in range(count)]
    categories = [{"id": int(label)} for label in np.unique(expected[:, -1])]
    data = COCO()
    data.dataset = {"info": {}, "images": images, "categories": categories}
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress
        data.createIndex()
        evaluation = COCOeval(data.loadRes(expected), data.loadRes(answers), "bbox")
        evaluation.params.iouThrs = np.array([iou])
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][0, :, :, 0, -1]  # recalls x classes, boxes of every size
    return float(precision[precision >= 0].mean())


def _rows(found, bounding_box_format):
    """The boxes as pycocotools reads them: `(image, left, top, width, height, confidence, label)` in each row."""
    labels, boxes = np.asarray(found["labels"]), np.asarray(found["boxes"], "float32")
    boxes = np.asarray(keras.utils.bounding_boxes.convert_format(boxes, bounding_box_format, "xywh"), "float64")
    confidence, real = np.asarray(found.get("confidence", np.ones(labels.shape))), labels >= 0
    return np.column_stack([np.nonzero(real)[0], boxes[real], confidence[real], labels[real]])

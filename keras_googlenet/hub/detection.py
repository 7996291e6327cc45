"""How good a detector is: mean average precision, as COCO's own program counts it."""

import contextlib
import io

import keras
import numpy as np

from keras_googlenet.errors import InputError
from keras_googlenet.utils.extras import optional


def mean_average_precision(truth, found, iou=0.5, bounding_box_format="xyxy"):
    """The mean over classes of the area under precision and recall, by pycocotools.

    A box that was found counts where it overlaps a true one of its class that no surer box has taken already.

    Args:
        truth: `{"boxes": array (images, n, 4), "labels": array (images, n)}`. Rows with a negative label are padding.
        found: The same with `"confidence"`, of shape `(images, m)`: what a detector's `predict` returns.
        iou: Least overlap, intersection over union, in 0..1.
        bounding_box_format: Format of all boxes, in pixels, as in `keras.utils.bounding_boxes`.

    Returns:
        A number in 0..1: the mean over the classes that `truth` has.

    Raises:
        InputError: The two speak of different numbers of images, `truth` has no box, or pycocotools, of the extra
            `hub`, is not installed.

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
    if len(found["boxes"]) != count or not expected:
        raise InputError(
            "`truth` and `found` must be of the same images, with one true box at least. "
            f"Received: {count} and {len(found['boxes'])} images, {len(expected)} true boxes"
        )
    data = COCO()
    data.dataset = {
        "images": [{"id": image} for image in range(count)],
        "categories": [{"id": label} for label in sorted({row["category_id"] for row in expected})],
        "annotations": expected,
    }
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress
        data.createIndex()
        results = COCO()
        results.dataset = {**data.dataset, "annotations": answers}
        results.createIndex()
        evaluation = COCOeval(data, results, "bbox")
        evaluation.params.iouThrs = np.array([iou])
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][0, :, :, 0, -1]  # recalls x classes, boxes of every size
    return float(precision[precision >= 0].mean())


def _rows(found, bounding_box_format):
    """COCO's annotations, numbered from 1: it takes number 0 for none."""
    labels, boxes = np.asarray(found["labels"]), np.asarray(found["boxes"], "float32")
    boxes = np.asarray(keras.utils.bounding_boxes.convert_format(boxes, bounding_box_format, "xywh"), "float64")
    rows = []
    for image, place in zip(*np.nonzero(labels >= 0), strict=True):
        row = {
            "id": len(rows) + 1,
            "image_id": int(image),
            "category_id": int(labels[image, place]),
            "bbox": boxes[image, place].tolist(),
            "area": float(boxes[image, place, 2:].prod()),
            "iscrowd": 0,
        }
        if "confidence" in found:
            row["score"] = float(found["confidence"][image][place])
        rows.append(row)
    return rows

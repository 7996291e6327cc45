"""Several models' predictions side by side: of the same images, and of classes in the same order."""

from collections.abc import Sequence

import numpy as np

from keras_googlenet.evaluation.predictions import Predictions, PredictionsError
from keras_googlenet.utils.class_names import ClassNames, composed
from keras_googlenet.utils.messages import few


def averaged(predictions: Sequence[Predictions], crops: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The models' probabilities averaged, of the images that could be read.

    Args:
        predictions: `Predictions` of one model or of several.
        crops: The number of crops.

    Returns:
        The images' places in the data set's order; their labels, columns of the first model; and float64 probabilities
        of shape `(images, classes)`.

    Raises:
        PredictionsError: They are not of the same images and classes, not complete, or lack that number of crops; or
            there is no image that could be read.
    """
    first, seen = predictions[0], np.logical_and.reduce([one.done for one in predictions])
    orders = [_order(one, first, crops) for one in predictions]
    if not seen.any():
        raise PredictionsError("Expected an image or more that could be read. Received: none")
    total = np.zeros((int(seen.sum()), len(orders[0])))
    for one, order in zip(predictions, orders, strict=True):
        total[:, order] += one.probabilities[crops][seen]
    return np.flatnonzero(seen), first.labels[seen], total / len(predictions)


def _order(one: Predictions, first: Predictions, crops: int) -> np.ndarray:
    """For each column, the first model's of the same class."""
    _check_kind(one, first, crops)
    order = _columns(one, first)
    same_names = list(map(composed, one.images)) == list(map(composed, first.images))
    if not same_names or not np.array_equal(order[one.labels], first.labels):
        raise PredictionsError(
            f"Expected predictions for the same images. Received: {first.model} with {len(first.images):,}, "
            f"{one.model} with {len(one.images):,} images, or with other names or classes"
        )
    return order


def _check_kind(one: Predictions, first: Predictions, crops: int) -> None:
    if crops not in one.probabilities:
        has = ", ".join(map(str, one.probabilities))
        raise PredictionsError(f"Expected predictions of {one.model} with {crops} crops. Received: with {has}")
    if one.probabilities[crops].shape[1] != first.probabilities[crops].shape[1] or one.pool != first.pool:
        raise PredictionsError(
            f"Expected predictions of one kind. Received: {first.model} with {first.probabilities[crops].shape[1]} "
            f"classes, {first.pool}; {one.model} with {one.probabilities[crops].shape[1]}, {one.pool}"
        )
    if not one.complete:
        done, count = int((one.done | one.skipped).sum()), len(one.images)
        raise PredictionsError(
            f"Expected predictions for all images. Received: {one.model} with {done:,} of {count:,}; "
            "evaluate it again with the same file to finish it"
        )


def _columns(one: Predictions, first: Predictions) -> np.ndarray:
    count = next(iter(first.probabilities.values())).shape[1]
    if one.outputs is None or first.outputs is None or one.outputs == first.outputs:
        return np.arange(count)
    known = ClassNames(first.outputs)
    order = [next((some[0] for some in map(known.find, names) if len(some) == 1), None) for names in one.outputs]
    unknown = [names[-1] for names, place in zip(one.outputs, order, strict=True) if place is None]
    if unknown or len(set(order)) < count:
        received = (f"{each.model} with {few(names[-1] for names in each.outputs or ())}" for each in (first, one))
        raise PredictionsError(f"Expected predictions of the same classes. Received: {'; '.join(received)}")
    return np.array(order)

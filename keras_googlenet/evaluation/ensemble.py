"""Several models' predictions side by side: of the same images, and of classes in the same order."""

import numpy as np

from keras_googlenet.evaluation.predictions import PredictionsError
from keras_googlenet.utils.class_names import ClassNames, composed
from keras_googlenet.utils.messages import few


def together(predictions, crops):
    """The probabilities of several models, in the order of the first one's classes.

    Args:
        predictions: `Predictions` of one model or of several.
        crops: The number of crops.

    Returns:
        A list of arrays of shape `(images, classes)`.

    Raises:
        PredictionsError: They are not of the same images and classes, not complete, or lack that number of crops.
    """
    first, found = predictions[0], []
    for one in predictions:
        _check_kind(one, first, crops)
        order = _order(one, first)
        if list(map(composed, one.images)) != list(map(composed, first.images)) or not np.array_equal(
            order[one.labels], first.labels
        ):
            raise PredictionsError(
                f"Expected predictions for the same images. Received: {first.model} with {len(first.images):,}, "
                f"{one.model} with {len(one.images):,} images, or with other names or classes"
            )
        rows = np.empty_like(one.probabilities[crops])
        rows[:, order] = one.probabilities[crops]
        found.append(rows)
    return found


def _check_kind(one, first, crops):
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


def _order(one, first):
    """For each column, the first model's of the same class."""
    count = next(iter(first.probabilities.values())).shape[1]
    if None in (one.outputs, first.outputs) or one.outputs == first.outputs:
        return np.arange(count)
    known = ClassNames(first.outputs)
    order = [next((some[0] for some in map(known.find, names) if len(some) == 1), None) for names in one.outputs]
    unknown = [names[-1] for names, place in zip(one.outputs, order, strict=True) if place is None]
    if unknown or len(set(order)) < count:
        received = (f"{each.model} with {few([names[-1] for names in each.outputs])}" for each in (first, one))
        raise PredictionsError(f"Expected predictions of the same classes. Received: {'; '.join(received)}")
    return np.array(order)

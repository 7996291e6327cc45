"""What is known of a network once it has seen each image of a split: the contents of `evaluation.json`."""

import json
import math
from dataclasses import asdict, dataclass

import numpy as np

MATRIX_CLASSES = 200
"""With more classes the confusion matrix is left out of the JSON: 1000 classes make a million numbers."""

CONFUSED_PAIRS = 20
"""Pairs of classes that the JSON lists, the most confused ones first."""

TOP = 5
"""Guesses in the challenge's own measure (section 7: "top-5 error rate")."""

_Z95 = 1.959963984540054  # the normal distribution's 97.5th percentile


@dataclass(frozen=True)
class Mistake:
    """An image that was given the wrong class.

    Attributes:
        index: Position of the image in the data set that was assessed, from 0.
        true: Its class.
        predicted: The class that it was given.
        probability: Of the class that it was given, 0-1.
        name: What the image is called, a file's path for instance, or None.
    """

    index: int
    true: int
    predicted: int
    probability: float
    name: str | None = None


@dataclass(frozen=True, eq=False)
class Assessment:
    """A network's results on a data set.

    Attributes:
        class_names: What the classes are called; every class below is an index into them.
        split: What was assessed, in a word: `validation` or `test`.
        count: Number of images.
        loss: Mean cross-entropy, natural logarithm.
        top1: Part of the images whose class got the highest probability, 0-1.
        top5: Part of the images whose class is among the five highest; None with five classes or fewer.
        confusion: int64 array of shape `(classes, classes)`: images of the row's class that were given the column's.
        mistakes: The most confident `Mistake`s, the worst first.
    """

    class_names: tuple[str, ...]
    split: str
    count: int
    loss: float
    top1: float
    top5: float | None
    confusion: np.ndarray
    mistakes: tuple[Mistake, ...]

    @property
    def interval(self):
        """The 95% interval of `top1`, `(low, high)`: what other images of the same kind may well give."""
        return wilson_interval(int(np.trace(self.confusion)), self.count)

    @property
    def class_accuracy(self):
        """Part of each class's images that was recognized; None for a class without images."""
        totals = self.confusion.sum(axis=1).tolist()
        right = np.diag(self.confusion).tolist()
        return tuple(r / t if t else None for r, t in zip(right, totals, strict=True))

    @property
    def most_confused(self):
        """The pairs of classes mistaken most often, `(true, predicted, images)`, the most frequent first."""
        wrong = self.confusion.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[:CONFUSED_PAIRS]
        pairs = zip(*np.unravel_index(order, wrong.shape), strict=True)
        return tuple((int(true), int(other), int(wrong[true, other])) for true, other in pairs if wrong[true, other])

    def to_json(self):
        """What `evaluation.json` holds.

        Returns:
            JSON text. `confusion` is null with more than `MATRIX_CLASSES` classes.
        """
        record = {
            "split": self.split,
            "count": self.count,
            "top1": self.top1,
            "top1_interval_95": list(self.interval),
            "top5": self.top5,
            "loss": self.loss,
            "class_names": list(self.class_names),
            "class_counts": self.confusion.sum(axis=1).tolist(),
            "class_accuracy": list(self.class_accuracy),
            "most_confused": [list(pair) for pair in self.most_confused],
            "confusion": self.confusion.tolist() if len(self.class_names) <= MATRIX_CLASSES else None,
            "mistakes": [asdict(mistake) for mistake in self.mistakes],
        }
        return json.dumps(record, indent=1, allow_nan=False) + "\n"


def wilson_interval(successes, count):
    """The 95% interval of a proportion after Wilson, which holds for few images and for proportions near 0 and 1 too.

    Args:
        successes: How many of them.
        count: Out of how many, at least 1.

    Returns:
        `(low, high)`, each 0-1.

    Raises:
        ValueError: `count` is not positive, or `successes` is not within it.

    Example:
        >>> [round(bound, 4) for bound in wilson_interval(81, 263)]
        [0.2553, 0.3662]

    Reference:
        Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927).
    """
    if not 0 <= successes <= count or count < 1:
        raise ValueError(f"Expected 0 <= successes <= count, and count >= 1. Received: {successes} of {count}")
    share, z2 = successes / count, _Z95**2
    center = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z95 / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return max(0.0, center - half), min(1.0, center + half)


def places(probabilities, labels):
    """How many classes go before the right one; where probabilities are equal the first class wins, as in argmax.

    Args:
        probabilities: Array of shape `(images, classes)`.
        labels: int array of shape `(images,)`.

    Returns:
        int array of shape `(images,)`.

    Example:
        >>> places(np.array([[0.2, 0.5, 0.3]]), np.array([2])).tolist()
        [1]
    """
    right = probabilities[np.arange(len(labels)), labels][:, None]
    before = np.arange(probabilities.shape[1]) < labels[:, None]
    return ((probabilities > right) | ((probabilities == right) & before)).sum(axis=1)

"""What is known of a network once it has seen each image of a split: the contents of `evaluation.json`."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from keras_googlenet.evaluation.ensemble import averaged
from keras_googlenet.evaluation.measures import TOP, crossentropy, ranks, wilson_interval
from keras_googlenet.evaluation.predictions import Predictions

MATRIX_CLASSES = 200
"""With more classes the confusion matrix is left out of the JSON: 1000 classes make a million numbers."""

CONFUSED_PAIRS = 20
"""Pairs of classes that the JSON lists, the most confused ones first."""


@dataclass(frozen=True)
class Mistake:
    """An image that was given the wrong class.

    Attributes:
        index: Position of the image in the split, from 0.
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
class EvaluationResult:
    """A network's results on a data set.

    Attributes:
        class_names: What the classes are called; every class below is an index into them.
        split: What was measured, in a word: `validation` or `test`.
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

    @classmethod
    def of(
        cls,
        predictions: Sequence[Predictions],
        class_names: Sequence[str],
        split: str = "validation",
        *,
        crops: int = 0,
        mistakes: int = 24,
        path: Callable[[int], str | None] = lambda place: None,
    ) -> "EvaluationResult":
        """What the predictions of a model, or of an ensemble, come to.

        Args:
            predictions: As in `error_rates`.
            class_names: A name for each output of the first model.
            split: What was measured, in a word: `validation` or `test`.
            crops: The number of crops, of those that all have.
            mistakes: How many of the most confident mistakes to keep.
            path: From an image's position to what a mistake calls it, such as the split's own `path`.

        Returns:
            An `EvaluationResult`, over the images that could be read.

        Raises:
            PredictionsError: As in `error_rates`.
            ValueError: There is not one name for each output.

        Example:
            >>> predictions = Predictions.begun("a model", "", ("1.jpg", "2.jpg"), [0, 1], 2, crops=(0,))
            >>> for place in (0, 1):
            ...     predictions.pool_crops(place, np.array([[0.75, 0.25]]))
            >>> EvaluationResult.of([predictions], ("cat", "dog")).top1
            0.5
        """
        places, labels, probabilities = averaged(predictions, crops)
        classes, outputs = len(class_names), probabilities.shape[1]
        if outputs != classes:
            raise ValueError(f"Expected an output for each of the {classes} classes. Received: {outputs} outputs")
        guesses, sureness = probabilities.argmax(axis=1), probabilities.max(axis=1)
        confusion = np.bincount(labels * classes + guesses, minlength=classes**2).reshape(classes, classes)
        wrong = np.flatnonzero(guesses != labels)
        worst = wrong[np.argsort(-sureness[wrong], kind="stable")][:mistakes]
        columns = [some[worst].tolist() for some in (places, labels, guesses, sureness)]
        return cls(
            class_names=tuple(class_names),
            split=split,
            count=len(labels),
            loss=float(crossentropy(probabilities, labels).mean()),
            top1=int(np.trace(confusion)) / len(labels),
            top5=float(np.mean(ranks(probabilities, labels) < TOP)) if classes > TOP else None,
            confusion=confusion,
            mistakes=tuple(Mistake(*row) for row in zip(*columns, map(path, columns[0]), strict=True)),
        )

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of `top1`, `(low, high)`: what other images of the same kind may well give."""
        return wilson_interval(int(np.trace(self.confusion)), self.count)

    @property
    def class_accuracy(self) -> tuple[float | None, ...]:
        """Part of each class's images that was recognized; None for a class without images."""
        pairs = zip(np.diag(self.confusion).tolist(), self.confusion.sum(axis=1).tolist(), strict=True)
        return tuple(right / total if total else None for right, total in pairs)

    @property
    def most_confused(self) -> tuple[tuple[int, int, int], ...]:
        """The pairs of classes mistaken most often, `(true, predicted, images)`, the most frequent first."""
        wrong = self.confusion.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[:CONFUSED_PAIRS]
        pairs = zip(*np.unravel_index(order, wrong.shape), strict=True)
        return tuple((int(true), int(other), int(wrong[true, other])) for true, other in pairs if wrong[true, other])

    def to_json(self) -> str:
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

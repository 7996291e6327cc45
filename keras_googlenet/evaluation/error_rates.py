"""Top-1 and top-5 error of one model or an ensemble, and Table 3 of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_googlenet.evaluation.ensemble import averaged
from keras_googlenet.evaluation.measures import TOP, ranks, wilson_interval
from keras_googlenet.evaluation.predictions import Predictions

TABLE_3 = {(1, 1): 10.07, (1, 10): 9.15, (1, 144): 7.89, (7, 1): 8.09, (7, 10): 7.62, (7, 144): 6.67}
"""The paper's top-5 errors in percent on ILSVRC 2014's validation images, by (models, crops)."""


@dataclass(frozen=True)
class ErrorRates:
    """How often an ensemble is wrong.

    Attributes:
        models: Number of models.
        crops: Number of crops of each image.
        count: Number of images.
        top1: Part of the images whose class has not the highest probability, 0-1.
        top5: Part of the images whose class is not among the five highest; None with five classes or fewer.
    """

    models: int
    crops: int
    count: int
    top1: float
    top5: float | None

    @property
    def cost(self) -> int:
        """Forward passes per image, Table 3's `cost`."""
        return self.models * max(self.crops, 1)

    def to_record(self) -> dict[str, Any]:
        """A dict for JSON, with 95% intervals."""
        record: dict[str, Any] = {"models": self.models, "crops": self.crops, "cost": self.cost, "count": self.count}
        for name in ("top1", "top5"):
            error = getattr(self, name)
            record[f"{name}_error"] = error
            record[f"{name}_error_interval_95"] = None if error is None else list(self.interval(name))
        return record

    def interval(self, name: str = "top1") -> tuple[float, float]:
        """The 95% interval of `top1` or `top5`, `(low, high)`: what other images of the same kind may well give."""
        return wilson_interval(round(getattr(self, name) * self.count), self.count)


def error_rates(predictions: Sequence[Predictions], crops: int) -> ErrorRates:
    """The error rates of an ensemble: its models' probabilities averaged.

    Args:
        predictions: `Predictions` of one model or of several, on the same images.
        crops: The number of crops, of those that all have.

    Returns:
        `ErrorRates`, over the images that could be read.

    Raises:
        PredictionsError: They are not of the same images and classes, not complete, or lack that number of crops.

    Example:
        >>> error_rates([one, other], 144).top5  # doctest: +SKIP
        0.0762
    """
    _, labels, probabilities = averaged(predictions, crops)
    found = ranks(probabilities, labels)
    top5 = float(np.mean(found >= TOP)) if probabilities.shape[1] > TOP else None
    return ErrorRates(len(predictions), crops, len(labels), float(np.mean(found > 0)), top5)


def table3(predictions: Sequence[Predictions]) -> list[ErrorRates]:
    """The rows of Table 3: the first model, then all of them, at each number of crops that all have.

    Args:
        predictions: As in `error_rates`.

    Returns:
        A list of `ErrorRates`; six of them for an ensemble whose predictions were kept for 1, 10 and 144 crops.
    """
    numbers = sorted(set.intersection(*(set(one.probabilities) for one in predictions)))
    groups = [predictions[:1]] + ([predictions] if len(predictions) > 1 else [])
    return [error_rates(group, crops) for group in groups for crops in numbers]


def format_table(rows: Sequence[ErrorRates]) -> str:
    """Error rates as text, with 95% intervals; the crops are `-` where nothing was cropped off.

    Args:
        rows: A list of `ErrorRates`.

    Example:
        >>> print(format_table([ErrorRates(1, 10, 100, 0.3, 0.1)]))
        models crops  cost  images         top-1 error         top-5 error
             1    10    10     100 30.0% (21.9 - 39.6) 10.0% ( 5.5 - 17.4)
    """
    lines = [f"{'models':>6} {'crops':>5} {'cost':>5} {'images':>7} {'top-1 error':>19} {'top-5 error':>19}"]
    for row in rows:
        cells = [_cell(row, name) for name in ("top1", "top5")]
        lines.append(f"{row.models:>6} {row.crops or '-':>5} {row.cost:>5} {row.count:>7,} {' '.join(cells)}")
    return "\n".join(lines)


def _cell(row: ErrorRates, name: str) -> str:
    error = getattr(row, name)
    if error is None:
        return f"{'-':>19}"
    low, high = row.interval(name)
    return f"{error:5.1%} ({low * 100:4.1f} - {high * 100:4.1f})"

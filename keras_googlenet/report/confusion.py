"""Which classes are mistaken for which, as the page shows it."""

from typing import Any

READABLE = 30
"""With more classes a matrix cannot be read any more, and pairs are listed instead."""


def matrix(evaluation: dict[str, Any]) -> list[tuple[str, list[tuple[int, str, str]], str]]:
    """The confusion matrix.

    Args:
        evaluation: What `evaluation.json` holds.

    Returns:
        For each class its name; for each answer the number of images, what the cell is in words of the style sheet, and
        its opacity; and the part recognized. Nothing where there are too many classes.
    """
    names, counts, accuracy = evaluation["class_names"], evaluation["confusion"], evaluation["class_accuracy"]
    if counts is None or len(names) > READABLE:
        return []
    return [
        (name, [_cell(images, sum(row) or 1, column == label) for column, images in enumerate(row)], _percent(part, 0))
        for label, (name, row, part) in enumerate(zip(names, counts, accuracy, strict=True))
    ]


def _cell(images: int, total: int, is_right: bool) -> tuple[int, str, str]:
    # A few mistakes among many images are what one looks for: the root makes them visible.
    opacity = images / total if is_right else (images / total) ** 0.5
    kind = "zero" if images == 0 else "hit" if is_right else "miss"
    return images, f"{kind} strong" if opacity > 0.55 else kind, f"{opacity:.2f}"


def most_confused(evaluation: dict[str, Any]) -> list[tuple[str, int, str]]:
    """The pairs of classes that are confused most often, the number of images, and their part of the class."""
    names, counts = evaluation["class_names"], evaluation["class_counts"]
    return [
        (f"{names[true]} \N{RIGHTWARDS ARROW} {names[other]}", images, _percent(images / counts[true]))
        for true, other, images in evaluation["most_confused"]
    ]


def worst_classes(evaluation: dict[str, Any]) -> list[tuple[str, int, str]]:
    """The classes that are recognized least, the number of their images, and the part recognized."""
    rows = zip(evaluation["class_accuracy"], evaluation["class_names"], evaluation["class_counts"], strict=True)
    seen = sorted((row for row in rows if row[0] is not None), key=lambda row: row[0])
    return [(name, count, _percent(part)) for part, name, count in seen[:20]]


def _percent(part: float | None, digits: int = 1) -> str:
    return "" if part is None else f"{part:.{digits}%}"

"""A run's `metrics.csv`, read for drawing."""

from collections.abc import Iterable
from pathlib import Path

from keras_googlenet.errors import InputError
from keras_googlenet.utils.files import read_rows


def read_metrics(path: str | Path) -> tuple[list[int], dict[str, list[float]]]:
    """The columns of a `metrics.csv`.

    An epoch that was trained again after an interruption counts once, as it went the last time; a value that is
    missing, as in a line cut short, is not a number.

    Args:
        path: The file, a row per epoch.

    Returns:
        The epochs, counted from 1 and ascending, and a dict from a metric's name to its values, floats. Both are empty
        before the first epoch has ended.

    Raises:
        InputError: The file holds what is no number.
    """
    rows = [row for row in read_rows(path) if row.get("epoch")]
    try:
        latest = {int(row["epoch"]) + 1: row for row in rows}
        epochs = sorted(latest)
        names = [name for name in rows[0] if name not in ("epoch", None)] if rows else []
        return epochs, {name: [float(latest[epoch][name] or "nan") for epoch in epochs] for name in names}
    except ValueError as error:
        raise InputError(f"Expected numbers in {path}. Received: {error}") from None


def heads(columns: Iterable[str]) -> list[str]:
    """The heads that were measured, the main one first; one without a name where there is only one.

    With several outputs Keras's plain `loss` is their weighted sum, and each has a `<head>_loss`.

    Args:
        columns: Names of metrics.

    Returns:
        A list of names.

    Example:
        >>> heads(["loss", "aux1_loss", "predictions_loss", "val_predictions_loss"])
        ['predictions', 'aux1']
    """
    plain = [name.removeprefix("val_") for name in columns]
    found = dict.fromkeys(name.removesuffix("_loss") for name in plain if name.endswith("_loss"))
    return sorted(found, key=lambda head: head.startswith("aux")) or [""]

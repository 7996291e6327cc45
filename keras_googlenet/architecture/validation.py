"""What a table of a network must be, checked before any layer exists: it may come from somebody else's file."""

import dataclasses
import math

from keras_googlenet.architecture.rows import (
    LRN,
    AveragePool,
    Convolution,
    Dropout,
    Inception,
    Linear,
    MaxPool,
)
from keras_googlenet.utils.messages import shown

ROW_KINDS = (Convolution, MaxPool, LRN, Inception, AveragePool, Dropout, Linear)

PADDINGS = ("caffe", "same")

MAX_NUMBER, MAX_ROWS, MAX_NAME = 65_536, 1_000, 200
"""The largest width, window or stride, the most rows and the longest name, each far above what any network has."""


def validate(table):
    """Refuses a table that cannot be built, before any layer exists.

    Args:
        table: An `Architecture`.

    Raises:
        ValueError: It says which row and which number.
    """
    if len(table.rows) > MAX_ROWS or len(table.auxiliary) > MAX_ROWS:
        raise ValueError(
            f"A table has at most {MAX_ROWS} rows. Received: {max(len(table.rows), len(table.auxiliary)):,}"
        )
    for row in table.rows:
        if not isinstance(row, ROW_KINDS):
            raise ValueError(f"Each row must be one of {[cls.__name__ for cls in ROW_KINDS]}. Received: row={row!r}")
    if not table.rows:
        raise ValueError("A table must have rows. Received: none")
    for item in (*table.rows, *table.auxiliary):
        _check_name(item.name)
    for part in (table.batch_norm, table.pixels):
        numbers = (
            [] if part is None else [value for value in vars(part).values() if not isinstance(value, (bool, tuple))]
        )
        numbers += list(getattr(part, "offset", ()))
        if not all(map(_is_number, numbers)):
            raise ValueError(f"The numbers of a table must be numbers. Received: {shown(part)}")
    names = [row.name for row in table.rows] + [head.name for head in table.auxiliary]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"Each row needs a name of its own. Received twice: {', '.join(twice)}")
    tops = [isinstance(row, (AveragePool, Dropout, Linear)) for row in table.rows]
    if tops != sorted(tops) or not isinstance(table.rows[-1], Linear) or sum(tops) < 2:
        raise ValueError(
            "A table must end in an AveragePool, optionally a Dropout, and one Linear row, and have them nowhere "
            f"else. Received: rows={[type(row).__name__ for row in table.rows]}"
        )
    for item in (*table.rows, *table.auxiliary):
        _validate_numbers(item)
    for head in table.auxiliary:
        if head.after not in [row.name for row in table.trunk]:
            raise ValueError(
                f"Auxiliary head {head.name!r} must read a row below the average pool. Received: after={head.after!r}"
            )
    if table.padding not in PADDINGS:
        raise ValueError(f"`padding` must be one of {PADDINGS}. Received: {table.padding!r}")


def _validate_numbers(item):
    for field in dataclasses.fields(item):
        value = getattr(item, field.name)
        whole = field.type in (int, int | None) and value is not None
        what = f"`{field.name}` of row {item.name!r}"
        if whole and (type(value) is not int or value < 1):
            raise ValueError(f"{what} must be an integer of at least 1. Received: {shown(value)}")
        if whole and value > MAX_NUMBER:
            raise ValueError(f"{what} must be at most {MAX_NUMBER:,}. Received: {shown(value)}")
        if field.type is float and not _is_number(value):
            raise ValueError(f"{what} must be a number. Received: {shown(value)}")
        if field.name in ("rate", "dropout") and not 0 <= value < 1:
            raise ValueError(f"{what} must be in [0, 1). Received: {value}")


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < math.inf


def _check_name(name):
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME or not name.isprintable() or "/" in name:
        raise ValueError(
            f"A name of a row is a text of 1 to {MAX_NAME} characters without `/`. Received: {shown(name)}"
        )

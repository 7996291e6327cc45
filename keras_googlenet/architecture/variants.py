"""The named variants: each a small edit of the paper's table, never a switch inside the builder."""

import dataclasses
from collections.abc import Callable
from typing import Any

from keras_googlenet.architecture.rows import LRN, Dropout, Inception, MaxPool, Row
from keras_googlenet.architecture.table import PAPER, Architecture, BatchNorm, Pixels


def edit(architecture: Architecture, edit_row: Callable[[Any], Row | None], **changes: Any) -> Architecture:
    """A copy of a table with `edit_row` applied to each row, and other fields replaced.

    Args:
        architecture: The table to start from.
        edit_row: Function of one row that returns the row to use instead, or None to leave it out.
        **changes: Fields of `Architecture` to replace, `name` among them.

    Returns:
        The edited `Architecture`; the original stays as it is.

    Example:
        >>> from keras_googlenet.architecture import PAPER, edit
        >>> edit(PAPER, lambda row: None if row.name == "inception_4b" else row, name="short").name
        'short'
    """
    changes.setdefault("rows", [row for row in map(edit_row, architecture.rows) if row is not None])
    return dataclasses.replace(architecture, **changes)


def wider(architecture: Architecture, factor: float) -> Architecture:
    """The table with every convolution `factor` times as wide, rounded to whole multiples of 8 filters.

    Section 7 trains one "wider" network among its seven and does not say how wide.

    Args:
        architecture: The table to widen.
        factor: Positive number; 1.0 keeps the widths, but for the rounding of narrow ones.

    Returns:
        The wider `Architecture`.

    Raises:
        ValueError: `factor` is not positive.
    """
    if not factor > 0:
        raise ValueError(f"`factor` must be positive. Received: factor={factor}")

    def widen(row):
        columns = ("filters", "reduce", "conv1x1", "reduce3x3", "conv3x3", "reduce5x5", "conv5x5")
        widths = {name: getattr(row, name, None) for name in (*columns, "pool_proj")}
        return dataclasses.replace(row, **{name: max(8, round(n * factor / 8) * 8) for name, n in widths.items() if n})

    return edit(architecture, widen, name=f"{architecture.name}-x{factor:g}")


def naive(architecture: Architecture) -> Architecture:
    """The table with the naive module of Fig. 2(a) in place of each Inception module.

    It exists to be costed: at 224 pixels the naive network would take several times the parameters and the
    multiply-adds, which is why the paper reduces before it convolves.
    """
    name = f"{architecture.name}-naive"
    return edit(architecture, lambda row: row.naive() if isinstance(row, Inception) else row, name=name)


def _without_lrn(row):
    return None if isinstance(row, LRN) else row


def _smaller_windows(row):
    """What torchvision and TF-slim share: 3x3 where the paper has 5x5, a 2x2 pool4, dropout 20%, no LRN."""
    if isinstance(row, Inception):
        return dataclasses.replace(row, kernel5x5=3)
    if isinstance(row, MaxPool) and row.name == "pool4":
        return dataclasses.replace(row, kernel=2)
    if isinstance(row, Dropout):
        return dataclasses.replace(row, rate=0.2)
    return _without_lrn(row)


def _googles_own(row):
    """What Google's released network has other than the paper: two widths, and normalization's numbers."""
    if isinstance(row, LRN):
        return dataclasses.replace(row, depth_radius=5, bias=2.0, alpha=1e-4, beta=0.5)
    return dataclasses.replace(row, **_OTHER_WIDTHS.get(row.name, {}))


_OTHER_WIDTHS = {"inception_4a": {"conv3x3": 204}, "inception_5a": {"reduce5x5": 48}}

_UNIT_PIXELS = Pixels(scale=1 / 127.5, offset=tuple((mean - 127.5) / 127.5 for mean in (123, 117, 104)))
"""`x / 127.5 - 1`, of x in 0-255 before the mean (123, 117, 104) was subtracted."""

PLAIN = edit(PAPER, _without_lrn, name="plain")
"""The paper's network without local response normalization."""

BATCHNORM = edit(PAPER, _without_lrn, name="batchnorm", batch_norm=BatchNorm())
"""The paper's filters with batch normalization after each convolution in place of biases and LRN."""

TORCHVISION = edit(
    PAPER,
    _smaller_windows,
    name="torchvision",
    batch_norm=BatchNorm(momentum=0.9),
    auxiliary=[dataclasses.replace(head, grid=4) for head in PAPER.auxiliary],
    pixels=_UNIT_PIXELS,
)
"""`torchvision.models.googlenet` with `transform_input=True`, as its pretrained weights have it."""

SLIM = edit(
    PAPER,
    _smaller_windows,
    name="slim",
    batch_norm=BatchNorm(momentum=0.9997, scale=False),
    auxiliary=(),
    padding="same",
    pixels=_UNIT_PIXELS,
)
"""TF-slim's `inception_v1`."""

INCEPTION5H = edit(PAPER, _googles_own, name="inception5h", padding="same", pixels=Pixels(1.0, (6.0, 0.0, -13.0)))
"""Google's own GoogLeNet, released in 2015 as `inception5h.zip`. Its pixels are RGB minus 117."""

VARIANTS = {table.name: table for table in (PAPER, PLAIN, BATCHNORM, TORCHVISION, SLIM, INCEPTION5H)}
"""The named variants by their names."""


def resolve(variant: str | Architecture | None) -> Architecture:
    """The table behind a `variant` argument.

    Args:
        variant: A name in `VARIANTS`, an `Architecture`, or None for the paper's.

    Returns:
        An `Architecture`.

    Raises:
        ValueError: The name is unknown, or the argument is something else.
    """
    if variant is None:
        return PAPER
    table = VARIANTS.get(variant) if isinstance(variant, str) else variant
    if isinstance(table, Architecture):
        return table
    raise ValueError(
        f"`variant` must be None, one of {sorted(VARIANTS)}, or an `Architecture`. Received: variant={variant!r}"
    )

"""The network as a picture, drawn from its table alone: Fig. 3 of the paper, with the numbers of Table 1."""

from pathlib import Path
from typing import BinaryIO

import matplotlib
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from keras_googlenet.architecture import LRN, AveragePool, Convolution, Dropout, Inception, Linear, MaxPool, costs
from keras_googlenet.architecture.table import DEFAULT_SIZE, Architecture

COLORS = {
    "conv": "#cfe0f5",
    "pool": "#f6d5cd",
    "norm": "#d9ecd3",
    "concat": "#ece3f4",
    "linear": "#fbe8bf",
    "plain": "#e9ecef",
}
"""Of the boxes."""

INK, SOFT, EDGE = "#1b1f24", "#59636e", "#b7bec6"

INCH = 2.7
"""All lengths below are in units of which an inch has so many."""

WIDTH, BOX, HEAD = 8.8, 5.6, 4.0
"""Of a module, of a box outside a module, and of an auxiliary head."""

HEIGHT, GAP, INNER = 0.62, 0.3, 0.2
"""Of a box, the room below it, and the room around the boxes of a module or head."""

TITLE, TOP = 2.2, 0.3
"""Height of the title, and where the columns begin below it."""

TIMES, TO = "\N{MULTIPLICATION SIGN}", "\N{RIGHTWARDS ARROW}"


def plot_architecture(
    table: Architecture,
    path: str | Path | BinaryIO,
    *,
    size: int | tuple[int, int] = DEFAULT_SIZE,
    channels: int = 3,
    classes: int = 1000,
    format: str | None = None,
) -> None:
    """Draws every row of a table, the branches of its Inception modules and its auxiliary heads.

    Args:
        table: An `Architecture`.
        path: Where the picture goes: a path, or a file open for bytes, whose `format` is to be given.
        size: Side of the input in pixels, or its height and width, for the sizes of the maps.
        channels: Of the input.
        classes: Width of the classifiers.
        format: `"svg"`, whose text stays text, or `"png"`; None means the path's suffix.

    Example:
        >>> from keras_googlenet.architecture import PAPER
        >>> plot_architecture(PAPER, "architecture.svg")  # doctest: +SKIP
    """
    shape = (*(size if isinstance(size, tuple) else (size, size)), channels)
    format = format or str(path).rpartition(".")[2]
    metadata = dict.fromkeys(("Creator", "Date", "Format", "Type")) if format == "svg" else None
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": table.name}):
        Diagram(table, shape, classes).figure.savefig(path, format=format, dpi=130, metadata=metadata)


class Diagram:
    """A table's rows from top to bottom, branches side by side, heads beside the rows that they read.

    Args:
        table: An `Architecture`.
        shape: `(height, width, channels)` of the input.
        classes: Width of the classifiers.

    Attributes:
        figure: The Matplotlib figure. Its axes have the units of this module, y downwards.
    """

    def __init__(self, table, shape, classes):
        rows = costs(table, shape, classes)
        self._maps = {cost.name: TIMES.join(map(str, cost.output)) for cost in rows}
        self._classes = classes
        self.figure = Figure()
        self._axes = self.figure.add_axes((0, 0, 1, 1))
        self._axes.text(0.5, 0.55 - TITLE, f"GoogLeNet, variant {table.name!r}", size=12, weight="bold", color=INK)
        self._axes.text(0.5, 1 - TITLE, _subtitle(table, rows), size=8.5, va="top", color=SOFT)
        self._draw(table, f"input  {TIMES.join(map(str, shape))}")
        right, bottom = self._axes.dataLim.max + 0.5
        self._axes.set(xlim=(0, right), ylim=(bottom, -TITLE))
        self._axes.axis("off")
        self.figure.set_size_inches(right / INCH, (bottom + TITLE) / INCH)

    def _draw(self, table, text):
        middle = 0.5 + WIDTH / 2
        end = self._box(middle, TOP, BOX, "plain", text)
        path = [end, (middle, end[1] + GAP)]
        for column in _columns(table.rows):
            right, free = middle + WIDTH / 2, 0
            for row in column:
                self._arrow(*path)
                end = self._row(row, *path[-1])
                for head in table.auxiliary:
                    if head.after == row.name:
                        free = self._head(head, middle + WIDTH / 2, end[1] - INNER - HEIGHT / 2, free)
                        right = middle + WIDTH / 2 + 2 * GAP + HEAD
                path = [end, (middle, end[1] + GAP)]
            turn, middle, under, over = right + GAP, right + 2 * GAP + WIDTH / 2, end[1] + GAP, TOP - GAP / 2
            path = [end, (end[0], under), (turn, under), (turn, over), (middle, over), (middle, TOP)]

    def _row(self, row, x, y):
        """Adds a row and returns the middle of its bottom."""
        if not isinstance(row, Inception):
            return self._chain(x, y, BOX, _steps(row, self._maps[row.name], self._classes))
        first = y + HEIGHT + GAP
        concat = first + max(map(len, row.branches)) * (HEIGHT + GAP)
        self._frame(x - WIDTH / 2, y, WIDTH, concat + HEIGHT + INNER - y)
        self._box(x, y, WIDTH, "plain", row.name)
        width = (WIDTH - INNER) / 4 - INNER
        for i, branch in enumerate(row.branches):
            middle = x + (i - 1.5) * (width + INNER)
            self._arrow((middle, y + HEIGHT), (middle, first))
            end = self._chain(middle, first, width, map(_step, branch))
            self._arrow(end, (middle, concat))
        x, y = self._box(x, concat, WIDTH - 2 * INNER, "concat", f"concatenate {TO} {self._maps[row.name]}")
        return x, y + INNER

    def _head(self, head, x, y, free):
        """Adds an auxiliary head right of the row that it reads, at `free` or below, and returns what is free then."""
        steps = [
            ("plain", f"{head.name}, only in training"),
            ("pool", f"average to {_window(head.grid)}" if head.grid else f"average {_window(head.pool, head.stride)}"),
            _step(head.conv),
            ("linear", f"linear {head.units}"),
            ("plain", f"dropout {head.dropout:.0%}"),
            ("linear", f"linear {self._classes}, softmax"),
        ]
        left, top, height = x + 2 * GAP, max(y - HEIGHT / 2, free + INNER), len(steps) * (HEIGHT + GAP) - GAP
        turn, middle = left - GAP, top + HEIGHT / 2
        self._arrow((x - INNER, y), (turn, y), (turn, middle), (left, middle))
        self._frame(left, top - INNER, HEAD, height + 2 * INNER, ls="--", fc="none")
        self._chain(left + HEAD / 2, top, HEAD - 2 * INNER, steps)
        return top + height + INNER + GAP

    def _chain(self, x, y, width, steps):
        """Adds boxes below each other, `steps` being pairs (kind, text); returns the middle of the last bottom."""
        end = None
        for kind, text in steps:
            if end:
                y = end[1] + GAP
                self._arrow(end, (x, y))
            end = self._box(x, y, width, kind, text)
        return end

    def _box(self, x, y, width, kind, text):
        """Adds a box around x, below y, and returns the middle of its bottom."""
        self._frame(x - width / 2, y, width, HEIGHT, fc=COLORS[kind], ec="#8a929b", lw=0.6)
        self._axes.text(x, y + HEIGHT / 2, text, ha="center", va="center", size=7.5, color=INK)
        return x, y + HEIGHT

    def _frame(self, x, y, width, height, fc="#f7f8fa", ec=EDGE, lw=0.8, ls="-"):
        self._axes.add_patch(Rectangle((x, y), width, height, fc=fc, ec=ec, lw=lw, ls=ls))

    def _arrow(self, *points):
        self._axes.plot(*zip(*points[:-1], strict=True), color=SOFT, lw=0.8)
        style = {"arrowstyle": "-|>", "lw": 0.8, "color": SOFT, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 7}
        self._axes.annotate("", points[-1], points[-2], arrowprops=style)


def _subtitle(table, rows):
    parameters, macs = sum(cost.parameters for cost in rows), sum(cost.macs for cost in rows)
    text = f"{parameters:,} parameters and {macs / 1e9:.3f} G multiply-adds for an image, without auxiliary heads. "
    text += f"A box says: window/stride, filters {TO} rows{TIMES}columns{TIMES}channels."
    text += "\nBatch normalization after each convolution." if table.batch_norm else ""
    return text + (" Pixels are rescaled first." if table.pixels else "")


def _columns(rows):
    """A new column begins below each of the last two max pools."""
    breaks = [i + 1 for i, row in enumerate(rows) if isinstance(row, MaxPool)][-2:]
    return [rows[a:b] for a, b in zip([0, *breaks], [*breaks, len(rows)], strict=True)]


def _steps(row, maps, classes):
    """The boxes of a row that is no module: pairs (kind, text)."""
    match row:
        case Convolution():
            texts = [f"{row.name}  {_step(conv)[1]}" for conv in row.convs]
            return [("conv", text) for text in (*texts[:-1], f"{texts[-1]} {TO} {maps}")]
        case MaxPool():
            return [("pool", f"{row.name}  {_step(row)[1]} {TO} {maps}")]
        case LRN():
            return [("norm", "local response normalization")]
        case AveragePool():
            return [("pool", f"average pool {TO} {maps}")]
        case Dropout():
            return [("plain", f"dropout {row.rate:.0%}")]
        case Linear():
            return [("linear", f"linear {classes}, softmax")]


def _step(step):
    if isinstance(step, MaxPool):
        return "pool", f"max {_window(step.kernel, step.stride)}"
    return "conv", f"{_window(step.kernel, step.stride if step.stride > 1 else None)}, {step.filters}"


def _window(side, stride=None):
    return f"{side}{TIMES}{side}" + (f"/{stride}" if stride else "")

"""Where the boxes of the diagram are: rows in columns, branches side by side, heads beside the rows they read."""

import dataclasses
import itertools

from keras_googlenet.architecture import LRN, AveragePool, Convolution, Dropout, Inception, Linear, MaxPool, costs

COLUMNS = 3
"""Columns that the rows flow through, from top to bottom."""

WIDTH, HEIGHT, GAP = 8.8, 0.62, 0.36
"""Of a row, of a box, and the room between rows."""

INNER, STEP = 0.2, 0.26
"""In a module: the room around its boxes and beside them, and that below them."""

HEAD_WIDTH, GUTTER = 4.0, 1.0
"""Of an auxiliary head, and the room between columns."""

TIMES, TO = "\N{MULTIPLICATION SIGN}", "\N{RIGHTWARDS ARROW}"


@dataclasses.dataclass(frozen=True)
class Box:
    """A box with its text.

    Attributes:
        x: Of its middle.
        y: Of its top, downwards.
        width: Its width; its height is `HEIGHT`.
        kind: What gives its color: conv, pool, norm, concat, linear or plain.
        text: What it says.
    """

    x: float
    y: float
    width: float
    kind: str
    text: str


class Layout:
    """A table's diagram.

    Args:
        table: An `Architecture`.
        size: Side of the input in pixels, or its height and width.
        classes: Width of the classifiers.
        channels: Of the input.

    Attributes:
        boxes: List of `Box`.
        frames: What surrounds modules and heads: a list of `(x, y, width, height, dashed)`.
        arrows: Lists of the points that a line leads through, to its head.
        extent: Width and height of it all.
    """

    def __init__(self, table, size, classes, channels=3):
        self.boxes, self.frames, self.arrows = [], [], []
        self._classes = classes
        shape = (*(size if isinstance(size, tuple) else (size, size)), channels)
        rows = costs(table, shape, classes)
        self._maps = {cost.name: TIMES.join(map(str, cost.output)) for cost in rows}
        x, end = 0.5, None
        for column in _columns(table.rows):
            middle, y = x + WIDTH / 2, 0.3
            if end is None:
                end = self._box(middle, y, WIDTH / 2, "plain", f"input  {TIMES.join(map(str, shape))}")
                y = end[1] + GAP
                self.arrows.append([end, (middle, y)])
            else:
                turn, under, over = x - GUTTER / 2, end[1] + GAP / 2, y - GAP / 2
                self.arrows.append([end, (end[0], under), (turn, under), (turn, over), (middle, over), (middle, y)])
            read, free = False, 0
            for i, row in enumerate(column):
                if i:
                    self.arrows.append([end, (middle, y)])
                end = self._row(row, middle, y)
                for head in table.auxiliary:
                    if head.after == row.name:
                        start = (x + WIDTH - INNER, end[1] - INNER - HEIGHT / 2)
                        free = self._head(head, x + WIDTH + GUTTER / 2, start, free)
                        read = True
                y = end[1] + GAP
            x += WIDTH + GUTTER + (HEAD_WIDTH + GUTTER / 2 if read else 0)
        bottoms = [box.y + HEIGHT for box in self.boxes] + [y + tall for _, y, _, tall, _ in self.frames]
        self.extent = (x - GUTTER + 0.5, max(bottoms) + 0.4)

    def _box(self, x, y, width, kind, text):
        """Adds a box and returns the middle of its bottom edge."""
        self.boxes.append(Box(x, y, width, kind, text))
        return x, y + HEIGHT

    def _chain(self, x, y, width, steps, room):
        """Adds boxes below each other, `steps` being pairs (kind, text); returns the bottom of the last."""
        end = None
        for kind, text in steps:
            if end is not None:
                y = end[1] + room
                self.arrows.append([end, (x, y)])
            end = self._box(x, y, width, kind, text)
        return end

    def _row(self, row, x, y):
        """Adds a row and returns the middle of its bottom."""
        maps, width = self._maps[row.name], 0.64 * WIDTH
        match row:
            case Convolution():
                steps = [("conv", f"{row.name}  {_conv(conv)}") for conv in row.convs]
                steps[-1] = ("conv", f"{steps[-1][1]} {TO} {maps}")
                return self._chain(x, y, width, steps, STEP)
            case Inception():
                return self._module(row, x, y, maps)
            case MaxPool():
                return self._box(x, y, width, "pool", f"{row.name}  max {_window(row)} {TO} {maps}")
            case LRN():
                return self._box(x, y, width, "norm", "local response normalization")
            case AveragePool():
                return self._box(x, y, width, "pool", f"average pool {TO} {maps}")
            case Dropout():
                return self._box(x, y, width, "plain", f"dropout {row.rate:.0%}")
            case Linear():
                return self._box(x, y, width, "linear", f"linear {self._classes}, softmax")

    def _module(self, row, x, y, maps):
        deepest = max(map(len, row.branches))
        bottom = y + HEIGHT + INNER + STEP
        concat = bottom + deepest * (HEIGHT + STEP)
        left, width = x - WIDTH / 2, (WIDTH - 5 * INNER) / 4
        self.frames.append((left, y, WIDTH, concat + HEIGHT + INNER - y, False))
        self._box(x, y, WIDTH, "plain", row.name)
        for i, branch in enumerate(row.branches):
            middle = left + INNER + width / 2 + i * (width + INNER)
            steps = [_step(step) for step in branch]
            self.arrows.append([(middle, y + HEIGHT), (middle, bottom)])
            end = self._chain(middle, bottom, width, steps, STEP)
            self.arrows.append([end, (middle, concat)])
        end = self._box(x, concat, WIDTH - 2 * INNER, "concat", f"concatenate {TO} {maps}")
        return x, end[1] + INNER

    def _head(self, head, left, start, free):
        """Adds an auxiliary head right of where it reads; it begins at `free` or below. Returns what is free then."""
        pool = f"average to {head.grid}{TIMES}{head.grid}" if head.grid else f"average {_window(head, head.pool)}"
        steps = [
            ("plain", f"{head.name}, only in training"),
            ("pool", pool),
            ("conv", _conv(head.conv)),
            ("linear", f"linear {head.units}"),
            ("plain", f"dropout {head.dropout:.0%}"),
            ("linear", f"linear {self._classes}, softmax"),
        ]
        y = max(start[1] - HEIGHT / 2, free + INNER)
        turn, middle = left - GUTTER / 4, y + HEIGHT / 2
        self.arrows.append([start, (turn, start[1]), (turn, middle), (left, middle)])
        _, bottom = self._chain(left + HEAD_WIDTH / 2, y, HEAD_WIDTH - 2 * INNER, steps, STEP)
        self.frames.append((left, y - INNER, HEAD_WIDTH, bottom - y + 2 * INNER, True))
        return bottom + INNER + GAP


def _conv(conv):
    stride = f"/{conv.stride}" if conv.stride > 1 else ""
    return f"{conv.kernel}{TIMES}{conv.kernel}{stride}, {conv.filters}"


def _window(pool, side=None):
    side = side or pool.kernel
    return f"{side}{TIMES}{side}/{pool.stride}"


def _step(step):
    return ("pool", f"max {_window(step)}") if isinstance(step, MaxPool) else ("conv", _conv(step))


def _height(row):
    match row:
        case Inception():
            return (2 + max(map(len, row.branches))) * (HEIGHT + STEP) + GAP
        case Convolution():
            return len(row.convs) * HEIGHT + GAP
    return HEIGHT + GAP


def _columns(rows):
    """The rows in columns as even as can be, broken after max pools where there are enough of them."""
    pools = [i + 1 for i, row in enumerate(rows) if isinstance(row, MaxPool)]
    breaks = pools if len(pools) >= COLUMNS - 1 else range(1, len(rows))

    def split(cuts):
        return [rows[a:b] for a, b in itertools.pairwise((0, *cuts, len(rows)))]

    choices = map(split, itertools.combinations(breaks, min(COLUMNS, len(rows)) - 1))
    return min(choices, key=lambda columns: max(sum(map(_height, column)) for column in columns))

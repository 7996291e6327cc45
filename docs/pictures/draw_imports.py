"""Draws `imports.svg`, the rooms of the package and who imports whom: run it where it lies after a change of imports.

The layers are those that import-linter checks (`pyproject.toml`). An arrow leads from a room to one that it imports.
Arrows that follow from others are left out: where A imports B, B imports C and A imports C, there are two.
"""

import ast
import itertools
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "keras_googlenet"

COLORS = ("#8e3b76", "#c9453a", "#e9772e", "#4a6fd8", "#3f7fbf", "#2f9c78", "#5f8f3e", "#7b8190", "#7b8190", "#7b8190")
"""Of the layers, from the top."""

ARROW = "#7b8190"
CROSSING = 80
"""How much longer lines may be to cross once less."""

ROOM, HEIGHT, GAP, BETWEEN, PASSAGE = 104, 30, 18, 44, 14
"""Width and height of a box, the room beside it and below it, and the width that an arrow takes to pass a layer."""


def layers():
    """The rooms of each layer, from the top, as import-linter checks them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    lines = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [[name.strip().partition(".")[2] for name in line.split("|")] for line in lines]


def imports():
    """The rooms that each room imports, wherever in its files: a dict of sets."""
    rooms, found = [room for layer in layers() for room in layer], {}
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.relative_to(PACKAGE).with_suffix("").parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            parts = (name.split(".") for name in names)
            others = {part[1] for part in parts if part[0] == PACKAGE.name and len(part) > 1}
            found.setdefault(room, set()).update(others & set(rooms) - {room})
    return {room: found.get(room, set()) for room in rooms}


def reduced(graph):
    """The same graph without what follows from the rest."""

    def below(room):
        return set().union(*({other} | below(other) for other in graph[room]))

    return {
        room: {one for one in others if not any(one in below(other) for other in others)}
        for room, others in graph.items()
    }


def draw():
    """The picture as text."""
    rows, paths = _with_passages(layers(), reduced(imports()))
    places = _places(rows)
    width, height = (
        max(x for x, _ in places.values()) + ROOM / 2 + GAP,
        len(rows) * (HEIGHT + BETWEEN) - BETWEEN + 2 * GAP,
    )
    parts = [_OPEN.format(width=round(width), height=height, color=ARROW)]
    parts += [_arrow([places[stop] for stop in path]) for path in paths]
    for row, color in zip(rows, COLORS, strict=True):
        parts += [_box(*places[room], room, color) for room in row if isinstance(room, str)]
    return "\n".join([*parts, "</svg>", ""])


_OPEN = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
    'font-family="system-ui, sans-serif" font-size="13">\n'
    "<title>The rooms of keras_googlenet in layers; arrows lead from a room down to those that it imports</title>\n"
    '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0L8 4L0 8Z" fill="{color}"/></marker>'
)


def _with_passages(rows, graph):
    """The rows with a passage `(room, layer)` where arrows to a room pass a layer, and the stops of each arrow."""
    level = {room: i for i, row in enumerate(rows) for room in row}
    paths = [
        [room, *((other, i) for i in range(level[room] + 1, level[other])), other]
        for room, others in graph.items()
        for other in sorted(others)
    ]
    passages = sorted({stop for path in paths for stop in path[1:-1]})
    rows = [[*row, *(stop for stop in passages if stop[1] == i)] for i, row in enumerate(rows)]
    return _untangled(rows, {pair for path in paths for pair in itertools.pairwise(path)}), paths


def _untangled(rows, lines):
    """The rows with stops swapped until no swap makes the lines shorter or cross less often."""

    def cost(rows):
        places = _places(rows)
        ends = sorted((*reversed(places[one]), places[other][0]) for one, other in lines)
        pairs = itertools.combinations(ends, 2)
        crossings = sum(y == below and (x - right) * (end - other) < 0 for (y, x, end), (below, right, other) in pairs)
        return sum(abs(x - end) for _, x, end in ends) + CROSSING * crossings

    best, before = cost(rows), None
    while best != before:
        before = best
        for i, row in enumerate(rows):
            for a, b in itertools.combinations(range(len(row)), 2):
                swapped = list(row)
                swapped[a], swapped[b] = row[b], row[a]
                trial = [*rows[:i], swapped, *rows[i + 1 :]]
                if cost(trial) < best:
                    rows, row, best = trial, swapped, cost(trial)
    return rows


def _places(rows):
    """The middle of the top of each stop, its row centered."""
    widths = [[ROOM if isinstance(stop, str) else PASSAGE for stop in row] for row in rows]
    totals = [sum(row) + GAP * (len(row) - 1) for row in widths]
    places = {}
    for i, row in enumerate(rows):
        x = GAP + (max(totals) - totals[i]) / 2
        for stop, width in zip(row, widths[i], strict=True):
            places[stop] = (x + width / 2, GAP + i * (HEIGHT + BETWEEN))
            x += width + GAP
    return places


def _arrow(stops):
    """A line from the bottom of the first stop to the top of the last, through those between."""
    x, y = stops[0]
    line, y = f"M{x:.1f} {y + HEIGHT}", y + HEIGHT
    for i, (right, below) in enumerate(stops[1:], start=1):
        half = (y + below) / 2
        line += f"C{x:.1f} {half} {right:.1f} {half} {right:.1f} {below}"
        x, y = right, below
        if i < len(stops) - 1:
            line, y = line + f"V{below + HEIGHT}", below + HEIGHT
    return f'<path d="{line}" fill="none" stroke="{ARROW}" stroke-width="1.4" marker-end="url(#head)"/>'


def _box(x, y, room, color):
    return (
        f'<rect x="{x - ROOM / 2:.1f}" y="{y}" width="{ROOM}" height="{HEIGHT}" rx="4" fill="{color}"/>'
        f'<text x="{x:.1f}" y="{y + HEIGHT / 2 + 4.5}" fill="#fff" text-anchor="middle">{room}</text>'
    )


if __name__ == "__main__":
    Path(__file__).with_name("imports.svg").write_text(draw(), encoding="utf-8")

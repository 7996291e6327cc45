"""Draws `network.svg`, the start page's picture, from the table: run it where it lies after a change of the table.

Each row is a bar: its height goes with the square root of its map's side, its width with its depth. An Inception module
is divided as its output is among its four branches.
"""

from pathlib import Path

from keras_googlenet.architecture import PAPER, Convolution, Inception, MaxPool, costs

COLORS = {
    "conv": "#4a6fd8",
    "pool": "#9aa3b2",
    "branches": ("#f2a33a", "#e9772e", "#c9453a", "#8e3b76"),
    "head": "#2f9c78",
}
GRAY = "#7b8190"
BASE, GAP, LEFT = 158, 8, 14


def draw():
    """The picture as text."""
    shapes = {cost.name: cost.output for cost in costs(PAPER)}
    parts, groups, x, heads = [], [], LEFT, {head.after: head for head in PAPER.auxiliary}
    for row in PAPER.trunk:
        if not isinstance(row, (Convolution, MaxPool, Inception)):
            continue
        side, _, depth = shapes[row.name]
        height, width = 14 * side**0.5, 5 if isinstance(row, MaxPool) else 36 + depth / 40
        parts += _bar(row, x, width, height)
        if row.name in heads:
            parts += _head(heads[row.name], x + width / 2, BASE - height)
        if not isinstance(row, MaxPool):
            label = row.name.removeprefix("inception_")
            parts.append(_text(x + width / 2, BASE + 15, label))
        if groups and groups[-1][0] == side:
            groups[-1][2] = x + width
        else:
            groups.append([side, x, x + width])
        x += width + GAP
    parts += _top(x)
    for side, first, last in groups:
        parts.append(f'<path d="M{first:.1f} {BASE + 24}H{last:.1f}" stroke="{GRAY}" stroke-width="1"/>')
        parts.append(_text((first + last) / 2, BASE + 39, f"{side}\u00d7{side}"))
    parts += _legend()
    return "\n".join([_OPEN.format(width=round(x + 90), height=BASE + 76), *parts, "</svg>", ""])


_OPEN = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
    'font-family="system-ui, sans-serif" font-size="11">\n'
    "<title>GoogLeNet: two convolutions, nine Inception modules in three groups, and two auxiliary classifiers</title>"
)


def _bar(row, x, width, height):
    top = BASE - height
    if not isinstance(row, Inception):
        color = COLORS["pool" if isinstance(row, MaxPool) else "conv"]
        return [_rectangle(x, top, width, height, color)]
    filters = (row.conv1x1, row.conv3x3, row.conv5x5, row.pool_proj)
    bars = []
    for share, color in zip(filters, COLORS["branches"], strict=True):
        part = height * share / sum(filters)
        bars.append(_rectangle(x, top, width, part, color))
        top += part
    return bars


def _head(head, x, top):
    y = 26
    line = f'<path d="M{x:.1f} {top:.1f}V{y + 20}" stroke="{COLORS["head"]}" stroke-width="2"/>'
    return [line, _rectangle(x - 19, y, 38, 20, COLORS["head"]), _text(x, y + 14, head.name, "#fff")]


def _top(x):
    y = BASE - 28
    return [
        f'<path d="M{x - GAP + 1:.1f} {BASE - 14}h9" stroke="{COLORS["conv"]}" stroke-width="2"/>',
        _rectangle(x + 4, y, 80, 28, COLORS["conv"]),
        _text(x + 44, y + 18, "predictions", "#fff"),
    ]


def _legend():
    names = ("1\u00d71", "3\u00d73", "5\u00d75", "pool projection")
    entries = [
        ("convolution", COLORS["conv"]),
        ("max pool", COLORS["pool"]),
        *zip(names, COLORS["branches"], strict=True),
    ]
    parts, x, y = [], LEFT, BASE + 58
    for name, color in entries:
        parts += [_rectangle(x, y, 10, 10, color), _text(x + 15, y + 9, name, anchor="start")]
        x += 34 + 6.1 * len(name)
    return parts


def _rectangle(x, y, width, height, color):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{color}"/>'


def _text(x, y, text, color=GRAY, anchor="middle"):
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{color}" text-anchor="{anchor}">{text}</text>'


if __name__ == "__main__":
    Path(__file__).with_name("network.svg").write_text(draw(), encoding="utf-8")

"""Contact sheets: pictures in rows, with what they show written beside and below them."""

import functools
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

GAP = 10
"""Pixels between pictures, and around the sheet."""

SMALL = 64
"""Pixels: of a smaller picture they stay visible as such."""

INK, SOFT = "#1b1f24", "#59636e"


def sheet(title, rows, *, side, note=""):
    """Pictures in rows on white, each as a square with a caption below it.

    Args:
        title: Line of text above all.
        rows: List of `(label, pictures)`: a text to stand left of the row, "" for none, and a list of `(picture,
            caption)`, a picture being a uint8 array of shape (height, width, 3). Newlines split a text's lines.
        side: Pixels a side that each picture is given.
        note: Line of text below the title.

    Returns:
        uint8 RGB array. Text too wide for its place is cut, with an ellipsis.

    Example:
        >>> picture = np.zeros((8, 8, 3), "uint8")
        >>> sheet("Two", [("", [(picture, "left"), (picture, "right")])], side=100).shape
        (162, 230, 3)
    """
    small, large = _font(12), _font(15, bold=True)
    lines = [max((caption.count("\n") + bool(caption) for _, caption in pictures), default=0) for _, pictures in rows]
    margin = max((_width(line, small) for label, _ in rows for line in label.split("\n")), default=0)
    left = GAP + (int(margin) + GAP if margin else 0)
    columns = max(len(pictures) for _, pictures in rows)
    width = left + columns * (side + GAP)
    notes = _wrap(note, small, width - 2 * GAP)
    top = GAP + 24 + 16 * len(notes) + (GAP if notes else 2)
    height = top + sum(side + 16 * count + GAP for count in lines)
    page = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(page)
    draw.text((GAP, GAP), _cut(title, large, width - 2 * GAP), INK, large)
    for i, line in enumerate(notes):
        draw.text((GAP, GAP + 24 + 16 * i), line, SOFT, small)
    for (label, pictures), count in zip(rows, lines, strict=True):
        _write(draw, label, GAP, top, small, left)
        for i, (picture, caption) in enumerate(pictures):
            x = left + i * (side + GAP)
            page.paste(_square(picture, side), (x, top))
            _write(draw, caption, x, top + side + 2, small, side + GAP // 2)
        top += side + 16 * count + GAP
    return np.array(page)


def _write(draw, text, x, y, font, room):
    for i, line in enumerate(text.split("\n")):
        draw.text((x, y + 16 * i), _cut(line, font, room), SOFT if i else INK, font)


def _square(picture, side):
    image = Image.fromarray(np.ascontiguousarray(picture))
    resampling = Image.Resampling.NEAREST if max(image.size) < SMALL else Image.Resampling.LANCZOS
    return image.resize((side, side), resampling)


def _cut(text, font, room):
    if _width(text, font) <= room:
        return text
    while text and _width(text + "\N{HORIZONTAL ELLIPSIS}", font) > room:
        text = text[:-1]
    return text + "\N{HORIZONTAL ELLIPSIS}"


def _wrap(text, font, room):
    lines = []
    for word in text.split():
        if lines and _width(f"{lines[-1]} {word}", font) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [_cut(line, font, room) for line in lines]


def _width(text, font):
    return font.getlength(text)


@functools.cache
def _font(size, bold=False):
    """Matplotlib's own font: the same everywhere, and with more letters than Pillow's."""
    import matplotlib

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path(), "fonts", "ttf", name)), size)

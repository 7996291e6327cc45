"""Contact sheets: pictures in rows, with what they show written beside and below them."""

import itertools
import textwrap
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

GAP = 10
"""Pixels between pictures, and around the sheet."""

SMALL = 64
"""Pixels a side: the pixels of a smaller picture stay visible."""

LINE = 16
"""Pixels from a line of text to the next."""

INK, SOFT = "#1b1f24", "#59636e"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


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
    small, large = _font("DejaVuSans.ttf", 12), _font("DejaVuSans-Bold.ttf", 15)
    margin = int(max(small.getlength(line) for label, _ in rows for line in label.split("\n")))
    left = GAP + (margin + GAP if margin else 0)
    width = left + max(len(pictures) for _, pictures in rows) * (side + GAP)
    heights = [side + LINE * max(len(text.splitlines()) for _, text in pictures) + GAP for _, pictures in rows]
    room = width - 2 * GAP
    # A little shorter than letters of average width would allow.
    notes = textwrap.wrap(note, max(1, int(0.9 * room * len(note) / small.getlength(note)))) if note else []
    top = GAP + 24 + LINE * len(notes) + (GAP if notes else 2)
    page = Image.new("RGB", (width, top + sum(heights)), "white")
    _write(page, title, GAP, GAP, large, room)
    for i, line in enumerate(notes):
        _write(page, line, GAP, GAP + 24 + LINE * i, small, room, SOFT)
    for (label, pictures), height in zip(rows, heights, strict=True):
        _write(page, label, GAP, top, small, left)
        for x, (picture, caption) in zip(itertools.count(left, side + GAP), pictures, strict=False):
            page.paste(_square(picture, side), (x, top))
            _write(page, caption, x, top + side + 2, small, side + GAP // 2)
        top += height
    return np.array(page)


def _write(page, text, x, y, font, room, color=INK):
    """Writes lines, each cut to the room that there is; those below the first in gray."""
    for i, line in enumerate(text.split("\n")):
        while len(line) > 1 and font.getlength(line) > room:
            line = line[:-2] + ELLIPSIS
        ImageDraw.Draw(page).text((x, y + LINE * i), line, SOFT if i else color, font)


def _square(picture, side):
    image = Image.fromarray(np.ascontiguousarray(picture))
    resampling = Image.Resampling.NEAREST if max(image.size) < SMALL else Image.Resampling.LANCZOS
    return image.resize((side, side), resampling)


def _font(name, size):
    """Matplotlib's own font: the same everywhere, and with more letters than Pillow's."""
    return ImageFont.truetype(str(Path(matplotlib.get_data_path(), "fonts", "ttf", name)), size)

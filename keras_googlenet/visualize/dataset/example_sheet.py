"""Contact sheets of dataset examples: each image whole, with the place marked, and what that place sees of it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from keras_googlenet.data.images import read_view
from keras_googlenet.utils.messages import one_line
from keras_googlenet.visualize.dataset.examples import ChannelExamples, Example
from keras_googlenet.visualize.network import Network
from keras_googlenet.visualize.receptive import Field, field
from keras_googlenet.visualize.sheet import SMALL, sheet

SIDE = 144
"""Pixels a side of a picture."""

LARGE = 40
"""Pixels of a field in which a place of its own can be marked, too."""

MARK, EDGE, AROUND = "#ff9f1c", "#1b1f24", 238
"""Of the lines, of their outlines, and the gray of what is beside an image that is no square."""


def example_sheet(network: Network, found: ChannelExamples) -> np.ndarray:
    """The examples of a channel.

    Args:
        network: The `Network` whose channel it is.
        found: What `dataset_examples` has found.

    Returns:
        uint8 RGB array.

    Raises:
        ImageError: An image cannot be read any more.
    """
    groups = [("most", found.most), ("least", found.least)]
    if any(example.value < 0 for example in found.lowest):
        groups.append(("most negative", found.lowest))
    height, width = network.images.size
    both = (field(network.table, found.layer, side) for side in (height, width))
    fields = [one for one in both if one is not None]  # none, where each place sees the whole image
    wide = all(one.size >= side for one, side in zip(fields, (height, width), strict=False))
    rows = []
    for label, examples in groups:
        views = [read_view(example.path, network.images.size) for example in examples]
        captions = [f"{example.value:.4g}\n{_called(example.path)}" for example in examples]
        shown = [_marked(view, example, fields) for view, example in zip(views, examples, strict=True)]
        if wide or not any(example.place for example in examples):  # crops would be the images again
            rows.append((label, list(zip(shown, captions, strict=True))))
            continue
        crops = [_crop(view, example.box) for view, example in zip(views, examples, strict=True)]
        rows.append((label, [(crop, "") for crop in crops]))
        rows.append(("", list(zip(shown, captions, strict=True))))
    note = "Images by the channel's largest value at any place"
    if not fields:
        note = "Images by the channel's value"
    elif any(example.place for _, examples in groups for example in examples):
        seen, marked = " x ".join(str(one.size) for one in fields), _is_place_marked(fields)
        note += f"; the {'large ' * marked}square is what that place sees, its receptive field of {seen} pixels"
        note += ", the small one the place itself" * marked
    note += f". The network sees {height} x {width} pixels of an image."
    return sheet(f"{found.layer}, channel {found.channel}", rows, side=SIDE, note=note)


def _is_place_marked(fields: Sequence[Field]) -> bool:
    """Whether a place has a mark of its own, in its field."""
    return bool(fields) and min(one.size for one in fields) >= LARGE


def _called(path: str) -> str:
    """An image's name, and on the next line that of its folder."""
    return f"{one_line(Path(path).name)}\n{one_line(Path(path).parent.name)}"


def _crop(view: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    left, top, right, bottom = box
    return _square(Image.fromarray(view[top:bottom, left:right]))


def _square(image: Image.Image) -> np.ndarray:
    """An image as large as it fits into a square, on gray; the pixels of a small one stay visible."""
    scale = SIDE / max(image.size)
    width, height = (max(1, round(scale * side)) for side in image.size)
    resampling = Image.Resampling.NEAREST if max(image.size) < SMALL else Image.Resampling.LANCZOS
    page = Image.new("RGB", (SIDE, SIDE), (AROUND,) * 3)
    page.paste(image.resize((width, height), resampling), ((SIDE - width) // 2, (SIDE - height) // 2))
    return np.array(page)


def _marked(view: np.ndarray, example: Example, fields: Sequence[Field]) -> np.ndarray:
    """An image with the field of a place, and the part of the image that is that place's alone."""
    page, (height, width) = Image.fromarray(_square(Image.fromarray(view))), view.shape[:2]
    if example.place is None:
        return np.array(page)
    scale = SIDE / max(height, width)
    beside = [(SIDE - scale * side) / 2 for side in (width, height)]
    boxes: list[tuple[float, ...]] = [example.box] if example.box != (0, 0, width, height) else []
    if _is_place_marked(fields):
        (row, column), (tall, wide) = example.center, (max(one.step, 8) / 2 for one in fields)
        boxes.append((column + 0.5 - wide, row + 0.5 - tall, column + 0.5 + wide, row + 0.5 + tall))
    draw = ImageDraw.Draw(page)
    for box in boxes:
        left, top, right, bottom = (min(max(0, scale * edge + beside[i % 2]), SIDE - 1) for i, edge in enumerate(box))
        for grown, color in ((1, EDGE), (0, MARK)):
            edges = (left - grown, top - grown, right + grown, bottom + grown)
            draw.rectangle(edges, outline=color, width=1 + 2 * grown if grown else 2)
    return np.array(page)

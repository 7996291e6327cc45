"""A folder of pictures as a page: `index.html` shows every picture in it that this package has drawn.

Each picture says of itself what it is, in its PNG's own fields. So the page has the pictures of earlier calls, too, and
nothing else needs to be kept.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import jinja2
import numpy as np
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from keras_googlenet.errors import InputError
from keras_googlenet.utils.writing import written_whole

SOFTWARE = "keras_googlenet"

MARK = f'<meta name="generator" content="{SOFTWARE}">'
"""What tells a page of ours."""

KINDS = {
    "filters": "What the first layer looks for: its filters.",
    "diagram": "The architecture, with both auxiliary heads.",
    "channels": "All channels of a layer, each as a small image that excites it.",
    "channel": "Images that a channel is excited by most, made by gradient ascent.",
    "maximize": "Images that a class's score is high for, likewise.",
    "examples": "Where a folder's images excite a channel most and least.",
    "grid": "What each place of a layer sees in an image, drawn there, and the layer in a few factors.",
    "atlas": "What a layer sees in a folder of images: like things side by side.",
    "activations": "The most active maps of every Inception module, for an image.",
    "cam": "Where an image shows a class: Grad-CAM.",
    "attribution": "What in an image a class's score rests on, by several methods.",
    "dream": "What a layer sees in an image, made stronger.",
}
"""What pictures there are, in the page's order, and what they show."""


class Picture(NamedTuple):
    """A picture of this package's in a folder.

    Attributes:
        file: Its file's name, as an address.
        kind: One of `KINDS`.
        title: What it shows.
        model: Of which model.
        size: `(width, height)` in pixels.
    """

    file: str
    kind: str
    title: str
    model: str
    size: tuple[int, int]


def write_picture(path: Path, image: np.ndarray, *, kind: str, title: str, model: str) -> None:
    """Writes a picture as PNG, whole or not at all, with what it is in its fields.

    Args:
        path: The file.
        image: uint8 RGB array of shape (height, width, 3), or RGBA.
        kind: One of `KINDS`.
        title: What it shows.
        model: The model's name.

    Raises:
        InputError: The path is no name of a file.
        WriteError: The disk is full, or the folder cannot be written to.
    """
    fields = PngImagePlugin.PngInfo()
    for key, text in {"Software": SOFTWARE, "Source": kind, "Title": title, "Comment": model}.items():
        # What stands for bytes of a name that is no UTF-8 has no place in a PNG.
        fields.add_itxt(key, text.encode("utf-8", errors="replace").decode("utf-8"))
    with written_whole(path) as partial:
        Image.fromarray(image).save(partial, format="PNG", optimize=True, pnginfo=fields)


def write_page(folder: str | Path, name: str = "index.html") -> Path:
    """Writes the page of a folder's pictures. It needs no network and runs no script.

    Args:
        folder: Where `keras-googlenet visualize` has drawn.
        name: The page's file.

    Returns:
        The page's path.

    Raises:
        InputError: There is a folder of that name, or somebody else's page.
        WriteError: The disk is full, or the folder cannot be written to.
    """
    check_page(folder, name)
    path, pictures = Path(folder) / name, list(pictures_in(folder))
    parts = [(kind, text, [picture for picture in pictures if picture.kind == kind]) for kind, text in KINDS.items()]
    loader = jinja2.PackageLoader("keras_googlenet", "visualize")
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined)
    page = environment.get_template("page.html.jinja").render(
        models=sorted({picture.model for picture in pictures}), parts=[part for part in parts if part[2]]
    )
    with written_whole(path) as partial:
        partial.write_text(page, encoding="utf-8")
    return path


def check_page(folder: str | Path, name: str = "index.html") -> None:
    """Raises an `InputError` if there is a page already that `write_page` has not written: it would be lost."""
    path = Path(folder) / name
    if path.is_file() and MARK not in path.read_text(encoding="utf-8", errors="replace"):
        raise InputError(f"{path} is not a page of {SOFTWARE}'s. Move it away, or choose another folder")


def pictures_in(folder: str | Path) -> Iterator[Picture]:
    """The pictures in a folder that this package has drawn. Others are passed over, and so are damaged ones."""
    for path in sorted(Path(folder).glob("*.png")):
        try:
            with warnings.catch_warnings(action="ignore"), Image.open(path) as image:  # of somebody's huge image
                fields, size = image.info, image.size
        except (OSError, UnidentifiedImageError, SyntaxError, ValueError, Image.DecompressionBombError):
            continue
        if fields.get("Software") == SOFTWARE and fields.get("Source") in KINDS:
            title, model = str(fields.get("Title", path.stem)), str(fields.get("Comment", ""))
            yield Picture(quote(path.name), fields["Source"], title, model, size)

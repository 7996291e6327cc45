"""The diagram says what the table says, box by box, for every variant; nothing lies on anything else or outside."""

import re
import xml.etree.ElementTree

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from PIL import Image
from support.small import SMALL
from support.transcription import COSTS, MODULES

from keras_googlenet.architecture import PAPER, VARIANTS, wider
from keras_googlenet.architecture.variants import naive
from keras_googlenet.visualize import plot_architecture
from keras_googlenet.visualize.diagram import COLORS, Diagram

TABLES = [*VARIANTS.values(), naive(PAPER), wider(PAPER, 2), SMALL]


def texts(path):
    tree = xml.etree.ElementTree.parse(path)
    found = ["".join(element.itertext()).strip() for element in tree.iter("{http://www.w3.org/2000/svg}text")]
    return [text.replace("\N{MULTIPLICATION SIGN}", "x").replace("\N{RIGHTWARDS ARROW}", "->") for text in found]


def test_its_numbers_are_the_papers(tmp_path):
    plot_architecture(PAPER, tmp_path / "paper.svg")
    plot_architecture(PAPER, tmp_path / "again.svg")
    assert (tmp_path / "paper.svg").read_bytes() == (tmp_path / "again.svg").read_bytes()
    said = texts(tmp_path / "paper.svg")
    assert "6,998,552 parameters" in said[1]
    names = [f"inception_{module}" for module in MODULES]
    for name, (one, reduce3, three, reduce5, five, pool) in zip(names, MODULES.values(), strict=True):
        branches = [f"1x1, {one}", f"1x1, {reduce3}", f"3x3, {three}", f"1x1, {reduce5}", f"5x5, {five}"]
        start = said.index(name)
        maps = "x".join(map(str, COSTS[name][0]))
        assert said[start + 1 : start + 9] == [*branches, "max 3x3/1", f"1x1, {pool}", f"concatenate -> {maps}"]
    for name in ("aux1", "aux2"):
        start = said.index(f"{name}, only in training")
        head = ["average 5x5/3", "1x1, 128", "linear 1024", "dropout 70%", "linear 1000, softmax"]
        assert said[start + 1 : start + 6] == head
    for text in (
        "input  224x224x3",
        "conv1  7x7/2, 64 -> 112x112x64",
        "conv2  3x3, 192 -> 56x56x192",
        "pool1  max 3x3/2 -> 56x56x64",
        "dropout 40%",
        "average pool -> 1x1x1024",
    ):
        assert text in said, text
    assert said.count("local response normalization") == 2


def drawn(table, classes):
    """The figure, drawn, and of each box its text and where the two are: `(left, top, right, bottom)` in pixels."""
    figure = Diagram(table, (224, 224, 3), classes).figure
    FigureCanvasAgg(figure)  # which measures text
    (axes,) = figure.axes
    boxes = [patch.get_window_extent() for patch in axes.patches if to_hex(patch.get_facecolor()) in COLORS.values()]
    labels = [text for text in axes.texts if text.get_text() and text.get_ha() == "center"]
    return figure, list(zip(boxes, labels, strict=True))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_box_has_its_place(table):
    figure, boxes = drawn(table, 10)
    for box, _ in boxes:
        assert 0 <= box.x0 < box.x1 <= figure.bbox.width
        assert 0 <= box.y0 < box.y1 <= figure.bbox.height
    for i, (one, text) in enumerate(boxes):
        for other, another in boxes[:i]:
            apart = max(one.x0, other.x0) >= min(one.x1, other.x1) or max(one.y0, other.y0) >= min(one.y1, other.y1)
            assert apart, (text, another)
    heads = [text for _, text in boxes if re.match(r"aux\d", text.get_text())]
    assert len(heads) == len(table.auxiliary)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_text_fits_its_box(table):
    for box, text in drawn(table, 1000)[1]:
        place = text.get_window_extent()
        assert box.x0 < place.x0 < place.x1 < box.x1, text
        assert box.y0 < place.y0 < place.y1 < box.y1, text


def test_a_png(tmp_path):
    plot_architecture(SMALL, tmp_path / "small.png", size=64, classes=4)
    with Image.open(tmp_path / "small.png") as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 500

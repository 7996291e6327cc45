"""The diagram says what the table says, box by box, for every variant; nothing lies on anything else or outside."""

import re
import xml.etree.ElementTree

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from PIL import Image
from support.small import SMALL
from support.transcription import COSTS, MODULES

from keras_googlenet.architecture import PAPER, VARIANTS, wider
from keras_googlenet.architecture.variants import naive
from keras_googlenet.visualize import plot_architecture
from keras_googlenet.visualize.layout import HEIGHT, Layout

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


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_box_has_its_place(table):
    layout = Layout(table, 224, 10)
    width, height = layout.extent
    for box in layout.boxes:
        assert 0 <= box.x - box.width / 2 < box.x + box.width / 2 <= width
        assert 0 <= box.y < box.y + HEIGHT <= height
    for i, one in enumerate(layout.boxes):
        for other in layout.boxes[:i]:
            apart_x = abs(one.x - other.x) >= (one.width + other.width) / 2 - 1e-9
            assert apart_x or abs(one.y - other.y) >= HEIGHT - 1e-9, (one, other)
    heads = [box for box in layout.boxes if re.match(r"aux\d", box.text)]
    assert len(heads) == len(table.auxiliary)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_text_fits_its_box(table):
    layout = Layout(table, 224, 1000)
    renderer = FigureCanvasAgg(Figure(dpi=72)).get_renderer()
    font = FontProperties(size=7.5)
    for box in layout.boxes:
        wide, _, _ = renderer.get_text_width_height_descent(box.text, font, ismath=False)
        assert wide < box.width / 2.7 * 72, box


def test_a_png(tmp_path):
    plot_architecture(SMALL, tmp_path / "small.png", size=64, classes=4)
    with Image.open(tmp_path / "small.png") as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 500

"""The page of a folder's pictures: what is on it, read back by Python's own parser of HTML."""

import html.parser
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from keras_googlenet.visualize.page import KINDS, pictures_in, write_page, write_picture

PIXELS = np.zeros((20, 30, 3), "uint8")


class Page(html.parser.HTMLParser):
    """The pictures, the headings and the texts of a page."""

    def __init__(self, text):
        super().__init__()
        self.images, self.links, self.headings, self.texts, self.scripts = [], [], [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.images += [attributes] if tag == "img" else []
        self.links += [attributes["href"]] if tag == "a" else []
        self.headings += [attributes.get("id")] if tag == "h2" else []
        self.scripts += tag == "script"

    def handle_data(self, data):
        self.texts.append(data.strip())


def drawn(folder, name, kind="cam", title="a bee", model="imagenet"):
    write_picture(folder / name, PIXELS, kind=kind, title=title, model=model)


def test_pictures_of_all_calls_are_on_it_in_the_kinds_order(tmp_path):
    drawn(tmp_path, "b.png")
    drawn(tmp_path, "a.png", kind="channel", title="mixed4a:97")
    drawn(tmp_path, "ä #1?.png", title="<b>é</b> & \ud800")
    Image.fromarray(PIXELS).save(tmp_path / "somebody's.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    (tmp_path / "text.png").write_text("no picture")
    page = Page(write_page(tmp_path).read_text(encoding="utf-8"))
    assert page.headings == ["channel", "cam"]
    assert [unquote(image["src"]) for image in page.images] == ["a.png", "b.png", "ä #1?.png"]
    assert all((tmp_path / unquote(image["src"])).is_file() for image in page.images)
    assert [image["alt"] for image in page.images] == ["mixed4a:97", "a bee", "<b>é</b> & ?"]
    assert (page.images[0]["width"], page.images[0]["height"]) == ("30", "20")
    assert page.scripts == 0
    assert "<b>é</b> & ?" in page.texts
    assert not any(link.startswith(("http", "/")) for link in page.links)


def test_it_is_written_anew(tmp_path):
    drawn(tmp_path, "a.png")
    first = write_page(tmp_path).read_text()
    drawn(tmp_path, "b.png", model="runs/bees/model.keras")
    second = Page(write_page(tmp_path).read_text())
    assert len(second.images) == 2 > len(Page(first).images)
    assert "a bee (imagenet)" in second.texts  # of which model it is, where there are several


def test_an_empty_folder_has_an_empty_page(tmp_path):
    assert Page(write_page(tmp_path).read_text()).images == []


def test_a_picture_says_what_it_is(tmp_path):
    drawn(tmp_path, "a.png")
    [picture] = pictures_in(tmp_path)
    assert picture == ("a.png", "cam", "a bee", "imagenet", (30, 20))
    with Image.open(tmp_path / "a.png") as image:
        assert image.text["Title"] == "a bee"
        np.testing.assert_array_equal(np.asarray(image), PIXELS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_place(tmp_path, kind):
    drawn(tmp_path, "a.png", kind=kind)
    assert Page(write_page(tmp_path).read_text()).headings == [kind]

"""The report: what it says, that nothing in it comes from elsewhere, and what a real browser makes of it."""

import base64
import html.parser
import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from support.browser import browser
from support.tiers import does

from keras_googlenet.errors import InputError
from keras_googlenet.report import write_report

SCRIPT = "<script>document.title = 'taken'</script>"
BREAKOUT = "\"'><img src=x onerror=alert(1)>"
METRICS = (
    "epoch,loss,predictions_loss,predictions_accuracy,aux1_loss,aux1_accuracy,val_loss,val_predictions_loss,"
    "val_predictions_accuracy,val_aux1_loss,val_aux1_accuracy,learning_rate\n"
    "0,2.5,2,0.25,1.5,0.3,2.25,1.75,0.375,1.5,0.35,0.02\n"
    "1,1.5,1,0.5,1.25,0.4,1.75,1.25,0.625,1.25,0.45,0.01\n"
)


def evaluation(names, mistakes=True, matrix=True):
    """Ten images of each class, of which two of each are taken for the next one."""
    classes = len(names)
    confusion = 8 * np.eye(classes, dtype=int) + 2 * np.roll(np.eye(classes, dtype=int), 1, axis=1)
    wrong = [
        {"index": 10 * i, "true": i, "predicted": (i + 1) % classes, "probability": 0.9 - i / 100} for i in range(3)
    ]
    return {
        "split": "validation", "count": 10 * classes, "top1": 0.8, "top1_interval_95": [0.7112, 0.8666], "top5": 0.95,
        "loss": 0.5, "class_names": names, "class_counts": [10] * classes, "class_accuracy": [0.8] * classes,
        "most_confused": [[i, (i + 1) % classes, 2] for i in range(classes)][:20],
        "confusion": confusion.tolist() if matrix else None,
        "mistakes": [{**mistake, "name": None} for mistake in wrong] if mistakes else [],
    }  # fmt: skip


def fill(folder, names, dataset="photos", **options):
    """A run's folder as training leaves it."""
    folder.mkdir(exist_ok=True)
    record = {
        "recipe": {"dataset": dataset, "variant": "paper", "image_size": 32, "epochs": 2, "clip_norm": None, "seed": 7},
        "classes": names,
        "images": {"train": 1437, "validation": 10 * len(names)},
        "versions": {"python": "3.12.1", "keras": "3.15.0"},
    }
    (folder / "recipe.json").write_text(json.dumps(record))
    (folder / "metrics.csv").write_text(METRICS)
    (folder / "evaluation.json").write_text(json.dumps(evaluation(names, **options)))
    Image.fromarray(photo(1, 300, 300)).save(folder / "samples.png")
    return folder


def photo(seed, height=200, width=300):
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows * seed % 256, columns * seed % 256, (rows + columns) % 256], axis=-1).astype("uint8")


LINES = "svg [style*='stroke: #000000']"
"""What Matplotlib draws in black: the axes and their ticks."""


class Reader(html.parser.HTMLParser):
    """The elements of a page and its text."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.words = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


def read(folder, **options):
    return Reader(write_report(folder, **options).read_text(encoding="utf-8"))


def test_it_says_what_the_run_came_to(tmp_path):
    text = read(fill(tmp_path, list("abcdefgh")), image=photo).text
    for said in (
        "80.00% of 80 validation images recognized",
        "top-1 (95%: 71.1\N{EN DASH}86.7%)",
        "95.00%",
        "2 of 2",
        "1,437",
        "predictions 1.000 1.250 50.00% 62.50% aux1 1.250 1.250 40.00% 45.00%",
        "clip_norm none",
        "keras 3.15.0",
        "a taken for b , 90.0%",
        "image 20",
    ):
        assert said in text, said
    again = "keras-googlenet train --dataset photos --set variant=paper --set image_size=32 --set epochs=2"
    assert f"{again} --set clip_norm=none --set seed=7" in text
    assert "--resume" not in text
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "evaluation.json", "metrics.csv", "recipe.json", "report.html", "samples.png",
    ]  # fmt: skip


def test_the_matrix_has_each_count_in_its_cell(tmp_path):
    page = write_report(fill(tmp_path, list("abcdefgh"))).read_text(encoding="utf-8")
    found = re.findall(r'title="(\d+) of (\w) taken for (\w)">(\d+)</td>', page)
    confusion = np.array([int(count) for _, _, _, count in found]).reshape(8, 8)
    np.testing.assert_array_equal(confusion, evaluation(list("abcdefgh"))["confusion"])
    assert found[1] == ("2", "a", "b", "2")


@pytest.mark.parametrize(("classes", "matrix"), [(31, True), (300, False)])
def test_many_classes_give_the_pairs_most_often_confused(tmp_path, classes, matrix):
    names = [f"class{i}" for i in range(classes)]
    reader = read(fill(tmp_path, names, matrix=matrix))
    assert "class3 → class4 2 20.0%" in reader.text
    assert "class5 10 80.0%" in reader.text
    assert sum(tag == "tr" for tag, _ in reader.elements) == 3 + 21 + 21  # heads, pairs, classes


def test_thumbnails_are_the_mistaken_images(tmp_path):
    asked = []

    def image(index):
        asked.append(index)
        return None if index == 10 else photo(1 + index / 20)

    found = [attrs["src"] for tag, attrs in read(fill(tmp_path, list("abc")), image=image).elements if tag == "img"]
    assert asked == [0, 10, 20]
    assert len(found) == 3  # two, and the samples
    for source, seed in zip(found, (1, 2), strict=False):
        with Image.open(io.BytesIO(base64.b64decode(source.removeprefix("data:image/jpeg;base64,")))) as picture:
            assert (picture.format, picture.size) == ("JPEG", (128, 85))
            expected = Image.fromarray(photo(seed)).resize(picture.size, Image.Resampling.BICUBIC)
            assert np.abs(np.array(picture, "int") - np.array(expected, "int")).mean() < 8


def test_what_is_not_there_is_left_out(tmp_path):
    fill(tmp_path, list("abc"))
    for name in ("evaluation.json", "samples.png"):
        (tmp_path / name).unlink()
    text = read(tmp_path).text
    assert "Trained for 2 epochs, validation accuracy 62.50%" in text
    assert "Confusion" not in text
    (tmp_path / "metrics.csv").write_text("\n".join(METRICS.splitlines()[:2]))
    text = read(tmp_path).text
    assert "1 of 2" in text
    assert f"keras-googlenet train --output {tmp_path} --resume" in text
    for left in ("", "epoch,loss\n"):
        (tmp_path / "metrics.csv").write_text(left)
        assert "Not trained yet" in read(tmp_path).text
    (tmp_path / "metrics.csv").unlink()
    assert "Not trained yet" in read(tmp_path).text


def test_names_are_text_and_nothing_else(tmp_path):
    names = [SCRIPT, BREAKOUT, "\udcff&amp;"]
    reader = read(
        fill(tmp_path, names, dataset=SCRIPT),
        image=photo,
        skipped=[f"{SCRIPT}: truncated"],
    )
    assert not [element for element in reader.elements if element[0] == "script" or "onerror" in element[1]]
    assert reader.text.count(SCRIPT) >= 6
    assert BREAKOUT in reader.text
    assert "?&amp;" in reader.text


def test_nothing_comes_from_elsewhere(tmp_path):
    reader = read(fill(tmp_path, list("abc")), image=photo)
    for tag, attributes in reader.elements:
        assert tag not in ("script", "iframe", "object", "embed", "base")
        for name in ("src", "href", "xlink:href", "srcset", "data", "action"):
            assert attributes.get(name, "#").startswith(("#", "data:")), (tag, attributes)
    style = "".join(reader.words)
    assert "@import" not in style
    assert "url(" not in style


def test_skipped_images_are_named_and_the_rest_counted(tmp_path):
    text = read(fill(tmp_path, list("abc")), skipped=[f"photo{i}.jpg: truncated" for i in range(1203)]).text
    assert "1,203 could not be read" in text
    assert "photo199.jpg: truncated" in text
    assert "photo200.jpg" not in text
    assert "and 1,003 more" in text


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(InputError, match="no run's folder. Expected: a recipe.json in it"):
        write_report(tmp_path)
    fill(tmp_path, list("abc"))
    for text, message in (("{", "not JSON"), ("[]", "not what a run leaves"), ("{}", "KeyError: 'top1'")):
        (tmp_path / "evaluation.json").write_text(text)
        with pytest.raises(InputError, match=message):
            write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_a_report_is_replaced_whole_or_not_at_all(tmp_path):
    fill(tmp_path, list("abc"))
    before = write_report(tmp_path).read_bytes()

    def fail(index):
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        write_report(tmp_path, image=fail)
    assert (tmp_path / "report.html").read_bytes() == before
    assert write_report(tmp_path).read_bytes() == before


@pytest.fixture(scope="module")
@does("spawns")
def chromium():
    with browser() as session:
        yield session


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    names = ["tabby cat", SCRIPT, BREAKOUT, "Ångström-" + "long" * 12, *[f"a class called {i}" for i in range(16)]]
    folder = fill(tmp_path_factory.mktemp("run"), names, dataset="a/" + "deep/" * 30)
    return write_report(folder, image=photo, skipped=["x" * 300])


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1100])
def test_a_browser_shows_it(chromium, report, width, dark):
    chromium.open(report, width=width, dark=dark)
    assert chromium.run("return document.title") == "80.00% of 200 validation images recognized"
    widths = chromium.run("return [...document.images].map(image => image.naturalWidth)")
    assert widths == [128, 128, 128, 300]
    assert chromium.run("return document.documentElement.scrollWidth") <= width  # no sideways scrolling
    boxes = chromium.run("return [...document.querySelectorAll('svg')].map(s => [s.clientWidth, s.clientHeight])")
    assert len(boxes) == 2
    assert all(0.9 * min(width - 32, 400) < w < width and 0.6 < h / w < 0.9 for w, h in boxes)
    assert chromium.log("browser") == []
    asked = [address for address in chromium.requests() if not address.startswith("data:")]
    assert asked == [report.resolve().as_uri()]


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_from_its_ground(chromium, report, dark):
    """The contrast that WCAG 2 asks of text, 4.5, and of what is drawn, 3."""
    chromium.open(report, dark=dark)
    found = """return [...document.querySelectorAll("%s")].map(element => getComputedStyle(element).%s)"""
    ground = luminance(chromium.run(found % ("body", "backgroundColor"))[0])
    assert (ground < 0.05) == dark
    for selector, name, least in (("body, .soft", "color", 4.5), ("svg text", "fill", 3), (LINES, "stroke", 3)):
        inks = [luminance(color) for color in chromium.run(found % (selector, name))]
        assert len(inks) > 5
        assert min((max(ink, ground) + 0.05) / (min(ink, ground) + 0.05) for ink in inks) > least
    pixels = Image.open(io.BytesIO(base64.b64decode(chromium.screenshot()))).convert("L")
    assert (np.mean(pixels) < 100) == dark
    assert np.std(pixels) > 10


def luminance(color):
    values = np.array([int(v) for v in re.findall(r"\d+", color)[:3]]) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_the_browser_would_notice(chromium, tmp_path):
    """The test of the tests: a page with an address and a script in it has requests and messages."""
    page = tmp_path / "page.html"
    page.write_text('<img src="missing.png"><script>console.error("no")</script>')
    chromium.open(page)
    assert any("missing.png" in address for address in chromium.requests())
    assert len(chromium.log("browser")) >= 1
    assert chromium.run("return [...document.images].map(image => image.naturalWidth)") == [0]

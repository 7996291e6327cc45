"""`keras-googlenet visualize`: what it writes, what it says, and how it ends."""

import functools
import io
import sys

import keras
import numpy as np
import pytest
from PIL import Image
from support import deterministic
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.cli import main
from keras_googlenet.errors import InputError
from keras_googlenet.utils.class_names import find_class
from keras_googlenet.visualize import dream, gallery, maximize_class, sheet
from keras_googlenet.visualize.gallery import Gallery

pytestmark = pytest.mark.computes

NAMES = ("red rose", "daisy", "tulip", "7")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    made = GoogLeNet(weights=None, input_shape=(64, 64, 3), classes=4, variant=SMALL)
    deterministic.fill(made)
    made.class_names = NAMES
    path = tmp_path_factory.mktemp("model") / "flowers.keras"
    made.save(path)
    return path


@pytest.fixture
def photo(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "in").mkdir()
    Image.fromarray(rng.integers(0, 256, (80, 120, 3), "uint8")).save(tmp_path / "in" / "photo.png")
    return tmp_path / "in" / "photo.png"


def visualize(*arguments):
    return main(["visualize", *map(str, arguments)])


def sizes(folder):
    found = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".png":
            with Image.open(path) as picture:
                picture.load()
                assert (picture.format, picture.mode) == ("PNG", "RGB" if "architecture" not in path.name else "RGBA")
                found[path.name] = picture.size
    return found


def test_without_images_it_draws_the_model(model, tmp_path, capsys):
    assert visualize(model, "--output", tmp_path / "out") == 0
    names = ["architecture.png", "architecture.svg", "filters.png", "index.html"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    assert sorted(capsys.readouterr().out.splitlines()) == [str(tmp_path / "out" / name) for name in names]
    svg = (tmp_path / "out" / "architecture.svg").read_text(encoding="utf-8")
    assert "linear 4, softmax" in svg
    assert "aux1" in svg


def test_images_are_explained_and_bad_ones_named(model, photo, tmp_path, capsys):
    (photo.parent / "bad.jpg").write_bytes(b"no image")
    (photo.parent / "more").mkdir()
    namesake = photo.parent / "more" / "photo.jpg"
    Image.new("RGB", (70, 64), "green").save(namesake)
    images = [photo.parent / "bad.jpg", photo, namesake, photo.parent / "missing.png"]
    assert visualize(model, images[0], "--output", tmp_path / "out", "--only", "cam,activations", *images[1:]) == 1
    said = capsys.readouterr()
    errors = [line for line in said.err.splitlines() if line.startswith("keras-googlenet: ")]
    assert len(errors) == 2
    assert "bad.jpg: not an image" in errors[0]
    assert "missing.png: no such file" in errors[1]
    assert list(sizes(tmp_path / "out")) == [
        "photo-activations-2.png", "photo-activations.png", "photo-cam-2.png", "photo-cam.png",
    ]  # fmt: skip
    assert len(said.out.splitlines()) == 5  # the page is the last


def test_paths_are_what_predict_takes(model, photo, tmp_path, capsys, monkeypatch):
    """A folder, a pattern, standard input, each anywhere among the options."""
    content = photo.read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    paths = [photo.parent, "-", str(photo.parent / "p*.png"), photo.parent / "no*.png"]
    arguments = ["--only", "cam", paths[0], "--output", tmp_path / "out", *paths[1:]]
    assert visualize(model, *arguments) == 1
    assert list(sizes(tmp_path / "out")) == ["photo-cam-2.png", "photo-cam.png", "standard-input-cam.png"]
    assert "no*.png: no file matches" in capsys.readouterr().err
    (photo.parent / "empty").mkdir()
    assert visualize(model, photo.parent / "empty", "--output", tmp_path / "none") == 1
    assert not (tmp_path / "none").exists()


def test_a_gallery_alone(model, photo, tmp_path):
    names = [(str(i), name) for i, name in enumerate(NAMES)]
    shown = Gallery(keras.saving.load_model(model), tmp_path / "out", names, classes=[2], layer="4a")
    (path,) = shown.cam(np.full((64, 64, 3), 90, "uint8"), "a/b")
    assert path == tmp_path / "out" / "a_b-cam.png"
    assert list(sizes(tmp_path / "out")) == [path.name]
    with pytest.raises(InputError, match="No such layer: 9z"):
        Gallery(shown.network.model, tmp_path, names, layer="9z")


def test_classes_and_a_layer_by_name(model, photo, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    only = ["--only", "cam", "--layer", "4a"]
    assert visualize(model, photo, "--output", one, *only, "--class", "Red_Rose") == 0
    assert visualize(model, photo, "--output", two, *only, "--class", "0", "--class", "tulip", "--class", "7") == 0
    (width, _), (wider, _) = sizes(one)["photo-cam.png"], sizes(two)["photo-cam.png"]
    assert wider == width + 2 * 234


def test_the_heads_have_channels_too(tmp_path, capsys):
    """By Google's name; what explains an answer explains the main one."""
    made = GoogLeNet(weights=None, input_shape=(64, 64, 3), classes=4, aux_heads=True, variant=SMALL)
    made.save(tmp_path / "heads.keras")
    Image.new("RGB", (70, 64), "green").save(tmp_path / "green.png")
    options = ["--only", "examples,cam", "--channel", "head0_bottleneck:3", "--images", tmp_path]
    assert visualize(tmp_path / "heads.keras", tmp_path / "green.png", "--output", tmp_path / "out", *options) == 0
    assert list(sizes(tmp_path / "out")) == ["examples-aux1_conv-3.png", "green-cam.png"]
    capsys.readouterr()
    made.inference_model().save(tmp_path / "none.keras")
    assert visualize(tmp_path / "none.keras", "--output", tmp_path / "none", "--channel", "head0_bottleneck:3") == 2
    assert "No such layer: head0_bottleneck" in capsys.readouterr().err


def test_the_slow_ones_on_request(model, photo, tmp_path, monkeypatch):
    for slow in (dream, maximize_class):
        monkeypatch.setattr(gallery, slow.__name__, functools.partial(slow, steps=1))
    first, again = tmp_path / "first", tmp_path / "again"
    for folder in (first, again):
        arguments = ["--only", "dream,maximize", "--layer", "3a", "--size", "70", "--class", "daisy", "--seed", "3"]
        assert visualize(model, photo, "--output", folder, *arguments) == 0
    assert list(sizes(first)) == ["maximize-daisy.png", "photo-dream-inception_3a.png"]
    assert sizes(first)["photo-dream-inception_3a.png"] == (70, 70)
    for path in first.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes()


def test_a_page_of_all_that_was_drawn(model, photo, tmp_path, capsys, monkeypatch):
    """By two commands; a page that somebody else has written is not overwritten."""
    monkeypatch.setattr(gallery, "CHANNEL_STEPS", 1)
    out = tmp_path / "out"
    for arguments in ([photo, "--only", "cam"], ["--channel", "mixed3a:3", "--channel", "conv2d0:1", "--seed", "5"]):
        assert visualize(model, "--output", out, *arguments) == 0
        assert capsys.readouterr().out.splitlines()[-1] == str(out / "index.html")
    drawn = ["architecture.png", "channel-conv1-1.png", "channel-inception_3a-3.png", "filters.png", "photo-cam.png"]
    assert list(sizes(out)) == drawn
    page = (out / "index.html").read_text()
    assert all(f'src="{name}"' in page for name in drawn)
    (out / "index.html").write_text("mine")
    assert visualize(model, "--output", out) == 2
    assert "not a page of" in capsys.readouterr().err
    assert (out / "index.html").read_text() == "mine"


def test_examples_come_with_a_channel_and_images(model, photo, tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "CHANNEL_STEPS", 1)
    arguments = ["--channel", "4a:1", "--images", photo.parent]
    assert visualize(model, "--output", tmp_path / "out", *arguments) == 0
    assert {"channel-inception_4a-1.png", "examples-inception_4a-1.png"} < set(sizes(tmp_path / "out"))
    assert visualize(model, "--output", tmp_path / "one", *arguments, "--only", "examples") == 0
    assert list(sizes(tmp_path / "one")) == ["examples-inception_4a-1.png"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "examples"], "--only examples needs a --channel, such as mixed4a:97 and --images"),
        (["--only", "cam", "--channel", "4a:1"], "--channel is for channel and examples, of which none is drawn"),
        (["--images", "."], "--images is for examples and atlas, of which none is drawn: see --only"),
        (["--channel", "4a:99999"], "has the channels 0 to"),
        (["--class", "dasy"], "No such class: dasy. Did you mean 'daisy'?"),
        (["--class", "9"], "No such class: 9. Expected a name, or an index of 0 to 3"),
        (["--layer", "5c"], "No such layer: 5c. Did you mean '5b'?"),
        (["--layer", "inception_4b"], "No such layer: inception_4b. Did you mean 'inception_4"),
        (["--only", "cam,heat"], "--only takes some of filters, diagram"),
        (["--only", "maximize"], "--only maximize needs a --class"),
        (["--only", "dream", "--size", "4096"], "--size must be in 32 to 1024. Received: 4096"),
    ],
)
def test_wrong_commands(model, photo, tmp_path, capsys, arguments, message):
    assert visualize(model, photo, "--output", tmp_path / "out", *arguments) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [[], ["--output", "out"], ["m.keras"], ["m.keras", "--output", "out", "--what"]])
def test_the_parser_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        visualize(*arguments)
    assert caught.value.code == 2
    assert "usage: keras-googlenet" in capsys.readouterr().err


def test_what_needs_an_image_says_so(model, photo, tmp_path, capsys):
    assert visualize(model, "--output", tmp_path / "out", "--only", "cam,diagram") == 2
    assert "--only cam needs a PATH" in capsys.readouterr().err
    assert visualize(model, "--output", photo) == 2
    assert "--output must be a folder" in capsys.readouterr().err


def test_a_model_that_does_not_tell_its_table(model, photo, tmp_path, capsys):
    """And one that is no classifier, and one that is no GoogLeNet: what cannot be made is said before anything is."""
    base = keras.saving.load_model(model)
    keras.Model(base.input, base.outputs[0]).save(tmp_path / "plain.keras")
    assert visualize(tmp_path / "plain.keras", photo, "--output", tmp_path / "out") == 0
    assert list(sizes(tmp_path / "out")) == ["filters.png", "photo-activations.png", "photo-cam.png"]
    keras.Model(base.input, base.endpoints["inception_5b"]).save(tmp_path / "trunk.keras")
    inputs = keras.Input((8, 8, 3))
    keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(inputs))).save(tmp_path / "other.keras")
    for name, only, message in (
        ("plain", "filters,diagram", "A diagram needs a model that was built from a table"),
        ("trunk", "filters,cam", "Expected a classifier"),
        ("other", "filters", "Expected a GoogLeNet"),
    ):
        where = tmp_path / name
        assert visualize(tmp_path / f"{name}.keras", photo, "--output", where, "--only", only) == 2
        assert message in capsys.readouterr().err
        assert not where.exists()


def test_a_class_by_its_name():
    names = [("n02012849", "crane"), ("n03126707", "crane"), ("n02206856", "bee"), ("3", "class 3")]
    assert [find_class(text, names) for text in ("bee", "BEE", "n03126707", "3", "0", "class_3")] == [2, 2, 1, 3, 0, 3]
    with pytest.raises(InputError, match=r"Several classes are called crane. Expected an index: 0 \(n02012849\), 1"):
        find_class("crane", names)
    with pytest.raises(InputError, match="No such class: bees. Did you mean 'bee'?"):
        find_class("bees", names)
    with pytest.raises(InputError, match="No such class: -1"):
        find_class("-1", names)


def test_text_never_leaves_its_sheet():
    picture = np.full((4, 4, 3), 200, "uint8")
    long = "a very long caption that no picture is wide enough for " * 4
    made = sheet.sheet(long, [(long[:30] + "\nbelow", [(picture, long), (picture, "two\nlines")])], side=80, note=long)
    short = sheet.sheet("a", [("b\nbelow", [(picture, "c"), (picture, "two\nlines")])], side=80)
    assert (made[:, -5:] == 255).all()
    assert made.shape[0] > short.shape[0]  # the note takes more lines


def test_grids_attributions_and_pages_of_layers(model, photo, tmp_path, monkeypatch):
    """Every kind of picture is drawn, and has its place on the page."""
    from keras_googlenet.visualize import activation_atlas, activation_grid, factor_sheet, layer_page
    from keras_googlenet.visualize.attribution import rise

    small = {"steps": 1, "side": 32}
    monkeypatch.setattr(gallery, "METHODS", {"rise": functools.partial(rise, masks=8), "other": rise_of_nothing})
    for name, function in (("layer_page", layer_page), ("activation_grid", activation_grid)):
        monkeypatch.setattr(gallery, name, functools.partial(function, **small))
    monkeypatch.setattr(gallery, "factor_sheet", functools.partial(factor_sheet, factors=2, **small))
    monkeypatch.setattr(gallery, "activation_atlas", functools.partial(activation_atlas, places=20, cells=2, **small))
    out = tmp_path / "out"
    only = ["--only", "channels,atlas,attribution,grid", "--layer", "3a", "--images", photo.parent, "--class", "daisy"]
    assert visualize(model, photo, "--output", out, *only) == 0
    drawn = {"atlas-inception_3a.png", "channels-inception_3a.png", "photo-attribution.png"}
    drawn |= {"photo-factors-inception_3a.png", "photo-grid-inception_3a.png"}
    assert set(sizes(out)) == drawn
    assert {path.name for path in out.iterdir()} == drawn | {"index.html"}
    page = (out / "index.html").read_text()
    assert all(f'src="{name}"' in page for name in drawn)
    assert visualize(model, "--output", tmp_path / "none", "--only", "channels") == 2
    assert not (tmp_path / "none").exists()


def rise_of_nothing(network, images, classes):
    return np.linspace(-1, 1, images[..., 0].size).reshape(images.shape[:3]).astype("float32")

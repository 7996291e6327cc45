"""Dataset examples: the same as sorting all maps of all images; where they are marked; and the command's sheets."""

import functools
import os

import keras
import numpy as np
import pytest
from PIL import Image
from support import deterministic
from support.small import SMALL

from keras_googlenet import GoogLeNet, preprocess_input
from keras_googlenet.cli import main
from keras_googlenet.data import center_crop, read_image
from keras_googlenet.errors import InputError, WorkError
from keras_googlenet.visualize import ChannelExamples, Example, dataset_examples
from keras_googlenet.visualize.dataset.example_sheet import example_sheet
from keras_googlenet.visualize.network import Network

pytestmark = pytest.mark.computes

CHANNELS = ["mixed3a:3", "conv2d0_pre_relu:2", "inception_4a/3x3_reduce:0", "softmax2:4", "3a:0"]
LAYERS = ["inception_3a", "conv1_pre_relu", "inception_4a_3x3_reduce", "predictions", "inception_3a"]


@pytest.fixture(scope="module")
def model():
    made = GoogLeNet(weights=None, input_shape=(64, 96, 3), classes=5, variant=SMALL, aux_heads=False)
    deterministic.fill(made)
    return made


@pytest.fixture(scope="module")
def network(model):
    return Network(model)


@pytest.fixture(scope="module", autouse=True)
def traced_once():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Network, "features", functools.cache(Network.features))
        yield


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Thirteen images, of which two are the same and one is none."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    for number, pixels in enumerate(deterministic.images(12, 120) + np.array([123, 117, 104])):
        Image.fromarray(pixels[: 80 + number].astype("uint8")).save(f"in/{number:02}.png")
    (tmp_path / "in" / "12.png").write_bytes((tmp_path / "in" / "05.png").read_bytes())
    (tmp_path / "in" / "07.png").write_bytes(b"no image")
    return tmp_path


def brute(model, layer, channel):
    """All values of a channel by Keras alone, (images, rows, columns), and the images' paths."""
    paths = [f"in/{name}" for name in sorted(os.listdir("in")) if name != "07.png"]
    views = np.stack([center_crop(read_image(path), (64, 96)) for path in paths]).astype("float32")
    maps = keras.Model(model.input, model.endpoints[layer])(preprocess_input(views), training=False)
    return paths, keras.ops.convert_to_numpy(maps)[..., channel]


@pytest.mark.parametrize(("count", "batch_size"), [(3, 4), (5, 1), (100, 32)])
def test_they_are_what_sorting_finds(model, network, folder, count, batch_size):
    bad = []
    found = dataset_examples(
        network, "in", CHANNELS, count=count, batch_size=batch_size, on_error=bad.append, verbose=0
    )
    assert [str(error) for error in bad] == ["in/07.png: not an image in a format that Pillow can read"]
    assert [one.layer for one in found] == LAYERS
    for text, one in zip(CHANNELS, found, strict=True):
        assert isinstance(one, ChannelExamples)
        assert all(isinstance(example, Example) for example in one.most)
        assert one.channel == int(text.rpartition(":")[2])
        paths, maps = brute(model, one.layer, one.channel)
        flat = maps.reshape(len(paths), -1)
        orders = {
            "most": np.argsort(-flat.max(1), kind="stable"),
            "least": np.argsort(flat.max(1), kind="stable"),
            "lowest": np.argsort(flat.min(1), kind="stable"),
        }
        for kind, order in orders.items():
            examples = getattr(one, kind)
            assert len(examples) == min(count, 12)
            values = flat.min(1) if kind == "lowest" else flat.max(1)
            np.testing.assert_allclose([e.value for e in examples], values[order[:count]], rtol=1e-3, atol=1e-4)
            for example in examples:
                row = paths.index(example.path)
                assert example.value == pytest.approx(values[row], rel=1e-3, abs=1e-4)
                if example.place is None:
                    assert np.ptp(flat[row]) == 0
                else:
                    assert maps[row][example.place] == pytest.approx(example.value, rel=1e-3, abs=1e-4)
    signed = found[1]
    assert signed.most[0].value > 0 > signed.lowest[0].value
    assert all(example.place is None and example.box == (0, 0, 96, 64) for example in found[3].most)


def test_the_first_of_equal_images_comes_first(network, folder):
    [found] = dataset_examples(network, "in", "3a:3", count=100, verbose=0, on_error=lambda error: None)
    for examples in (found.most, found.least):
        order = [example.path for example in examples]
        assert order.index("in/05.png") + 1 == order.index("in/12.png")


def test_nothing_in_the_box_means_nothing_of_the_value(model, network, folder):
    """Another image pasted outside the box leaves the value; one pasted into it does not."""
    [found] = dataset_examples(network, "in", "conv2:1", count=2, verbose=0, on_error=lambda error: None)
    outputs = keras.Model(model.input, model.endpoints["conv2"])
    for example in found.most:
        view = center_crop(read_image(example.path), (64, 96))
        left, top, right, bottom = example.box
        row, column = example.center
        assert (left, top) <= (column, row) <= (right, bottom) or example.place[0] == 0
        noise = np.random.default_rng(0).integers(0, 256, view.shape, "uint8")
        outside, inside = noise.copy(), view.copy()
        outside[top:bottom, left:right] = view[top:bottom, left:right]
        inside[top:bottom, left:right] = noise[top:bottom, left:right]
        batch = preprocess_input(np.stack([outside, inside]).astype("float32"))
        kept, lost = keras.ops.convert_to_numpy(outputs(batch, training=False))[(slice(None), *example.place, 1)]
        assert kept == pytest.approx(example.value, rel=1e-4)
        assert lost != pytest.approx(example.value, rel=1e-2)


def test_a_silent_channel_has_no_place(folder):
    made = GoogLeNet(weights=None, include_top=False, input_shape=(64, 64, 3), variant=SMALL)
    made.get_layer("conv1_7x7_s2").bias.assign(np.full(8, -1e9, "float32"))
    [found] = dataset_examples(made, "in/00.png", "conv1:0", verbose=0)
    assert (found.most[0].value, found.most[0].place) == (0, None)
    made.get_layer("conv1_7x7_s2").bias.assign(np.full(8, np.nan, "float32"))
    with pytest.raises(WorkError, match=r"in/00\.png: the layer's values are no finite numbers"):
        dataset_examples(made, "in/00.png", "conv1_pre_relu:0", verbose=0)  # some processors' ReLU makes 0 of it


def test_a_sheet_shows_every_list(network, folder):
    after, before = dataset_examples(
        network, "in", ["conv1:2", "conv1_pre_relu:2"], count=3, verbose=0, on_error=lambda error: None
    )
    one, two = example_sheet(network, after), example_sheet(network, before)
    assert one.dtype == two.dtype == np.uint8
    assert two.shape[0] > 1.3 * one.shape[0]  # the most negative, too
    assert (one == (255, 159, 28)).all(-1).any()  # a mark


@pytest.mark.parametrize(
    ("channels", "message"),
    [
        ("3a", "Expected a layer, a colon"),
        ([], "Expected one or more channels"),
        (["3a:0", "3a:999"], "inception_3a has"),
    ],
)
def test_wrong_channels(network, folder, channels, message):
    with pytest.raises(InputError, match=message):
        dataset_examples(network, "in", channels, verbose=0)


def command(*arguments):
    return main(["visualize", "net.keras", "--output", "out", *arguments])


def test_the_command(model, folder, capsys):
    model.save("net.keras")
    wanted = ["--only", "examples", "--channel", "mixed3a:3", "--channel", "conv2d0_pre_relu:2"]
    assert command(*wanted, "--images", "in") == 1
    said = capsys.readouterr()
    *pictures, page = said.out.splitlines()
    assert pictures == ["out/examples-inception_3a-3.png", "out/examples-conv1_pre_relu-2.png"]
    assert page == "out/index.html"
    assert [line for line in said.err.splitlines() if "in/07.png: not an image" in line]
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.width > 2 * 144
    assert command(*wanted, "--images", "in/0[1-3].png") == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "examples", "--images", "in"], "--only examples needs a --channel"),
        (["--only", "examples", "--channel", "3a:0"], "--only examples needs --images to choose from"),
        (["--only", "filters", "--channel", "3a:0"], "of which none is drawn: see --only"),
        (["--only", "examples", "--channel", "3a:0", "--images", "-"], "Received: -, standard input"),
        (["--only", "filters,examples", "--channel", "3f:0", "--images", "in"], "No such layer: 3f"),
    ],
)
def test_wrong_commands(model, folder, capsys, arguments, message):
    model.save("net.keras")
    assert command(*arguments) == 2
    assert message in capsys.readouterr().err
    assert not (folder / "out").exists()

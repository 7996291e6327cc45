"""`keras-googlenet predict`: what PATH may be, what is printed where, and what goes on past what cannot be read."""

import functools
import io
import json
import os
import sys

import keras
import numpy as np
import pytest
from PIL import Image
from support.small import SMALL

from keras_googlenet import GoogLeNet, cli, preprocess_input
from keras_googlenet.cli import images, main
from keras_googlenet.cli.paths import expand
from keras_googlenet.data import center_crop, read_image
from keras_googlenet.model import loading as loaded
from keras_googlenet.utils import precision


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A network that tells three colors from nothing, which is all that is needed here; loaded once."""
    path = tmp_path_factory.mktemp("model") / "m.keras"
    keras.utils.set_random_seed(0)
    network = GoogLeNet(weights=None, classes=3, input_shape=(32, 32, 3), variant=SMALL)
    network.class_names = ("red", "grün", "blue")
    network.save(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loaded, "load_model", functools.cache(loaded.load_model))
        yield str(path)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Five images at three depths, one of them hidden, and a text."""
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("a.png", "b.jpg", "in/c.png", "in/deep/d.png", ".hidden/e.png")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 36), (40 * number, 99, 0)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    return tmp_path


def paths(text):
    return [json.loads(line)["path"] for line in text.splitlines()]


@pytest.mark.computes
def test_the_answers_are_the_networks_whatever_the_batch(model, folder, capsys):
    names = ["b.jpg", "a.png", "in/c.png", "in/deep/d.png", "a.png"]
    network = keras.saving.load_model(model).inference_model()
    views = np.stack([center_crop(read_image(name), 32) for name in names])
    expected = network.predict(preprocess_input(views), verbose=0)
    for size in ("1", "2", "16"):
        assert main(["predict", model, *names, "--json", "--batch-size", size]) == 0
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [line["path"] for line in lines] == names
        for line, row in zip(lines, expected, strict=True):
            assert [one["name"] for one in line["predictions"]] == [
                ("red", "grün", "blue")[i] for i in np.argsort(-row, kind="stable")
            ]
            np.testing.assert_allclose(
                [one["probability"] for one in line["predictions"]], np.sort(row)[::-1], atol=1e-6
            )


@pytest.mark.computes
def test_in_another_precision(model, folder, capsys, monkeypatch):
    """As Keras's own policy computes it; what auto takes is a line on standard error."""
    network = keras.saving.load_model(model).inference_model()
    view = preprocess_input(center_crop(read_image("a.png"), 32)[None])
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        built = GoogLeNet(weights=None, classes=3, input_shape=(32, 32, 3), variant=SMALL, aux_heads=False)
    finally:
        keras.config.set_dtype_policy("float32")
    built.set_weights(network.get_weights())
    monkeypatch.setattr(precision, "automatic", lambda *_: precision.Choice("bfloat16", "it says"))
    rows, said = {}, {}
    for word in ("bfloat16", "auto", "float32"):
        assert main(["predict", model, "a.png", "--json", "--precision", word]) == 0
        told = capsys.readouterr()
        rows[word] = {one["class"]: one["probability"] for one in json.loads(told.out)["predictions"]}
        said[word] = told.err
    assert rows["auto"] == rows["bfloat16"] != rows["float32"]
    assert [rows["auto"][name] for name in network.class_names] == pytest.approx(built.predict(view, verbose=0)[0])
    assert said == {"auto": "keras-googlenet: precision: bfloat16 (it says)\n", "bfloat16": "", "float32": ""}
    with pytest.raises(SystemExit, match="2"):
        main(["predict", model, "a.png", "--precision", "float"])
    assert "Did you mean 'float32'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["."], ["a.png", "b.jpg", "in/c.png", "in/deep/d.png"]),
        (["in", "a.png"], ["in/c.png", "in/deep/d.png", "a.png"]),
        (["*.png"], ["a.png"]),
        (["?.jp[ge]"], ["b.jpg"]),
        (["**/*.png"], ["a.png", "in/c.png", "in/deep/d.png"]),
        (["in/**"], ["in/c.png", "in/deep/d.png"]),
        ([".hidden/*"], [".hidden/e.png"]),
        (["i*"], ["in/c.png", "in/deep/d.png"]),
        (["no.png", "-"], ["no.png", "-"]),
    ],
)
def test_what_a_path_stands_for(folder, given, expected):
    assert expand(given, pytest.fail) == expected


def test_a_pattern_from_the_root(folder):
    assert expand([f"{folder}/*/c.png"], pytest.fail) == [str(folder / "in/c.png")]


def test_a_file_of_a_patterns_name_comes_first(folder):
    (folder / "[ab].png").write_bytes((folder / "a.png").read_bytes())
    assert expand(["[ab].png"], pytest.fail) == ["[ab].png"]
    assert expand(["[a].png"], pytest.fail) == ["a.png"]


def test_links_in_circles_end(folder):
    for name in ("in/loop", "in/again"):
        (folder / name).symlink_to(folder / "in", target_is_directory=True)
    (folder / "in/self.png").symlink_to("self.png")
    assert "in/deep/d.png" in expand(["**/*.png"], pytest.fail)
    assert expand(["in"], pytest.fail) == ["in/c.png", "in/deep/d.png", "in/self.png"]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("*.tif", "*.tif: no file matches this pattern"),
        ("**x/*.png", "**x/*.png: "),
        ("https://example.org/a.jpg", "https://example.org/a.jpg: an address; download it first and give the file"),
        ("empty", "empty: a folder without images"),
        ("", ": no such file"),
        ("x" * 5000, "File name too long"),
        ("notes.txt", "notes.txt: not an image in a format that Pillow can read"),
        ("new\nline.jpg", "new\\nline.jpg: no such file"),
        ("\udcff.jpg", "\\udcff.jpg: no such file"),
        ("pipe.jpg", "pipe.jpg: not a file"),
        ("circle.jpg", "circle.jpg: Too many levels of symbolic links"),
    ],
)
def test_what_cannot_be_read_is_a_line_and_the_rest_goes_on(model, folder, path, line, capsys):
    (folder / "empty").mkdir()
    os.mkfifo(folder / "pipe.jpg")
    (folder / "circle.jpg").symlink_to("circle.jpg")
    assert main(["predict", model, path, "a.png", "--json"]) == 1
    printed = capsys.readouterr()
    assert paths(printed.out) == ["a.png"]
    [error] = printed.err.splitlines()
    assert error.startswith("keras-googlenet: ")
    assert line in error


def test_a_folder_that_cannot_be_listed_is_a_line(model, folder, capsys, monkeypatch):
    """As the superuser, who may run this, there is no such folder: so it is made up."""
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("deep"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert main(["predict", model, "in", "a.png", "--json"]) == 1
    printed = capsys.readouterr()
    assert paths(printed.out) == ["in/c.png", "a.png"]
    assert printed.err == "keras-googlenet: in/deep: cannot list this folder: Permission denied\n"


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
def test_names_of_any_kind_are_printed(model, folder, encoding, monkeypatch):
    names = [os.fsdecode(b"\xff.png"), "日\x1b[31m.png", "new\nline.png"]
    for name in names:
        (folder / name).write_bytes((folder / "a.png").read_bytes())
    for arguments in (["--json"], []):
        output = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr(sys, "stdout", output)
        assert main(["predict", model, *names, *arguments]) == 0
        lines = output.buffer.getvalue().decode(encoding).splitlines()
        if arguments:
            assert [json.loads(line)["path"] for line in lines] == names
        else:
            assert lines[0] == "\\udcff.png"
            assert lines[8] == "new\\nline.png"
            assert not any("\x1b" in line for line in lines)


def stdin(monkeypatch, content):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_standard_input_is_one_image(model, folder, capsys, monkeypatch):
    stdin(monkeypatch, (folder / "b.jpg").read_bytes())
    assert main(["predict", model, "b.jpg", "-", "--json"]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["path"], second["path"]) == ("b.jpg", "-")
    for one, other in zip(first["predictions"], second["predictions"], strict=True):
        # The second place in a batch may round otherwise.
        assert one | {"probability": 0} == other | {"probability": 0}
        assert one["probability"] == pytest.approx(other["probability"], abs=1e-6)


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "the file is empty"), (b"text", "not an image"), (bytes(2000), "more than 1,000 bytes")]
)
def test_standard_input_that_is_no_image(model, content, why, capsys, monkeypatch):
    monkeypatch.setattr(images, "MAX_STDIN", 1000)
    stdin(monkeypatch, content)
    assert main(["predict", model, "-"]) == 1
    assert f"keras-googlenet: standard input: {why}" in capsys.readouterr().err


def test_results_come_batch_by_batch(model, folder, monkeypatch):
    """What has been classified is out before the next image is read."""
    events = []
    read, write = images.views, sys.stdout.write
    monkeypatch.setattr(images, "views", lambda path, size: events.append(path) or read(path, size))
    monkeypatch.setattr(sys.stdout, "write", lambda text: events.append("out") or write(text))
    assert main(["predict", model, "a.png", "b.jpg", "in/c.png", "--batch-size", "2", "--json"]) == 0
    assert [one for n, one in enumerate(events) if n == 0 or events[n - 1] != one] == [
        *("a.png", "b.jpg", "out", "in/c.png", "out")
    ]


@pytest.mark.parametrize(("terminal", "size", "shown"), [(True, "2", True), (True, "9", False), (False, "2", False)])
def test_progress_is_for_terminals(model, folder, terminal, size, shown, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    assert main(["predict", model, "a.png", "b.jpg", "in/c.png", "--batch-size", size, "--json"]) == 0
    printed = capsys.readouterr()
    assert paths(printed.out) == ["a.png", "b.jpg", "in/c.png"]
    assert ("3/3" in printed.err) == shown
    assert bool(printed.err) == shown


@pytest.mark.parametrize("buffering", [-1, 1])
def test_a_closed_pipe_ends_quietly(model, folder, buffering, capsys, monkeypatch):
    """As `| head -1` closes it, where output is held back until it is flushed and where it is not."""
    reader, writer = os.pipe()
    os.close(reader)
    output = os.fdopen(writer, "w", buffering)
    monkeypatch.setattr(sys, "stdout", output)
    assert main(["predict", model, "a.png", "b.jpg"]) == cli.CLOSED_PIPE
    output.close()  # as at exit: what was held back goes nowhere
    assert not capsys.readouterr().err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
def test_a_full_disk_is_said_once(model, folder, capsys, monkeypatch):
    for arguments, status in ((["predict", model, "a.png"], 1), (["summary"], 1)):
        output = open("/dev/full", "w")  # noqa: SIM115
        monkeypatch.setattr(sys, "stdout", output)
        assert main(arguments) == status
        output.close()
        assert capsys.readouterr().err == (
            "keras-googlenet: error: standard output cannot be written: No space left on device\n"
        )


def test_a_damaged_tiff_is_one_line_in_spite_of_libtiff(model, folder, capfd):
    Image.effect_noise((64, 64), 90).save("a.tif", compression="tiff_lzw")
    data = bytearray((folder / "a.tif").read_bytes())
    data[100:140] = b"\xff" * 40
    (folder / "a.tif").write_bytes(data)
    assert main(["predict", model, "a.tif"]) == 1
    assert len(capfd.readouterr().err.splitlines()) == 1


def test_wrong_numbers(model, capsys):
    for option in ("--top", "--batch-size"):
        assert main(["predict", model, "a.png", option, "0"]) == 2
        assert f"{option} must be at least 1. Received: 0" in capsys.readouterr().err


@pytest.mark.computes
def test_odd_images(shared_data, capsys):
    """Each is classified where Pillow can decode it, and otherwise one line; turned photos as their upright selves."""
    odd = shared_data / "odd_images"
    rows = [row.split("\t") for row in (odd / "MANIFEST.tsv").read_text().splitlines()[1:]]
    index = str(shared_data / "imagenet_class_index.json")
    files = [str(odd / name) for name, *_ in rows]
    assert main(["predict", str(shared_data / "bvlc_googlenet.npz"), *files, "--json", "--class-index", index]) == 1
    printed = capsys.readouterr()
    assert paths(printed.out) == [str(odd / name) for name, _, _, verdict in rows if verdict == "OK"]
    bad = [str(odd / name) for name, _, _, verdict in rows if verdict != "OK"]
    assert [line.split(": ")[1] for line in printed.err.splitlines()] == bad


def test_turned_photos_are_answered_as_their_upright_selves(shared_data, tmp_path, capsys):
    odd, files = shared_data / "odd_images", []
    for name, turn in (
        ("hopper_orientation_3.jpg", Image.Transpose.ROTATE_180),
        ("hopper_orientation_6.webp", Image.Transpose.ROTATE_270),
    ):
        with Image.open(odd / name) as image:
            image.convert("RGB").transpose(turn).save(tmp_path / f"{name}.png", exif=Image.Exif())
        files += [str(odd / name), str(tmp_path / f"{name}.png")]
    index = str(shared_data / "imagenet_class_index.json")
    assert main(["predict", str(shared_data / "bvlc_googlenet.npz"), *files, "--json", "--class-index", index]) == 0
    answers = [json.loads(line)["predictions"] for line in capsys.readouterr().out.splitlines()]
    for turned, upright in (answers[:2], answers[2:]):
        assert [one["name"] for one in turned] == [one["name"] for one in upright]
        np.testing.assert_allclose(*([one["probability"] for one in each] for each in (turned, upright)), atol=1e-5)
    assert all("academic_gown" in [one["name"] for one in each[:2]] for each in answers)

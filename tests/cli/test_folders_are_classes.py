"""Class folders and a network's outputs, on the command line: a network that tells red, green and blue apart is right
about every picture, or is not measured at all."""

import json

import keras
import numpy as np
import pytest
from PIL import Image

from keras_googlenet import GoogLeNetModel
from keras_googlenet.cli import main
from keras_googlenet.errors import InputError
from keras_googlenet.evaluation import Predictions, PredictionsError, error_rates
from keras_googlenet.evaluation.class_mapping import class_mapping
from keras_googlenet.utils.class_names import find_class

WIDE = "\N{FULLWIDTH LATIN SMALL LETTER A}"
COMPOSED, DECOMPOSED = "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "cafe\N{COMBINING ACUTE ACCENT}"
SHARP = "\N{LATIN SMALL LETTER SHARP S}"


def network(path, names, order=(0, 1, 2), width=3):
    """Output `i` is the share of color `order[i]`."""
    inputs = keras.Input((8, 8, 3))
    colors = keras.layers.GlobalAveragePooling2D()(inputs)
    dense = keras.layers.Dense(width, use_bias=False, activation="softmax")
    model = GoogLeNetModel(inputs, dense(colors))
    kernel = np.full((3, width), -1.0)
    kernel[:, : len(order)] = 0.1 * np.eye(3)[:, list(order)]
    dense.set_weights([kernel])
    model.class_names = names
    model.save(path)
    return path


def pictures(folder, names):
    """A folder of three red, green and blue pictures for each of some names, None for a color that is not there."""
    for color, name in enumerate(names):
        for number in range(3 if name is not None else 0):
            pixels = np.full((9, 11, 3), 40 + number, np.uint8)
            pixels[..., color] = 200
            path = folder / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
    return folder


def measured(tmp_path, model, names, *more):
    arguments = ["evaluate", str(model), "--dataset", str(pictures(tmp_path / "data", names))]
    status = main([*arguments, "--json", str(tmp_path / "r.json"), *more])
    return status, json.loads((tmp_path / "r.json").read_text())["results"][0] if status == 0 else None


@pytest.mark.parametrize(
    ("outputs", "folders"),
    [
        (("1", "2", "3"), ("1", "2", "3")),
        (("1", "2", "3"), ("01", "02", "03")),
        (("01", "02", "10"), ("1", "2", "10")),
        (("10", "9", "8"), ("10", "9", "8")),
        (("1", "2", "3"), (None, "2", "3")),
        (("-1", "0", "1"), ("-1", "0", "1")),
        (("-1", "1", "0"), ("-1", None, None)),
        (("A", "a", "b"), ("A", "a", "b")),
        (("a", "A", "B"), ("a", "A", "b")),
        ((SHARP, "ss", "x"), (SHARP, "ss", "X")),
        ((COMPOSED, "cafe", "tea"), (DECOMPOSED, "cafe", "tea")),
        ((DECOMPOSED, "cafe", "tea"), (COMPOSED, "CAFE", "Tea")),
        (("A+", "A-", "O"), ("A+", "A-", "o")),
        (("great white shark", "ant", "bee"), ("great_white-shark", "ANT", "bee ")),
        (("n02219486", "n02206856", "n01440764"), ("n02219486", "N02206856", None)),
        (None, ("0", "1", "2")),
        (None, ("00", "01", "02")),
        (None, (None, "1", None)),
    ],
)
def test_each_folder_is_its_class(outputs, folders, tmp_path, capsys):
    status, row = measured(tmp_path, network(tmp_path / "m.keras", outputs), folders)
    assert status == 0, capsys.readouterr().err
    assert (row["count"], row["top1_error"]) == (3 * (3 - folders.count(None)), 0.0)
    assert ("have no names of their own" in capsys.readouterr().out) == (outputs is None)


@pytest.mark.parametrize(
    ("outputs", "folders", "message"),
    [
        (("1", "2", "3"), ("0", "1", "2"), "1 of the 3 classes: 0. Expected each to be one of its 3: 1, 2, 3"),
        (("10", "20", "30"), ("0", "1", "2"), "does not know 3 of the 3 classes: 0, 1, 2"),
        (("cat", "dog", "cow"), ("0", "1", "2"), "numbers are names, and not places among its outputs"),
        (("0", "1", "2"), ("-1", "0", "1"), "does not know 1 of the 3 classes: -1"),
        (("A+", "A-", "O"), ("A", None, None), "does not know 1 of the 1 classes: A"),
        (("cat", "dog", "cow"), ("cat", "dgo", None), "Did you mean 'dog'? Rename the class folders"),
        (("A", "a", "b"), (WIDE, None, None), "A, a. Rename its folder as one of these"),
        (("1", "01", "2"), ("001", None, None), "several classes of the name 001: 1, 01. Rename"),
        (("a", "a", "b"), ("a", None, None), "outputs 0, 1. Give them names of their own"),
        (("a", "b", "c"), ("A", "a", "b"), "These classes are the same one to the model: A, a. Merge their folders"),
        (None, ("1", "2", "3"), "does not know 1 of the 3 classes: 3"),
        (None, ("cat", "dog", None), "Expected each to be one of its 3: class 0, class 1, class 2"),
    ],
)  # fmt: skip
def test_or_it_is_an_error(outputs, folders, message, tmp_path, capsys):
    status, _ = measured(tmp_path, network(tmp_path / "m.keras", outputs), folders)
    assert status == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "r.json").exists()


@pytest.mark.parametrize(
    ("folders", "expected"),
    [pytest.param(range(1000), 0, marks=pytest.mark.computes), ((0, 1, 2), 2), (("n01440764", "goldfish", 2), 2)],
)
def test_numbers_of_imagenet(folders, expected, tmp_path, capsys):
    """All of 0 to 999 are ImageNet's numbers; a few might be those of another list."""
    index = tmp_path / "index.json"
    index.write_text(json.dumps({i: [f"n{i:08}", f"word {i}"] for i in range(1000)}))
    data = tmp_path / "data"
    for name in folders:
        (data / str(name)).mkdir(parents=True)
        Image.new("RGB", (8, 8), (200, 0, 0)).save(data / str(name) / "0.png")
    model = network(tmp_path / "m.keras", None, width=1000)
    arguments = ["evaluate", str(model), "--dataset", str(data), "--class-index", str(index)]
    assert main([*arguments, "--predictions", str(tmp_path / "p.npz")]) == expected
    if expected:
        assert "does not know" in capsys.readouterr().err
    else:
        assert "their numbers, 0 to 999" in capsys.readouterr().out
        kept = Predictions.read(tmp_path / "p.npz")
        assert [int(name.partition("/")[0]) for name in kept.images] == kept.labels.tolist()


def test_numbers_are_names_in_python_too():
    with pytest.raises(InputError, match="numbers are names"):
        class_mapping(("1", "0"), [("n02206856", "bee"), ("n02219486", "ant")])
    assert class_mapping(("1", "0"), [("0", "class 0"), ("1", "class 1")]) == (1, 0)


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("1", ("1", "2", "3"), 0),
        ("02", ("1", "2", "3"), 1),
        ("0", ("1", "2", "3"), "No such class: 0. Expected a name: 1, 2, 3"),
        ("0", ("1", "2", "background"), "No such class: 0. Expected a name: 1, 2"),
        ("-1", ("-1", "1"), 0),
        ("1", ("-1", "1"), 1),
        ("a", ("A", "a"), 1),
        ("A", ("A", "a"), 0),
        (WIDE, ("A", "a"), r"Several classes are called .\. Expected an index: 0 \(A\), 1"),
        ("001", ("1", "01"), "Several classes are called 001. Expected one of: 1, 01"),
        ("SS", (SHARP, "x"), 0),
        (DECOMPOSED, ("cafe", COMPOSED), 1),
        ("great-white shark", ("ant", "Great_White_Shark"), 1),
        ("1", ("ant", "bee"), 1),
        ("2", ("ant", "bee"), "No such class: 2. Expected a name, or an index of 0 to 1"),
        ("9" * 5000, ("ant", "bee"), "No such class"),
        ("bees", ("ant", "bee"), "Did you mean 'bee'?"),
    ],
)  # fmt: skip
def test_a_class_on_the_command_line(text, names, expected):
    pairs = [(name, name) for name in names]
    if isinstance(expected, int):
        assert find_class(text, pairs) == expected
    else:
        with pytest.raises(InputError, match=expected):
            find_class(text, pairs)


def test_an_ensemble_goes_by_names(tmp_path):
    """Two networks of the same classes in another order and spelling; one of other classes."""
    names = ("red", "green", COMPOSED)
    first = network(tmp_path / "first.keras", names)
    second = network(tmp_path / "second.keras", (DECOMPOSED, "Red", "GREEN"), order=(2, 0, 1))
    status, row = measured(tmp_path, first, names, str(second), "--predictions", str(tmp_path / "kept"))
    assert (status, row["models"], row["top1_error"]) == (0, 2, 0.0)
    kept = [Predictions.read(file) for file in sorted((tmp_path / "kept").iterdir())]
    assert kept[0].labels.tolist() != kept[1].labels.tolist()
    for one in kept:  # nearly certain alone, so nearly certain together
        certain = one.probabilities[0][np.arange(9), one.labels]
        assert certain.min() > 0.99
    assert error_rates(kept, 0).top1 == 0.0
    kept[1].outputs = (("red",), ("green",), ("tea",))
    with pytest.raises(PredictionsError, match="of the same classes. Received: .*red, green, .*; .*red, green, tea"):
        error_rates(kept, 0)


def test_files_of_other_networks_do_not_mix(tmp_path, capsys):
    """Where only some classes are in the data, labels alone do not tell networks of other classes apart."""
    files = []
    for place, names in enumerate((("red", "green", "blue"), ("red", "tea", "blue"))):
        model = network(tmp_path / f"{place}.keras", names)
        files.append(str(tmp_path / f"{place}.npz"))
        assert measured(tmp_path, model, ("red", None, None), "--predictions", files[-1])[0] == 0
    assert main(["evaluate", *files]) == 2
    assert "red, green, blue; " in capsys.readouterr().err


def test_files_of_version_01_are_read(tmp_path):
    """They do not name the outputs: columns are taken as they stand."""
    kept = Predictions.begun("m", "d", ["a.png"], [1], 3, [0])
    kept.probabilities[0][:] = (0.1, 0.7, 0.2)
    kept.done[:] = True
    kept.write(tmp_path / "old.npz")
    old = Predictions.read(tmp_path / "old.npz")
    assert old.outputs is None
    named = Predictions.begun("n", "e", ["a.png"], [1], 3, [0])
    named.outputs = (("x",), ("y",), ("z",))
    named.probabilities[0][:] = (0.1, 0.7, 0.2)
    named.done[:] = True
    named.write(tmp_path / "new.npz")
    new = Predictions.read(tmp_path / "new.npz")
    assert new.outputs == (("x",), ("y",), ("z",))
    assert error_rates([old, new], 0).top1 == error_rates([new, old], 0).top1 == 0.0

"""Files that someone made to do more than be read: nothing runs, nothing is written, one line says what is wrong."""

import zipfile

import keras
import numpy as np
import pytest
from PIL import Image
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.cli import main


@pytest.fixture
def photo(tmp_path):
    (tmp_path / "red").mkdir()
    Image.new("RGB", (40, 40), "red").save(tmp_path / "red" / "0.png")
    return tmp_path / "red" / "0.png"


def refused(capsys, *arguments):
    assert main(list(map(str, arguments))) in (1, 2)
    error = capsys.readouterr().err
    lines = [line for line in error.splitlines() if line.startswith("keras-googlenet: error: ")]
    assert len(lines) == 1, error
    assert "Traceback" not in error
    return error


@pytest.fixture
def lambda_model(tmp_path):
    """A model whose layer writes a file when it is called, or only when it is loaded."""
    marker = tmp_path / "ran"
    inputs = keras.Input((32, 32, 3))
    code = f"lambda x: (open({str(marker)!r}, 'w').close(), x)[1]"
    outputs = keras.layers.Lambda(eval(code), output_shape=(32, 32, 3))(inputs)
    outputs = keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(outputs))
    keras.Model(inputs, outputs).save(tmp_path / "lambda.keras")
    marker.unlink(missing_ok=True)
    return tmp_path / "lambda.keras", marker


@pytest.mark.parametrize("command", ["predict", "evaluate", "convert"])
def test_a_lambda_is_not_run(lambda_model, photo, command, capsys, tmp_path):
    path, marker = lambda_model
    more = {
        "predict": [photo],
        "evaluate": ["--dataset", photo.parent.parent],
        "convert": [tmp_path / "out.keras"],
    }[command]
    if command == "evaluate":
        (tmp_path / "data").mkdir()
        photo.parent.rename(tmp_path / "data" / "red")
        more = ["--dataset", tmp_path / "data"]
    error = refused(capsys, command, path, *more)
    assert "lambda.keras" in error
    assert not marker.exists()
    assert not (tmp_path / "out.keras").exists()


def test_an_archive_does_not_write_outside(tmp_path, photo, capsys):
    """Members called `../evil` and `/evil` beside those of a whole model."""
    model = GoogLeNet(weights=None, classes=2, input_shape=(32, 32, 3), variant=SMALL)
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    model.save(folder / "model.keras")
    with zipfile.ZipFile(folder / "model.keras", "a") as archive:
        archive.writestr("../evil", "x")
        archive.writestr(str(tmp_path / "evil"), "x")
        archive.writestr("assets/../../evil", "x")
    before = sorted(tmp_path.rglob("*"))
    main(["predict", str(folder / "model.keras"), str(photo), "--top", "1"])
    assert sorted(tmp_path.rglob("*")) == before
    capsys.readouterr()


@pytest.mark.parametrize("name", ["weights.npz", "predictions.npz"])
def test_pickled_arrays_are_not_unpickled(name, tmp_path, photo, capsys):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    key = "about" if name == "predictions.npz" else "conv1/7x7_s2/kernel"
    np.savez(tmp_path / name, **{key: np.array([Evil()], object)}, allow_pickle=True)
    refused(capsys, "evaluate", tmp_path / name, "--dataset", photo.parent.parent)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", ["", "[1, 2]", '{"dataset": "digits", "__class__": "os"}', "\x00" * 40, "{" * 5000])
def test_a_recipe_that_is_none(content, tmp_path, capsys):
    (tmp_path / "recipe.json").write_text(content)
    refused(capsys, "train", "--recipe", tmp_path / "recipe.json", "--output", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_predictions_that_claim_too_much(tmp_path, capsys):
    """A kilobyte that would be 8 GiB: a bomb, and a header without its numbers."""
    header = np.lib.format.magic(1, 0)
    text = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2000000000, 1000), }"
    text += b" " * (64 - (len(text) + 11) % 64) + b"\n"
    with zipfile.ZipFile(tmp_path / "p.npz", "w") as archive:
        archive.writestr("about.npy", header + len(text).to_bytes(2, "little") + text)
    assert str(tmp_path / "p.npz") in refused(capsys, "evaluate", tmp_path / "p.npz")

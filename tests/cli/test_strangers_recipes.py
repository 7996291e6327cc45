"""A recipe of somebody else's: no folder of it is used and nothing downloaded that nobody asked for."""

import json
from pathlib import Path

import pytest

from keras_googlenet import training
from keras_googlenet.cli import main, train
from keras_googlenet.data import loading
from keras_googlenet.errors import InputError
from keras_googlenet.utils import downloads
from keras_googlenet.weights import download
from keras_googlenet.weights.registry import REGISTRY


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    """A function that writes a recipe; the file is called `r.json`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "cache"))

    def write(content=None, **fields):
        text = json.dumps({"recipe": training.recipe_for("digits", **fields).record()}) if content is None else content
        (tmp_path / "r.json").write_bytes(text if isinstance(text, bytes) else text.encode())

    return write


@pytest.fixture
def ran(monkeypatch):
    """The recipes that were trained."""
    from keras_googlenet import experiment

    found = []
    monkeypatch.setattr(experiment, "run", lambda recipe, *_, **__: found.append(recipe) or {"val_accuracy": 1.0})
    return found


def test_its_data_dir_must_be_asked_for(recipe, ran, capsys):
    recipe(data_dir="/srv/\x1b[2Jtheirs")
    assert main(["train", "--recipe", "r.json"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "r.json names a folder, data_dir='/srv/\\x1b[2Jtheirs', which is not used unless it is asked for" in line
    assert "--data-dir DIR, or --set data_dir=none" in line
    assert not ran
    for arguments, expected in ((["--data-dir", "mine"], "mine"), (["--set", "data_dir=none"], None)):
        assert main(["train", "--recipe", "r.json", *arguments]) == 0
        assert ran.pop().data_dir == expected


def test_a_runs_own_is_kept(recipe, ran, tmp_path):
    recipe(data_dir="/srv/mine")
    (tmp_path / "run").mkdir()
    (tmp_path / "r.json").rename(tmp_path / "run" / "recipe.json")
    assert main(["train", "--resume", "--output", "run"]) == 0
    assert ran.pop().data_dir == "/srv/mine"


@pytest.mark.parametrize("asked", [False, True])
def test_its_weights_are_downloaded_if_asked_for(asked, recipe, capsys, monkeypatch):
    recipe(weights="imagenet", learning_rate=0.001)
    monkeypatch.setattr(download, "_get_file", lambda *_: pytest.fail("downloads") if not asked else 1 / 0)
    monkeypatch.setattr(training, "train", lambda *_, **__: download.fetch(REGISTRY["imagenet"]))
    assert main(["train", "--recipe", "r.json", *(["--weights", "imagenet"] if asked else [])]) == 2
    printed = capsys.readouterr().err
    assert ("r.json names what would be downloaded. Ask for it: --weights imagenet" in printed) != asked
    assert ("Could not download" in printed) == asked


@pytest.mark.parametrize("name", ["mnist", "huggingface:mnist", "kaggle:x/y:1.0.0"])
def test_its_data_set_is_downloaded_if_asked_for(name, tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", lambda *_, **__: 1 / 0)
    monkeypatch.setattr(tfds.core.DatasetInfo, "initialize_from_bucket", lambda *_: None)
    with downloads.unasked({"dataset": "r.json"}), pytest.raises(InputError, match=f"Ask for it: --dataset {name}"):
        loading.load(name, data_dir=tmp_path)


def test_what_is_named_on_the_command_line_is_asked_for(recipe, monkeypatch):
    found = []
    monkeypatch.setattr(
        training, "train", lambda *_, **__: found.append(downloads._UNASKED.get()) or {"val_accuracy": 1.0}
    )
    monkeypatch.setattr("keras_googlenet.experiment._report", lambda *_: None)
    monkeypatch.setattr("keras_googlenet.report.plot_curves", lambda _, path: path.touch())
    recipe()
    Path("run").mkdir()  # which training would make
    for arguments, expected in (
        ([], {"dataset": "r.json", "weights": "r.json"}),
        (["--dataset", "digits"], {"weights": "r.json"}),
        (["--set", "weights=none", "--set", "dataset=digits"], {}),
    ):
        assert main(["train", "--recipe", "r.json", "--output", "run", *arguments]) == 0
        assert found.pop() == expected
    assert main(["train", "--output", "run"]) == 0
    assert not found.pop()
    assert downloads._UNASKED.get() is None
    assert train.leaves_files(None)


NESTED = b'{"recipe": {"dataset": "digits", "variant": ' + b'{"a":' * 1500 + b"1" + b"}" * 1502


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"[" * 200_000, "nested too deep"),
        (NESTED, ""),
        (b'{"recipe": {"dataset": "digits", "epochs": ' + b"9" * 5000 + b"}}", "a number of 5,000 digits"),
        (b'{"recipe": {"dataset": "digits", "learning_rate": ' + b"9" * 400 + b"}}", "must be at most 1e+38"),
        (b'{"recipe": {"dataset": "digits", "learning_rate": 1e400}}', "must be positive. Received: learning_rate=inf"),
        (b'{"recipe": {"dataset": "digits", "learning_rate": NaN}}', "NaN is no number"),
        (b'{"recipe": {"dataset": "digits", "dataset": "x"}}', "the key 'dataset' twice"),
        (b'{"recipe": {"dataset": "a\\u0000b"}}', "without NUL characters"),
        (b'{"recipe": {"dataset": "digits", "batch_size": true}}', "must be of type int"),
        (b'{"recipe": {"dataset": "digits", "batch_size": "8"}}', "must be of type int"),
        (b'{"recipe": {"dataset": {"a": 1}}}', "must be of type str"),
        (b"\xff\xfe\x00", "no UTF-8"),
        (b'"' + b"x" * 2**24 + b'"', "more than 16,777,216 bytes"),
        (b'{"recipe": [' + b"1," * 10**5 + b"1]}", "must be a dict of its fields"),
    ],
)  # fmt: skip
def test_recipes_that_are_none(content, why, recipe, capsys, tmp_path):
    recipe(content)
    assert main(["train", "--recipe", "r.json", "--output", "run"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("keras-googlenet: error: ")
    assert "r.json" in line
    assert why in line
    assert len(line) < 1100
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("path", ["/dev/zero", "/", "/proc/self/mem"])
def test_recipes_that_are_no_files(path, recipe, capsys):
    assert main(["train", "--recipe", path]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert path in line

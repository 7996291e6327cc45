"""Files that version 0.1.0 itself wrote: models, weights, a run that was stopped, predictions. They are still of use.

`files_of_0_1_0.tar.xz` was made by 0.1.0, with a table of 1/80 of the paper's width and four Inception modules in place
of the variant `plain`. `run` was stopped at step 60 of 132, after its checkpoint of step 44; `done` is what 0.1.0 made
of it.
"""

import csv
import dataclasses
import json
import tarfile
from pathlib import Path

import keras
import numpy as np
import pytest
from support.small import SMALL

import keras_googlenet  # noqa: F401  (registers what the files name)
from keras_googlenet import GoogLeNet, experiment
from keras_googlenet.architecture import VARIANTS, wider
from keras_googlenet.cli import main
from keras_googlenet.evaluation import Predictions
from keras_googlenet.training import read_recipe

ARCHIVE = Path(__file__).with_name("files_of_0_1_0.tar.xz")
NARROW = wider(SMALL, 0.1)
HEADS = tuple(dataclasses.replace(head, filters=4, units=8) for head in NARROW.auxiliary)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder / "0.1.0"


@pytest.fixture(autouse=True)
def table(monkeypatch):
    monkeypatch.setitem(VARIANTS, "plain", dataclasses.replace(NARROW, name="tiny", auxiliary=HEADS))


def answers(files):
    with np.load(files / "answers.npz") as arrays:
        return arrays["images"], [arrays[name] for name in ("predictions", "aux1", "aux2")]


def metrics(folder):
    with (folder / "metrics.csv").open(newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def test_a_saved_model(files):
    """With its optimizer, which goes on."""
    images, expected = answers(files)
    model = keras.saving.load_model(files / "compiled.keras")
    for found, wanted in zip(model.predict(images, verbose=0), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-6)
    assert model.optimizer.iterations == 4
    model.fit(images, np.array([0, 2, 4, 9]), verbose=0)
    assert model.optimizer.iterations == 5


def test_weights(files):
    images, expected = answers(files)
    model = GoogLeNet(weights=files / "tiny.weights.h5", variant="plain", classes=10, input_shape=(32, 32, 3))
    np.testing.assert_allclose(model.predict(images, verbose=0), expected[0], rtol=0, atol=1e-6)
    whole = GoogLeNet(weights=None, variant="plain", classes=10, input_shape=(32, 32, 3))
    whole.load_weights(files / "tiny.weights.h5")
    for found, wanted in zip(whole.predict(images, verbose=0), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-6)


@pytest.mark.trains
def test_a_run_goes_on(files):
    """From the checkpoint of step 44 to the numbers that 0.1.0 ended with; `shift` is a word of its recipe."""
    run = files / "run"
    recipe = read_recipe(run / "recipe.json")
    experiment.run(recipe, run, strategy="none", resume=True, verbose=0)
    for found, expected in zip(metrics(run), metrics(files / "done"), strict=True):
        # The classifiers' products are summed in another order now: images near the border change sides.
        assert found == pytest.approx(expected, rel=0.01, abs=0.02)
    found, expected = (json.loads((folder / "evaluation.json").read_text()) for folder in (run, files / "done"))
    assert set(found) == set(expected)
    assert found["top1"] == pytest.approx(expected["top1"], abs=0.006)


def test_predictions(files):
    """An evaluation goes on from a file of 0.1.0's, and comes to what 0.1.0 said of it."""
    kept = Predictions.read(files / "predictions.npz")
    assert kept.complete
    expected = json.loads((files / "evaluate.json").read_text())
    assert main(["evaluate", str(files / "predictions.npz"), "--json", str(files / "again.json")]) == 0
    found = json.loads((files / "again.json").read_text())
    for name, value in expected.items():
        if name not in ("models", "dataset"):
            assert found[name] == value, name

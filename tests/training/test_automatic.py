"""Recipes with `auto`: what it comes to when a run begins, and that a run goes on with that elsewhere."""

import dataclasses
import json

import keras
import pytest
from support.small_training import RECIPE, small_network

from keras_googlenet import data, training
from keras_googlenet.data.source import Source
from keras_googlenet.errors import InputError
from keras_googlenet.training import Recipe, recipe_for
from keras_googlenet.training import run as runs
from keras_googlenet.training.checkpoints import Checkpoints
from keras_googlenet.training.recipes.automatic import settled
from keras_googlenet.training.recipes.settings import parse_setting
from keras_googlenet.training.run_folder import RunFolder
from keras_googlenet.utils import precision, processor


@pytest.fixture
def machine(monkeypatch):
    """Makes this a machine where `auto` is such a precision, with such devices."""

    def machine(value, *devices):
        monkeypatch.setattr(precision, "automatic", lambda *_: precision.Choice(value, "it says"))
        monkeypatch.setattr(processor, "accelerators", lambda: list(devices))

    return machine


GPU = ("gpu", (9, 0))


@pytest.mark.parametrize(
    ("devices", "deterministic", "expected", "lines"),
    [
        ([], "auto", True, []),
        ([], False, False, []),
        ([GPU], "auto", False, ["deterministic: false (on a GPU it costs speed; --set deterministic=true)"]),
        ([GPU], True, True, []),
    ],
)
def test_what_a_run_begins_with(machine, capsys, devices, deterministic, expected, lines):
    machine("float16", *devices)
    found = settled(Recipe(precision="auto", deterministic=deterministic))
    assert (found.precision, found.deterministic) == ("float16", expected)
    assert capsys.readouterr().out.splitlines() == ["precision: float16 (it says)", *lines]
    assert settled(found) == found
    settled(Recipe(precision="auto"), say=False)  # as other workers than the first
    assert capsys.readouterr().out == ""


def test_unasked_precision_is_float32(machine):
    machine("bfloat16", GPU)
    assert settled(Recipe()).precision == Recipe().precision == "float32"


def test_the_words():
    assert parse_setting("deterministic=Auto") == ("deterministic", "auto")
    assert parse_setting("precision=mixed_bfloat16") == ("precision", "bfloat16")
    assert Recipe(deterministic="true").deterministic is True
    old = {"dataset": "photos", "precision": "mixed_float16", "deterministic": False}
    found = Recipe.from_record(old)
    assert (found.precision, found.deterministic) == ("float16", False)


def test_the_same_recipe_in_other_words(tmp_path):
    """What a run has recorded is what `auto` means for it, and only that."""
    recorded = Recipe(dataset="photos", precision="bfloat16", deterministic=True)
    (tmp_path / "recipe.json").write_text(json.dumps({"recipe": recorded.record()}))
    folder = RunFolder(tmp_path)
    folder.check_same(dataclasses.replace(recorded, precision="auto", deterministic="auto"))
    with pytest.raises(InputError, match="started with precision='bfloat16'.* Received: precision='float32'"):
        folder.check_same(dataclasses.replace(recorded, precision="float32"))
    with pytest.raises(InputError, match="started with deterministic=True.* Received: deterministic=False"):
        folder.check_same(dataclasses.replace(recorded, deterministic=False))


@pytest.mark.trains
def test_a_run_goes_on_elsewhere_as_it_began(tmp_path, machine, monkeypatch, capsys):
    monkeypatch.setattr(runs, "build", small_network)
    whole = data.load("digits")

    def part(split):
        return type(split)(split.items[:96], split.labels[:96], split.decode)

    few = Source("digits", whole.classes, part(whole.train), part(whole.validation), "some")
    words = {**RECIPE, "epochs": 1, "checkpoint_steps": 2, "precision": "auto"}
    recipe, folder = recipe_for("digits", **words), tmp_path / "run"

    def train(**how):
        training.train(recipe, folder, load=lambda recipe: few, verbose=0, **how)
        model = keras.saving.load_model(folder / "model.keras", compile=False)
        assert model.get_layer("conv2_3x3").compute_dtype == "bfloat16"
        return [weights.tobytes() for weights in model.get_weights()], capsys.readouterr().out

    machine("bfloat16")
    left_alone, said = train()
    assert "precision: bfloat16 (it says)\n" in said
    written = json.loads((folder / "recipe.json").read_text())["recipe"]
    assert (written["precision"], written["deterministic"]) == ("bfloat16", True)

    Checkpoints(folder / "checkpoints", training.strategy_for("none")).forget_after(2)
    for name in ("model.keras", "best.keras"):
        (folder / name).unlink()
    machine("float32", GPU)
    gone_on, said = train(resume=True)
    assert "as the run began: precision=bfloat16, deterministic=true\n" in said
    assert "going on from epoch 1, step 2\n" in said
    assert gone_on == left_alone

"""Trained weights without a preset: what is set of the recipe, and what is said."""

import dataclasses
import json

import pytest

from keras_googlenet import training
from keras_googlenet.cli import main
from keras_googlenet.errors import InputError

TRANSFER = {
    "aux_heads": False,
    "freeze": "trunk",
    "freeze_epochs": 16,
    "freeze_views": 2,
    "unfreeze_from": "inception_5a",
    "head_learning_rate": 0.005,
    "image_size": 256,
    "sampling": "pad_and_crop",
    "epochs": 18,
    "learning_rate": 0.001,
    "schedule": "cosine",
}
SAID = (
    "trained weights: preset transfer, the trunk frozen for 16 of 18 epochs, then a learning rate of 0.001 "
    "(otherwise: --preset or --set learning_rate=...)\n"
)


@pytest.fixture
def asked(monkeypatch, capsys):
    """A function that gives the recipe that arguments ask for, and what was printed."""
    seen = []

    def train(recipe, *_, **__):
        seen.append(recipe)
        raise InputError("seen")

    def asked(*arguments):
        monkeypatch.setattr(training, "train", train)
        assert main(["train", *map(str, arguments)]) == 2
        output = capsys.readouterr()
        assert seen, output.err
        return seen.pop(), output.out

    return asked


@pytest.mark.parametrize("weights", ["imagenet", "bvlc.caffemodel", "runs/flowers/model.keras"])
@pytest.mark.parametrize("option", ["--weights {}", "--set weights={}"])
def test_weights_alone_mean_transfer(asked, weights, option):
    recipe, said = asked("--dataset", "photos", *option.format(weights).split())
    assert recipe == training.Recipe(dataset="photos", weights=weights, **TRANSFER)
    assert said == SAID


def test_what_the_caller_sets_stays(asked):
    changes = {"image_size": 128, "aux_heads": True, "head_learning_rate": 0.02, "freeze_epochs": 2, "schedule": "step"}
    settings = [argument for name, value in changes.items() for argument in ("--set", f"{name}={value}")]
    recipe, said = asked("--dataset", "photos", "--weights", "w.npz", "--batch-size", "8", *settings)
    assert recipe == training.Recipe(dataset="photos", weights="w.npz", batch_size=8, **TRANSFER | changes)
    assert "frozen for 2 of 18 epochs" in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["--set", "learning_rate=0.002"],
        *(["--preset", preset] for preset in training.PRESETS),
        ["--preset", "paper", "--set", "learning_rate=0.01"],
    ],
)
def test_a_preset_or_a_rate_is_the_callers(asked, arguments):
    recipe, said = asked("--dataset", "photos", "--weights", "w.npz", *arguments)
    preset = arguments[1] if arguments[0] == "--preset" else "paper"
    expected = training.PRESETS[preset] | {"weights": "w.npz"}
    if "=" in arguments[-1]:
        expected["learning_rate"] = float(arguments[-1].partition("=")[2])
    assert recipe == training.Recipe(dataset="photos", **expected)
    assert said == ""


def test_no_weights_no_transfer(asked):
    assert asked("--dataset", "photos", "--set", "weights=none") == (training.Recipe(dataset="photos"), "")


@pytest.mark.parametrize(("epochs", "frozen"), [(1, 1), (2, 1), (3, 2), (5, 4), (10, 8), (18, 16), (30, 16)])
def test_fewer_epochs_keep_their_proportion(asked, epochs, frozen):
    recipe, said = asked("--dataset", "photos", "--weights", "w.npz", "--epochs", epochs)
    assert recipe.freeze_epochs == frozen
    assert f"frozen for {frozen} of {epochs} epochs" in said


def test_nothing_frozen(asked):
    recipe, said = asked("--dataset", "photos", "--weights", "w.npz", "--set", "freeze=nothing")
    none = dict.fromkeys(("freeze_views", "unfreeze_from", "head_learning_rate"))
    changes = {"freeze": "nothing", "freeze_epochs": 0, **none}
    assert recipe == training.Recipe(dataset="photos", weights="w.npz", **TRANSFER | changes)
    assert "frozen for 0 of 18 epochs" in said


def test_digits_keep_their_pictures(asked):
    recipe, _ = asked("--weights", "w.npz")
    pictures = {"image_size": 32, "sampling": "center", "weight_decay": 0.0}
    assert recipe == training.Recipe(weights="w.npz", **TRANSFER | pictures)


@pytest.mark.parametrize("preset", ["paper", "transfer"])
def test_a_recorded_run_keeps_its_recipe(asked, tmp_path, preset):
    recipe = training.recipe_for("photos", preset=preset, weights="w.npz")
    (tmp_path / "recipe.json").write_text(json.dumps({"recipe": dataclasses.asdict(recipe)}))
    for base in (["--recipe", tmp_path], ["--resume", "--output", tmp_path]):
        for weights in ([], ["--weights", "w.npz"]):
            assert asked(*base, *weights) == (recipe, "")


def test_a_run_of_an_older_preset_goes_on_as_it_began(asked, tmp_path):
    """With the command that began it, as a cluster repeats it."""
    older = {name: value for name, value in TRANSFER.items() if name not in ("freeze_views", "unfreeze_from")}
    recorded = {
        **older,
        "freeze_epochs": 6,
        "head_learning_rate": 0.01,
        "learning_rate": 0.003,
        "epochs": 10,
        "dataset": "photos",
        "weights": "w.npz",
        "hold_out": "hash",
        "weight_decay": 2e-4,
    }
    (tmp_path / "recipe.json").write_text(json.dumps({"recipe": recorded}))
    command = ["--preset", "transfer", "--dataset", "photos", "--weights", "w.npz", "--resume", "--output", tmp_path]
    recipe, _ = asked(*command)
    assert recipe == training.read_recipe(tmp_path)
    assert (recipe.epochs, recipe.freeze_epochs, recipe.freeze_views, recipe.unfreeze_from) == (10, 6, None, None)


def test_a_run_that_resume_begins_is_as_any_other(asked, tmp_path):
    recipe, said = asked("--resume", "--output", tmp_path / "new", "--dataset", "photos", "--weights", "w.npz")
    assert recipe == training.Recipe(dataset="photos", weights="w.npz", **TRANSFER)
    assert said == SAID


@pytest.mark.parametrize(("index", "expected"), [(0, SAID), (1, "")])
def test_one_of_several_workers_says_so(asked, monkeypatch, index, expected):
    config = {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": index}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    recipe, said = asked("--dataset", "photos", "--weights", "w.npz")
    assert recipe.freeze == "trunk"
    assert said == expected


def test_wrong_values_are_still_refused(capsys):
    assert main(["train", "--weights", "w.npz", "--epochs", "0"]) == 2
    assert "`epochs` must be at least 1. Received: epochs=0" in capsys.readouterr().err

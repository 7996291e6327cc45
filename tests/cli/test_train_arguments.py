"""From the arguments of `train` to the recipe, without training."""

import dataclasses
import json

import pytest

from keras_googlenet import training
from keras_googlenet.cli import main
from keras_googlenet.errors import InputError


@pytest.fixture
def requested(monkeypatch):
    """A function that gives the recipe that arguments ask for."""
    seen = []

    def train(recipe, *_, **__):
        seen.append(recipe)
        raise InputError("seen")

    def requested(*arguments):
        monkeypatch.setattr(training, "train", train)
        assert main(["train", *arguments]) == 2
        return seen.pop()

    return requested


def test_presets_and_the_data_sets_own(requested):
    assert requested() == training.recipe_for("digits")
    assert requested("--dataset", "photos") == training.Recipe(dataset="photos")
    assert requested("--dataset", "photos", "--preset", "transfer", "--epochs", "12") == training.recipe_for(
        "photos", preset="transfer", epochs=12
    )


def test_an_earlier_runs_recipe(requested, tmp_path):
    recipe = training.recipe_for("photos", preset="quick_solver", seed=4)
    (tmp_path / "recipe.json").write_text(json.dumps({"recipe": dataclasses.asdict(recipe)}))
    assert requested("--recipe", str(tmp_path / "recipe.json")) == recipe
    changed = requested("--recipe", str(tmp_path), "--dataset", "others", "--set", "seed=5")
    assert changed == dataclasses.replace(recipe, dataset="others", seed=5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset", "transfr"], "There is no preset 'transfr'. Did you mean 'transfer'?"),
        (["--preset", "paper", "--recipe", "a.json"], "not allowed with argument"),
        (["--recipe", "none.json"], "The recipe cannot be read: No such file or directory. Received: none.json"),
        (["--set", "epoch=3"], "Did you mean 'epochs'?"),
    ],
)
def test_wrong_arguments(arguments, message, capsys):
    try:
        status = main(["train", *arguments])
    except SystemExit as exit:
        status = exit.code
    assert status == 2
    assert message in capsys.readouterr().err

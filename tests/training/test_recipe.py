"""Recipes: defaults, presets, and what they refuse."""

import dataclasses
import json

import pytest

from keras_googlenet.architecture import PAPER, wider
from keras_googlenet.errors import InputError
from keras_googlenet.training import (
    PRESETS,
    MomentumSGD,
    Recipe,
    read_recipe,
    recipe_for,
)
from keras_googlenet.training.optimizers.from_recipe import optimizer
from keras_googlenet.training.recipes.recipe import RecipeError
from keras_googlenet.training.recipes.settings import parse_setting
from keras_googlenet.training.run_folder import RunFolder


def test_the_papers_values_are_the_defaults():
    recipe = Recipe()
    assert recipe.momentum == 0.9
    assert (recipe.decay_rate, recipe.decay_epochs) == (0.96, 8)
    assert recipe.image_size == 224
    assert recipe.sampling == "paper"
    assert recipe.averaging is not None
    assert (recipe.schedule, recipe.label_smoothing, recipe.precision) == ("step", 0.0, "float32")
    assert recipe.aux_heads is True


def test_a_recipe_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Recipe().epochs = 3


def test_presets_give_way_to_the_caller():
    assert recipe_for("digits").image_size == 32
    assert recipe_for("digits", image_size=48).image_size == 48
    assert recipe_for("photos").image_size == 224
    samplings = [recipe_for(*args).sampling for args in (["digits"], ["photos"])]
    assert samplings == ["center", "paper"]
    assert recipe_for("digits", sampling="paper").sampling == "paper"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("learning_rate=0.5", ("learning_rate", 0.5)),
        ("epochs=3", ("epochs", 3)),
        ("clip_norm=none", ("clip_norm", None)),
        ("clip_norm=2", ("clip_norm", 2.0)),
        ("data_dir=a=b", ("data_dir", "a=b")),
        ("aux_heads=false", ("aux_heads", False)),
        ("deterministic=True", ("deterministic", True)),
        ("schedule=cosine", ("schedule", "cosine")),
        ("head_learning_rate=none", ("head_learning_rate", None)),
    ],
)
def test_settings_are_parsed_by_the_type_of_their_field(text, expected):
    assert parse_setting(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs", "Expected FIELD=VALUE with a field of dataset.*Received: 'epochs'"),
        ("epoch=3", r"Expected FIELD=VALUE with a field of dataset.*Received: 'epoch=3'. Did you mean 'epochs'\?"),
        ("weight=0", r"Did you mean 'weights'\?"),
        ("xyz=0", "Received: 'xyz=0'.$"),
        ("schedule=cosin", r"`schedule` must be one of step, polynomial, cosine.*Did you mean 'cosine'\?"),
        ("aux_heads=flase", r"`aux_heads` must be one of true, false.*Did you mean 'false'\?"),
        ("aux_heads=1", "`aux_heads` must be one of true, false"),
        ("epochs=3.5", "`epochs` must be of type int. Received: 'epochs=3.5'"),
        ("epochs=none", "`epochs` must be of type int"),
        ("clip_norm=x", "`clip_norm` must be of type float"),
    ],
)
def test_settings_that_make_no_sense(text, message):
    with pytest.raises(RecipeError, match=message):
        parse_setting(text)


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("epochs", 0, "at least 1"),
        ("batch_size", -1, "at least 1"),
        ("image_size", 16, "at least 32 pixels"),
        ("sampling", "random", "one of paper, center, mirror, pad_and_crop"),
        ("precision", "bfloat", "one of float32, bfloat16, float16, auto.*Did you mean 'bfloat16'"),
        ("deterministic", "yes", "one of auto, true, false"),
        ("deterministic", 1, "of type bool or str"),
        ("hold_out", "random", "one of hash, rank"),
        ("on_corrupt", "skipp", "one of stop, skip.*Did you mean 'skip'"),
        ("freeze", "all", "one of nothing, trunk"),
        ("freeze_epochs", -1, "at least 0"),
        ("freeze_views", 0, "at least 1"),
        ("head_learning_rate", 0.0, "positive, or None"),
        ("accumulate", 0, "at least 1"),
        ("decay_power", 0.0, "positive"),
        ("weight_decay", -0.1, "at least 0"),
        ("weight_decay", float("nan"), "at least 0"),
        ("label_smoothing", 1.0, "at least 0 and below 1"),
        ("clip_norm", float("inf"), "positive, or None"),
        ("checkpoint_steps", 0, "at least 1"),
        ("checkpoints_kept", 0, "at least 1"),
        ("aux_heads", 1, "of type bool"),
        ("learning_rate", 0.0, "positive"),
        ("learning_rate", float("nan"), "positive"),
        ("learning_rate", float("inf"), "positive"),
        ("momentum", 1.0, "at least 0 and below 1"),
        ("decay_rate", 1.5, "above 0 and at most 1"),
        ("decay_epochs", 0, "at least 1"),
        ("warmup_steps", -1, "at least 0"),
        ("clip_norm", 0.0, "positive, or None"),
        ("averaging", 1.0, "between 0 and 1, or None"),
        ("validation_fraction", 1.0, "between 0 and 1"),
        ("variant", "vgg", "one of paper, plain"),
        ("seed", -1, "a whole number"),
        ("epochs", "3", "of type int"),
        ("epochs", True, "of type int"),
        ("dataset", None, "of type str"),
    ],
)
def test_values_out_of_range(field, value, rule):
    with pytest.raises(RecipeError, match=f"`{field}` must be {rule}") as caught:
        Recipe(**{field: value})
    assert f"Received: {field}={value!r}" in str(caught.value)


def test_an_unknown_field():
    with pytest.raises(RecipeError, match="A recipe has no field 'lr'. Its fields: dataset"):
        recipe_for("digits", lr=0.1)


def test_short_runs_average_over_fewer_updates():
    assert optimizer(Recipe(epochs=2), 35).ema_momentum == pytest.approx(0.9)
    assert optimizer(Recipe(epochs=2, accumulate=2), 70).ema_momentum == pytest.approx(0.9)
    assert optimizer(Recipe(), 35, epochs=2).ema_momentum == pytest.approx(0.9)
    assert optimizer(Recipe(epochs=1), 1).ema_momentum == 0.0


def test_the_optimizer_is_the_papers():
    built = optimizer(Recipe(), 100)
    assert isinstance(built, MomentumSGD)
    assert (built.momentum, built.nesterov, built.global_clipnorm, built.weight_decay) == (0.9, False, 1.0, 2e-4)
    assert (built.use_ema, built.ema_momentum, built.gradient_accumulation_steps) == (True, 0.99, None)
    assert optimizer(Recipe(averaging=None), 10).use_ema is False
    assert optimizer(recipe_for("digits"), 10).weight_decay is None
    assert optimizer(Recipe(accumulate=4), 10).gradient_accumulation_steps == 4


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_a_recipe(preset):
    recipe = recipe_for("photos", preset=preset)
    assert {name: getattr(recipe, name) for name in PRESETS[preset]} == PRESETS[preset]
    assert recipe_for("photos", preset=preset, seed=7, epochs=9).seed == 7


@pytest.mark.parametrize(
    ("preset", "epochs", "frozen"), [("transfer", 9, 8), ("transfer", 1, 1), ("transfer", 40, 16), ("probe", 40, 40)]
)
def test_other_epochs_keep_what_a_preset_freezes(preset, epochs, frozen):
    assert recipe_for("photos", preset, epochs=epochs).freeze_epochs == frozen
    assert recipe_for("photos", preset, epochs=epochs, freeze_epochs=1).freeze_epochs == 1


def test_the_papers_preset_is_the_defaults():
    assert recipe_for("photos", preset="paper") == recipe_for("photos") == Recipe(dataset="photos")


def test_a_preset_takes_the_place_of_the_data_sets_own():
    assert recipe_for("digits") == recipe_for("digits", preset="digits")
    assert recipe_for("digits", preset="small_images").sampling == "pad_and_crop"


def test_an_unknown_preset():
    with pytest.raises(RecipeError, match=r"no preset 'small'. Did you mean 'small_images'\? The presets: paper, "):
        recipe_for("photos", preset="small")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"freeze_epochs": 1}, "needs freeze=trunk.*Received: freeze='nothing', freeze_epochs=1"),
        ({"freeze": "trunk", "weights": "imagenet"}, "needs `freeze_epochs`.*Received: .*freeze_epochs=0"),
        ({"freeze": "trunk", "freeze_epochs": 1}, "needs `weights`.*Received: .*weights=None"),
        (
            {"preset": "transfer", "freeze_epochs": 19},
            "must be at most `epochs`.*Received: freeze_epochs=19, epochs=18",
        ),
        ({"freeze_views": 2}, "`freeze_views` needs freeze=trunk.*Received: freeze='nothing', freeze_views=2"),
        ({"unfreeze_from": "conv2"}, "`unfreeze_from` needs freeze=trunk.*Received: freeze='nothing'"),
        ({"preset": "transfer", "unfreeze_from": "inception_4"}, "a row of the variant's trunk: conv1, pool1, "),
        ({"head_learning_rate": 0.1}, "`head_learning_rate` needs freeze=trunk.*Received: freeze='nothing'"),
    ],
)
def test_fields_that_do_not_go_together(changes, message):
    with pytest.raises(RecipeError, match=message):
        recipe_for("photos", **changes)


def test_a_run_can_be_started_again_from_its_file(tmp_path):
    recipe = recipe_for("photos", preset="transfer", seed=3, clip_norm=None)
    content = {"recipe": dataclasses.asdict(recipe), "classes": ["a", "b"]}
    (tmp_path / "recipe.json").write_text(json.dumps(content))
    assert read_recipe(tmp_path) == read_recipe(tmp_path / "recipe.json") == recipe
    assert read_recipe(tmp_path, epochs=30) == dataclasses.replace(recipe, epochs=30)


def test_a_record_of_an_older_version_means_what_it_meant_then():
    """It had no weight decay, so it was trained without, and exactly a fifth of each class was held out."""
    recipe = Recipe.from_record({"dataset": "photos", "epochs": 4})
    assert recipe == Recipe(dataset="photos", epochs=4, weight_decay=0.0, hold_out="rank")


VERSION_0_1_0 = """{
  "recipe": {
    "dataset": "photos",
    "data_dir": null,
    "validation_fraction": 0.2,
    "on_corrupt": "stop",
    "variant": "paper",
    "aux_heads": true,
    "weights": null,
    "freeze": "nothing",
    "freeze_epochs": 0,
    "head_learning_rate": null,
    "image_size": 48,
    "sampling": "%s",
    "batch_size": 64,
    "accumulate": 1,
    "epochs": 24,
    "learning_rate": 0.03,
    "schedule": "cosine",
    "decay_rate": 0.96,
    "decay_epochs": 8,
    "decay_power": 0.5,
    "warmup_steps": 400,
    "momentum": 0.9,
    "weight_decay": 0.0005,
    "label_smoothing": 0.0,
    "clip_norm": 1.0,
    "averaging": 0.995,
    "precision": "float32",
    "checkpoint_steps": 1000,
    "checkpoints_kept": 3,
    "deterministic": true,
    "seed": 0
  },
  "classes": ["a", "b"],
  "images": {"train": 8, "validation": 2},
  "steps_per_epoch": 1,
  "versions": {"python": "3.11.7", "keras-googlenet": "0.1.0", "keras": "3.15.1"}
}
"""


@pytest.mark.parametrize(("old", "new"), [("shift", "pad_and_crop"), ("centre", "center"), ("paper", "paper")])
def test_the_words_of_version_0_1_0_are_read(tmp_path, old, new):
    """From its file, from the command line and in Python; a run that was started in them goes on in today's."""
    (tmp_path / "recipe.json").write_text(VERSION_0_1_0 % old)
    expected = recipe_for("photos", preset="small_images", sampling=new, hold_out="rank", deterministic=True)
    assert read_recipe(tmp_path) == expected
    assert parse_setting(f"sampling={old}") == ("sampling", new)
    assert Recipe(sampling=old).sampling == recipe_for("photos", sampling=old).sampling == new
    folder = RunFolder(tmp_path)
    folder.check_same(expected)
    folder.check_same(dataclasses.replace(expected, sampling=old))
    with pytest.raises(InputError, match=f"started with sampling='{new}', .* Received: sampling='"):
        folder.check_same(dataclasses.replace(expected, sampling="paper" if new != "paper" else "center"))


def test_a_table_of_ones_own_is_recorded_row_by_row(tmp_path):
    """So a run of it goes on, or is repeated, from the file alone, and no code is run."""
    narrow = wider(PAPER, 0.25)
    recipe = recipe_for("photos", variant=narrow)
    (tmp_path / "recipe.json").write_text(json.dumps({"recipe": recipe.record()}))
    assert read_recipe(tmp_path) == recipe
    assert read_recipe(tmp_path).variant == narrow
    RunFolder(tmp_path).check_same(recipe)
    with pytest.raises(InputError, match="this run was started with variant=Architecture"):
        RunFolder(tmp_path).check_same(recipe_for("photos", variant=wider(PAPER, 0.5)))
    with pytest.raises(RecipeError, match="`variant` must be of type str or Architecture"):
        Recipe(variant=3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            '{"recipe": {"dataset": "a", "variant": {"name": "x"}}}',
            r"`variant` is no table of a network: Expected a table as `get_config` .*\. Received: {'name': 'x'}\Z",
        ),
        ("{", "must be JSON.*Received: .*recipe.json"),
        ("[]", 'under the key "recipe".*Received: .*recipe.json'),
        ('{"dataset": "photos"}', 'under the key "recipe"'),
        ('{"recipe": 3}', "recipe.json: A recipe must be a dict of its fields. Received: 3"),
        ('{"recipe": {"epochs": 3}}', "recipe.json: A recipe must name its `dataset`. Received only: epochs"),
        ('{"recipe": {"dataset": "a", "epoch": 3}}', "recipe.json: .*no field 'epoch'. Did you mean 'epochs'"),
        ('{"recipe": {"dataset": "a", "epochs": "3"}}', "recipe.json: `epochs` must be of type int"),
        ('{"recipe": {"dataset": "a", "aux_heads": 1}}', "recipe.json: `aux_heads` must be of type bool"),
    ],
)
def test_files_that_hold_no_recipe(tmp_path, content, message):
    (tmp_path / "recipe.json").write_text(content)
    with pytest.raises(RecipeError, match=message):
        read_recipe(tmp_path)


def test_a_missing_file(tmp_path):
    with pytest.raises(RecipeError, match="cannot be read: No such file.*Received: .*none.json"):
        read_recipe(tmp_path / "none.json")

"""Recipes: defaults, presets, and what they refuse."""

import dataclasses

import pytest

from keras_googlenet.training import Recipe, RecipeError, StepDecay, optimizer, parse_setting, recipe_for


def test_the_papers_values_are_the_defaults():
    recipe = Recipe()
    assert recipe.momentum == 0.9
    assert (recipe.decay_rate, recipe.decay_epochs) == (0.96, 8)
    assert recipe.image_size == 224
    assert recipe.sampling == "paper"
    assert recipe.averaging is not None


def test_a_recipe_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Recipe().epochs = 3


def test_presets_give_way_to_the_caller():
    assert recipe_for("digits").image_size == 32
    assert recipe_for("digits", image_size=48).image_size == 48
    assert recipe_for("photos").image_size == 224
    samplings = [recipe_for(*args).sampling for args in (["digits"], ["photos"])]
    assert samplings == ["centre", "paper"]
    assert recipe_for("digits", sampling="paper").sampling == "paper"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("learning_rate=0.5", ("learning_rate", 0.5)),
        ("epochs=3", ("epochs", 3)),
        ("clip_norm=none", ("clip_norm", None)),
        ("clip_norm=2", ("clip_norm", 2.0)),
        ("data_dir=a=b", ("data_dir", "a=b")),
    ],
)
def test_settings_are_parsed_by_the_type_of_their_field(text, expected):
    assert parse_setting(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs", "Expected FIELD=VALUE with a field of dataset.*Received: 'epochs'"),
        ("epoch=3", "Expected FIELD=VALUE with a field of dataset.*Received: 'epoch=3'"),
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
        ("sampling", "random", "paper or centre"),
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
    with pytest.raises(RecipeError, match=f"`{field}` must be {rule}.*Received: {field}="):
        Recipe(**{field: value})


def test_an_unknown_field():
    with pytest.raises(RecipeError, match="A recipe has no field 'lr'. Its fields: dataset"):
        recipe_for("digits", lr=0.1)


def test_the_learning_rate_falls_by_4_percent_every_8_epochs():
    schedule = optimizer(recipe_for("digits", learning_rate=0.1, warmup_steps=20), 10)._learning_rate
    assert isinstance(schedule, StepDecay)
    rates = [float(schedule(step)) for step in (0, 9, 19, 20, 79, 80, 159, 160)]
    expected = [0.005, 0.05, 0.1, 0.1, 0.1, 0.096, 0.096, 0.1 * 0.96**2]
    assert rates == pytest.approx(expected, rel=1e-6)
    again = StepDecay.from_config(schedule.get_config())
    assert [float(again(step)) for step in (3, 85)] == [float(schedule(step)) for step in (3, 85)]


def test_short_runs_warm_up_and_average_over_fewer_steps():
    recipe = recipe_for("digits", epochs=2)
    built = optimizer(recipe, 35)
    assert built.ema_momentum == pytest.approx(0.9)
    assert built._learning_rate.warmup == 14
    assert optimizer(recipe_for("digits", epochs=1), 1).ema_momentum == 0.0


def test_the_optimizer_is_the_papers():
    built = optimizer(Recipe(averaging=0.99, clip_norm=1.0), 100)
    assert type(built).__name__ == "SGD"
    assert (built.momentum, built.nesterov, built.global_clipnorm) == (0.9, False, 1.0)
    assert (built.use_ema, built.ema_momentum) == (True, 0.99)
    assert optimizer(Recipe(averaging=None), 10).use_ema is False

"""Every number of a recipe has a largest value, which the message says; texts are shown, but not at any length."""

import dataclasses

import pytest

from keras_googlenet.training import Recipe
from keras_googlenet.training.recipes import rules
from keras_googlenet.training.recipes.recipe import RecipeError
from keras_googlenet.utils.bounds import LARGEST
from keras_googlenet.utils.messages import nearest, one_line, shown

NUMBERS = [field.name for field in dataclasses.fields(Recipe) if {int, float} & set(rules.kinds(field))]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [10**48, 10**400, 10**5000, float("inf"), float("nan"), -(10**400)], ids=shown)
def test_no_field_takes_any_number(name, value):
    with pytest.raises(RecipeError) as caught:
        Recipe(**{name: value})
    assert f"`{name}` must be" in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", sorted(set(NUMBERS) & set(LARGEST)))
def test_the_largest_is_said_and_taken(name):
    largest = LARGEST[name]
    together = {"freeze": "trunk", "weights": "imagenet", "freeze_epochs": 1, "epochs": 1_000_000}
    more = together if name in ("freeze_epochs", "freeze_views", "head_learning_rate", "epochs") else {}
    assert getattr(Recipe(**{**more, name: largest}), name) == largest
    with pytest.raises(RecipeError, match="must be (at most|a whole number in 0)"):
        Recipe(**{**more, name: largest * 2})


def test_values_as_they_are_shown():
    assert shown("a\x1b") == r"'a\x1b'"
    assert shown(10**5000) == "a number of 5,001 digits"
    assert len(shown("x" * 10**6)) < 130
    assert shown([10**5000]) == "a list that cannot be written down"
    assert one_line("👩‍🚀 نص") == "👩‍🚀 نص"
    assert nearest("x" * 10**6, ["x" * 10]) == ""

"""Recipes from text: the command line's `FIELD=VALUE`, and the `recipe.json` of an earlier run."""

import dataclasses
from pathlib import Path
from typing import Any

from keras_googlenet.data.ignored import is_run
from keras_googlenet.errors import InputError
from keras_googlenet.training.recipes import rules
from keras_googlenet.training.recipes.recipe import Recipe, RecipeError, field_names
from keras_googlenet.utils.files import read_json
from keras_googlenet.utils.messages import nearest, shown


def parse_setting(text: str) -> tuple[str, Any]:
    """One `FIELD=VALUE` of the command line as `(field, value)`, the value in the field's type.

    Args:
        text: For instance `learning_rate=0.02` or `aux_heads=false`; `none` unsets a field that may be unset.

    Returns:
        The field's name and the parsed value.

    Raises:
        RecipeError: There is no such field, or the value is not of its type or not one of its choices.

    Example:
        >>> parse_setting("learning_rate=0.02")
        ('learning_rate', 0.02)
    """
    name, equals, value = text.partition("=")
    if not equals or name not in field_names():
        raise RecipeError(
            f"Expected FIELD=VALUE with a field of {', '.join(field_names())}. "
            f"Received: {shown(text)}.{nearest(name, field_names())}"
        )
    kinds = rules.kinds(next(field for field in dataclasses.fields(Recipe) if field.name == name))
    if value.lower() == "none" and type(None) in kinds:
        return name, None
    word = value.lower()
    if bool in kinds and word in ("true", "false"):
        return name, word == "true"
    choices = rules.CHOICES.get(name, ("true", "false") if bool in kinds else None)
    if choices is not None:
        word = rules.renamed(name, word)
        rules.check_choice(name, word, choices, shown(text))
        return name, word
    kind = next(kind for kind in (int, float, str) if kind in kinds)
    try:
        return name, kind(value)
    except ValueError:  # which a number of thousands of digits is, too
        raise RecipeError(f"`{name}` must be of type {kind.__name__}. Received: {shown(text)}") from None


def holding_out(model: str | Path) -> dict[str, Any]:
    """How the run that left a model held out its validation images.

    Args:
        model: What the command line calls a model.

    Returns:
        `validation_fraction` and `hold_out`, a dict, if the run's recipe lies beside the model's file; else empty.

    Raises:
        RecipeError: There is a `recipe.json` that cannot be read.

    Example:
        >>> holding_out("imagenet")
        {}
    """
    folder = Path(model).parent
    if not (Path(model).is_file() and is_run(folder)):
        return {}
    recipe = read_recipe(folder)
    return {"validation_fraction": recipe.validation_fraction, "hold_out": recipe.hold_out}


def read_recipe(path: str | Path, **changes: Any) -> Recipe:
    """The recipe of an earlier run, from the `recipe.json` in its folder: all that is needed to start it again.

    Args:
        path: The file, or the run's folder.
        **changes: Fields to set.

    Returns:
        A `Recipe`.

    Raises:
        RecipeError: The file cannot be read, holds no recipe, or the recipe breaks a rule; the message names the file.

    Example:
        >>> read_recipe("runs/first", epochs=30)  # doctest: +SKIP
    """
    path = Path(path, "recipe.json") if Path(path).is_dir() else Path(path)
    rules.check_names(changes, field_names())
    try:
        content = read_json(path)
    except OSError as error:
        raise RecipeError(f"The recipe cannot be read: {error.strerror}. Received: {path}") from None
    except ValueError as error:
        raise RecipeError(f"The recipe must be JSON, as in a run's recipe.json: {error}. Received: {path}") from None
    if not isinstance(content, dict) or "recipe" not in content:
        raise RecipeError(f'The recipe must be under the key "recipe", as in a run\'s recipe.json. Received: {path}')
    try:
        recipe = Recipe.from_record(content["recipe"])
    except InputError as error:
        raise RecipeError(f"{path}: {error}") from None
    return dataclasses.replace(recipe, **changes)

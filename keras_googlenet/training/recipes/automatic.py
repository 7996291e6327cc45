"""The fields of a recipe that may be `auto`: what they come to when a run begins, and when it goes on elsewhere."""

import dataclasses

from keras_googlenet.training.recipes.recipe import Recipe
from keras_googlenet.utils import precision, processor

FIELDS = ("precision", "deterministic")


def following(recipe: Recipe, recorded: Recipe) -> Recipe:
    """A recipe whose `auto` is what a run has taken for it.

    Args:
        recipe: A `Recipe`.
        recorded: The run's.

    Example:
        >>> following(Recipe(precision="auto"), Recipe(precision="bfloat16")).precision
        'bfloat16'
    """
    left = {name: getattr(recorded, name) for name in FIELDS if getattr(recipe, name) == "auto"}
    return dataclasses.replace(recipe, **left)


def settled(recipe: Recipe, recorded: Recipe | None = None, say: bool = True) -> Recipe:
    """A recipe without `auto`: as the run began, else as it is best on this device. Prints what was chosen.

    Args:
        recipe: A `Recipe`.
        recorded: That of the run that is gone on with, if one is.
        say: Whether to print.
    """
    lines = []
    if recorded is not None:
        recipe = following(recipe, recorded)
        same = str(recorded.deterministic).lower()
        lines.append(f"as the run began: precision={recorded.precision}, deterministic={same}")
    if recipe.precision == "auto":
        chosen = precision.automatic()
        recipe = dataclasses.replace(recipe, precision=chosen.value)
        lines.append(str(chosen))
    if recipe.deterministic == "auto":
        on_cpu = not processor.accelerators()
        recipe = dataclasses.replace(recipe, deterministic=on_cpu)
        if not on_cpu:
            lines.append("deterministic: false (on a GPU it costs speed; --set deterministic=true)")
    if say and lines:
        print(*lines, sep="\n", flush=True)
    return recipe

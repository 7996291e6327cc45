"""What a recipe refuses: unknown names, wrong types, values out of range, fields that do not go together."""

import dataclasses
import types
from collections.abc import Iterable, Sequence
from typing import Any

from keras_googlenet.architecture import VARIANTS
from keras_googlenet.architecture.names import own_name
from keras_googlenet.architecture.table import MIN_SIZE
from keras_googlenet.architecture.variants import resolve
from keras_googlenet.data.sampling import SAMPLERS
from keras_googlenet.errors import InputError
from keras_googlenet.training.optimizers.schedules import SCHEDULES
from keras_googlenet.utils.bounds import LONGEST_TEXT, beyond
from keras_googlenet.utils.messages import nearest, shown
from keras_googlenet.utils.precision import PRECISIONS


class RecipeError(InputError):
    """A field of a recipe is unknown or out of range, or does not go with another."""


CHOICES = {
    "hold_out": ("hash", "rank"),
    "on_corrupt": ("stop", "skip"),
    "variant": tuple(VARIANTS),
    "freeze": ("nothing", "trunk"),
    "sampling": tuple(SAMPLERS),
    "schedule": tuple(SCHEDULES),
    "precision": PRECISIONS,
    "deterministic": ("auto", "true", "false"),
}
"""The values of the fields that name one of a few things."""

RENAMED: dict[str, dict[str, Any]] = {
    "sampling": {"centre": "center", "shift": "pad_and_crop"},
    "precision": {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"},
    "deterministic": {"true": True, "false": False},
}
"""Other words for some values: version 0.1.0's, which its files and its users' commands go on using, and text."""

_INFINITE = float("inf")

_COUNTS = ("batch_size", "accumulate", "epochs", "freeze_views", "decay_epochs", "checkpoint_steps", "checkpoints_kept")

_RANGES = (
    ("at least 1", lambda v: v >= 1, _COUNTS),
    ("at least 0", lambda v: 0 <= v < _INFINITE, ("freeze_epochs", "warmup_steps", "weight_decay")),
    ("positive", lambda v: 0 < v < _INFINITE, ("learning_rate", "head_learning_rate", "decay_power", "clip_norm")),
    ("between 0 and 1", lambda v: 0 < v < 1, ("validation_fraction", "averaging")),
    ("at least 0 and below 1", lambda v: 0 <= v < 1, ("momentum", "label_smoothing")),
    ("above 0 and at most 1", lambda v: 0 < v <= 1, ("decay_rate",)),
    (f"at least {MIN_SIZE} pixels", lambda v: v >= MIN_SIZE, ("image_size",)),
    ("a whole number in 0..2**32-1", lambda v: 0 <= v < 2**32, ("seed",)),
)
"""The least values; `utils/bounds.py` has the largest."""


def _together(recipe):
    """The rules about several fields that a recipe breaks: each rule, and the fields that it is about."""
    frozen = recipe.freeze == "trunk"
    if recipe.freeze_epochs and not frozen:
        yield "`freeze_epochs` needs freeze=trunk: nothing else is frozen", ("freeze", "freeze_epochs")
    if frozen and not recipe.freeze_epochs:
        rule = "freeze=trunk needs `freeze_epochs`, how long it stays frozen; as many as `epochs` for the whole run"
        yield rule, ("freeze", "freeze_epochs", "epochs")
    if frozen and recipe.weights is None:
        rule = "freeze=trunk needs `weights` to start from: a trunk that was never trained is not worth keeping"
        yield rule, ("freeze", "weights")
    if recipe.freeze_views is not None and not frozen:
        yield "`freeze_views` needs freeze=trunk: nothing else has features to keep", ("freeze", "freeze_views")
    if recipe.unfreeze_from is not None:
        rows = [row.name for row in resolve(recipe.variant).trunk]
        if not frozen:
            yield "`unfreeze_from` needs freeze=trunk: nothing else is frozen", ("freeze", "unfreeze_from")
        elif own_name(recipe.unfreeze_from) not in rows:
            rule = f"`unfreeze_from` must be a row of the variant's trunk: {', '.join(rows)}"
            yield rule, ("variant", "unfreeze_from")
    if recipe.freeze_epochs > recipe.epochs:
        yield "`freeze_epochs` must be at most `epochs`, of which they are the first", ("freeze_epochs", "epochs")
    if recipe.head_learning_rate is not None and not frozen:
        rule = "`head_learning_rate` needs freeze=trunk: otherwise `learning_rate` is the one rate of the run"
        yield rule, ("freeze", "head_learning_rate")


def check(recipe: Any) -> None:
    """Checks every field of a recipe, then what concerns several.

    Args:
        recipe: A `Recipe`.

    Raises:
        RecipeError: A rule is broken; the message names the field, the rule and the value.
    """
    for field in dataclasses.fields(recipe):
        name, value = field.name, getattr(recipe, field.name)
        _check_type(field, value)
        if name in CHOICES and isinstance(value, str):  # else a table of the user's own
            check_choice(name, value, CHOICES[name], f"{name}={shown(value)}")
        broken = [rule for rule, holds, names in _RANGES if name in names and value is not None and not holds(value)]
        if isinstance(value, (int, float)) and (largest := beyond(name, value)):
            broken.append(largest)
        if broken:
            unset = ", or None" if type(None) in kinds(field) else ""
            raise RecipeError(f"`{name}` must be {broken[0]}{unset}. Received: {name}={shown(value)}")
    for rule, names in _together(recipe):
        raise RecipeError(f"{rule}. Received: {', '.join(f'{name}={shown(getattr(recipe, name))}' for name in names)}")


def check_choice(name: str, value: str, choices: Sequence[str], received: str) -> None:
    """Checks that a field names one of a few things.

    Args:
        name: The field.
        value: Its value.
        choices: What it may be.
        received: The value as the message shows it.

    Raises:
        RecipeError: It names none; the message gives the nearest.
    """
    if value not in choices:
        raise RecipeError(
            f"`{name}` must be one of {', '.join(choices)}. Received: {received}.{nearest(value, choices)}"
        )


def renamed(name: str, value: Any) -> Any:
    """A field's value in today's words.

    Args:
        name: The field.
        value: Its value, perhaps in words of `RENAMED`.

    Returns:
        The value.

    Example:
        >>> renamed("sampling", "centre")
        'center'
    """
    return RENAMED.get(name, {}).get(value, value) if isinstance(value, str) else value


def check_names(names: Iterable[str], known: Sequence[str]) -> None:
    """Checks that a recipe has these fields.

    Args:
        names: Names of fields.
        known: The names that there are.

    Raises:
        RecipeError: There is no such field; the message gives the nearest.
    """
    for name in names:
        if name not in known:
            raise RecipeError(
                f"A recipe has no field {shown(name)}.{nearest(name, known)} Its fields: {', '.join(known)}"
            )


def kinds(field: dataclasses.Field) -> tuple[type, ...]:
    """The types that a field's value may have, a tuple; `NoneType` is one where it may be unset."""
    return field.type.__args__ if isinstance(field.type, types.UnionType) else (field.type,)


def _check_type(field, value):
    allowed = kinds(field)
    accepted = (*allowed, int) if float in allowed else allowed
    if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in allowed):
        names = " or ".join("None" if kind is type(None) else kind.__name__ for kind in allowed)
        raise RecipeError(f"`{field.name}` must be of type {names}. Received: {field.name}={shown(value)}")
    if isinstance(value, str) and not ("\0" not in value and len(value) <= LONGEST_TEXT):
        rule = f"without NUL characters, and of at most {LONGEST_TEXT:,}"
        raise RecipeError(f"`{field.name}` must be {rule}. Received: {field.name}={shown(value)}")

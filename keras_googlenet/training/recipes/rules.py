"""What a recipe refuses: unknown names, wrong types, values out of range, fields that do not go together."""

import dataclasses
import types

from keras_googlenet.architecture import VARIANTS
from keras_googlenet.architecture.table import MIN_SIZE
from keras_googlenet.errors import InputError
from keras_googlenet.utils.messages import nearest


class RecipeError(InputError):
    """A field of a recipe is unknown or out of range, or does not go with another."""


CHOICES = {
    "hold_out": ("hash", "rank"),
    "on_corrupt": ("stop", "skip"),
    "variant": tuple(VARIANTS),
    "freeze": ("nothing", "trunk"),
    "sampling": ("paper", "centre", "shift"),
    "schedule": ("step", "polynomial", "cosine"),
    "precision": ("float32", "mixed_float16", "mixed_bfloat16"),
}
"""The values of the fields that name one of a few things."""


def _at_least_1(value):
    return value >= 1


def _not_negative(value):
    return 0 <= value < float("inf")


def _positive(value):
    return 0 < value < float("inf")


_RANGES = (
    ("validation_fraction", lambda v: 0 < v < 1, "between 0 and 1"),
    ("freeze_epochs", _not_negative, "at least 0"),
    ("head_learning_rate", _positive, "positive, or None"),
    ("image_size", lambda v: v >= MIN_SIZE, f"at least {MIN_SIZE} pixels"),
    ("batch_size", _at_least_1, "at least 1"),
    ("accumulate", _at_least_1, "at least 1"),
    ("epochs", _at_least_1, "at least 1"),
    ("learning_rate", _positive, "positive"),
    ("decay_rate", lambda v: 0 < v <= 1, "above 0 and at most 1"),
    ("decay_epochs", _at_least_1, "at least 1"),
    ("decay_power", _positive, "positive"),
    ("warmup_steps", _not_negative, "at least 0"),
    ("momentum", lambda v: 0 <= v < 1, "at least 0 and below 1"),
    ("weight_decay", _not_negative, "at least 0"),
    ("label_smoothing", lambda v: 0 <= v < 1, "at least 0 and below 1"),
    ("clip_norm", _positive, "positive, or None"),
    ("averaging", lambda v: 0 < v < 1, "between 0 and 1, or None"),
    ("checkpoint_steps", _at_least_1, "at least 1"),
    ("checkpoints_kept", _at_least_1, "at least 1"),
    ("seed", lambda v: 0 <= v < 2**32, "a whole number in 0..2**32-1"),
)

_TOGETHER = (
    (
        lambda r: r.freeze == "trunk" or r.freeze_epochs == 0,
        "`freeze_epochs` needs freeze=trunk: nothing else is frozen",
        ("freeze", "freeze_epochs"),
    ),
    (
        lambda r: r.freeze == "nothing" or r.freeze_epochs >= 1,
        "freeze=trunk needs `freeze_epochs`, how long it stays frozen; as many as `epochs` for the whole run",
        ("freeze", "freeze_epochs", "epochs"),
    ),
    (
        lambda r: r.freeze == "nothing" or r.weights is not None,
        "freeze=trunk needs `weights` to start from: a trunk that was never trained is not worth keeping",
        ("freeze", "weights"),
    ),
    (
        lambda r: r.freeze_epochs <= r.epochs,
        "`freeze_epochs` must be at most `epochs`, of which they are the first",
        ("freeze_epochs", "epochs"),
    ),
    (
        lambda r: r.freeze == "trunk" or r.head_learning_rate is None,
        "`head_learning_rate` needs freeze=trunk: otherwise `learning_rate` is the one rate of the run",
        ("freeze", "head_learning_rate"),
    ),
)


def check(recipe):
    """Checks every field of a recipe, then what concerns several.

    Args:
        recipe: A `Recipe`.

    Raises:
        RecipeError: A rule is broken; the message names the field, the rule and the value.
    """
    for field in dataclasses.fields(recipe):
        _check_type(field, getattr(recipe, field.name))
    for name, choices in CHOICES.items():
        value = getattr(recipe, name)
        if value not in choices:
            raise RecipeError(
                f"`{name}` must be one of {', '.join(choices)}. Received: {name}={value!r}.{nearest(value, choices)}"
            )
    for name, holds, rule in _RANGES:
        value = getattr(recipe, name)
        if value is not None and not holds(value):
            raise RecipeError(f"`{name}` must be {rule}. Received: {name}={value!r}")
    for holds, rule, names in _TOGETHER:
        if not holds(recipe):
            raise RecipeError(f"{rule}. Received: {', '.join(f'{name}={getattr(recipe, name)!r}' for name in names)}")


def check_names(names, known):
    """Checks that a recipe has these fields.

    Args:
        names: Names of fields.
        known: The names that there are.

    Raises:
        RecipeError: There is no such field; the message gives the nearest.
    """
    for name in names:
        if name not in known:
            raise RecipeError(f"A recipe has no field {name!r}.{nearest(name, known)} Its fields: {', '.join(known)}")


def kinds(field):
    """The types that a field's value may have, a tuple; `NoneType` is one where it may be unset."""
    return field.type.__args__ if isinstance(field.type, types.UnionType) else (field.type,)


def _check_type(field, value):
    allowed = kinds(field)
    accepted = (*allowed, int) if float in allowed else allowed
    if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in allowed):
        names = " or ".join("None" if kind is type(None) else kind.__name__ for kind in allowed)
        raise RecipeError(f"`{field.name}` must be of type {names}. Received: {field.name}={value!r}")

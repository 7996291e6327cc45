"""How a network is trained, as one frozen dataclass: section 6 of the paper, and choices where the paper is silent."""

import dataclasses
import types

from keras_googlenet.architecture import MIN_SIZE, VARIANTS
from keras_googlenet.errors import InputError


class RecipeError(InputError):
    """A field of a recipe is unknown or out of range."""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run; the resolved recipe is written into the run's folder.

    Attributes:
        dataset: `digits`, a folder of class subfolders, or a TFDS name.
        data_dir: Where TFDS keeps its data sets; None means its default.
        validation_fraction: Part held out of a data set that has no validation split.
        variant: Name of the table to build (`architecture.VARIANTS`).
        weights: Weights to start from: a registry name or a path; None starts from the initialization.
        image_size: Side of the square input, pixels. The paper's is 224 (section 5).
        sampling: What training sees of an image: `paper` for a random patch with its colours distorted (section 6),
            anew in each epoch, or `centre` for the central square, which evaluation sees in any case.
        batch_size: Images per step. BVLC's 32; the paper is silent.
        epochs: Passes over the training images.
        learning_rate: Initial learning rate, once warmed up. The paper is silent.
        momentum: 0.9 (section 6).
        decay_rate: Factor of each decay, 0.96 (section 6: "decreasing the learning rate by 4%").
        decay_epochs: Epochs between decays, 8 (section 6).
        warmup_steps: Steps over which the learning rate rises linearly from zero, at most a fifth of the run. The
            paper is silent.
        clip_norm: Gradients are scaled down to this global norm; None leaves them. The paper is silent.
        averaging: Momentum of the exponential moving average of the weights, the averaged model being the one that
            is validated and saved (section 6: "Polyak averaging"). It remembers about `1 / (1 - averaging)` steps, at
            most a seventh of the run. None leaves it out.
        seed: Seed of the initialization, the shuffling, the sampling and the dropout.
    """

    dataset: str = "digits"
    data_dir: str | None = None
    validation_fraction: float = 0.2
    variant: str = "paper"
    weights: str | None = None
    image_size: int = 224
    sampling: str = "paper"
    batch_size: int = 32
    epochs: int = 60
    learning_rate: float = 0.02
    momentum: float = 0.9
    decay_rate: float = 0.96
    decay_epochs: int = 8
    warmup_steps: int = 100
    clip_norm: float | None = 1.0
    averaging: float | None = 0.99
    seed: int = 0

    def __post_init__(self):
        for field in dataclasses.fields(self):
            _check_type(field, getattr(self, field.name))
        for name, holds, rule in _RULES:
            value = getattr(self, name)
            if value is not None and not holds(value):
                raise RecipeError(f"`{name}` must be {rule}. Received: {name}={value!r}")


PRESETS = {"digits": {"image_size": 32, "sampling": "centre", "epochs": 16}}
"""What differs from the defaults for a data set of its own kind. Half a digit is none, nor is one in a mirror."""


def recipe_for(dataset, **changes):
    """The recipe for a data set: the defaults, its preset if it has one, and the caller's changes.

    Args:
        dataset: As in `Recipe`.
        **changes: Fields to set.

    Returns:
        A `Recipe`.

    Raises:
        RecipeError: A field is unknown, of the wrong type, or out of range.

    Example:
        >>> recipe_for("digits", epochs=2).image_size
        32
    """
    known = [field.name for field in dataclasses.fields(Recipe)]
    unknown = sorted(set(changes) - set(known))
    if unknown:
        raise RecipeError(f"A recipe has no field {unknown[0]!r}. Its fields: {', '.join(known)}")
    return Recipe(dataset=dataset, **{**PRESETS.get(dataset, {}), **changes})


def parse_setting(text):
    """One `FIELD=VALUE` of the command line as `(field, value)`, the value in the field's type.

    Args:
        text: For instance `learning_rate=0.02`; `none` unsets a field that may be unset.

    Returns:
        The field's name and the parsed value.

    Raises:
        RecipeError: There is no such field, or the value is not of its type.

    Example:
        >>> parse_setting("learning_rate=0.02")
        ('learning_rate', 0.02)
    """
    name, equals, value = text.partition("=")
    fields = {field.name: field for field in dataclasses.fields(Recipe)}
    if not equals or name not in fields:
        raise RecipeError(f"Expected FIELD=VALUE with a field of {', '.join(fields)}. Received: {text!r}")
    kinds = _kinds(fields[name])
    if value.lower() == "none" and type(None) in kinds:
        return name, None
    kind = next(kind for kind in (int, float, str) if kind in kinds)
    try:
        return name, kind(value)
    except ValueError:
        raise RecipeError(f"`{name}` must be of type {kind.__name__}. Received: {text!r}") from None


def _kinds(field):
    return field.type.__args__ if isinstance(field.type, types.UnionType) else (field.type,)


def _check_type(field, value):
    kinds = _kinds(field)
    allowed = (*kinds, int) if float in kinds else kinds
    if not isinstance(value, allowed) or isinstance(value, bool):
        names = " or ".join("None" if kind is type(None) else kind.__name__ for kind in kinds)
        raise RecipeError(f"`{field.name}` must be of type {names}. Received: {field.name}={value!r}")


def _at_least_1(value):
    return value >= 1


_RULES = (
    ("validation_fraction", lambda v: 0 < v < 1, "between 0 and 1"),
    ("variant", lambda v: v in VARIANTS, f"one of {', '.join(VARIANTS)}"),
    ("image_size", lambda v: v >= MIN_SIZE, f"at least {MIN_SIZE} pixels"),
    ("sampling", lambda v: v in ("paper", "centre"), "paper or centre"),
    ("batch_size", _at_least_1, "at least 1"),
    ("epochs", _at_least_1, "at least 1"),
    ("learning_rate", lambda v: 0 < v < float("inf"), "positive"),
    ("momentum", lambda v: 0 <= v < 1, "at least 0 and below 1"),
    ("decay_rate", lambda v: 0 < v <= 1, "above 0 and at most 1"),
    ("decay_epochs", _at_least_1, "at least 1"),
    ("warmup_steps", lambda v: v >= 0, "at least 0"),
    ("clip_norm", lambda v: v > 0, "positive, or None"),
    ("averaging", lambda v: 0 < v < 1, "between 0 and 1, or None"),
    ("seed", lambda v: 0 <= v < 2**32, "a whole number in 0..2**32-1"),
)

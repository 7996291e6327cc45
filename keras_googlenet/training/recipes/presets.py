"""Named recipes: what differs from the defaults, as one table."""

import types
from collections.abc import Mapping
from typing import Any

from keras_googlenet.training.recipes import rules
from keras_googlenet.training.recipes.recipe import Recipe, RecipeError, field_names
from keras_googlenet.utils.messages import nearest

PRESETS: Mapping[str, dict[str, Any]] = types.MappingProxyType(
    {
        # The defaults: section 6, and BVLC's or our values where it is silent.
        "paper": {},
        # Caffe's models/bvlc_googlenet/quick_solver.prototxt, whose 2,400,000 iterations of 32 images are 60 epochs of
        # ImageNet. It neither warms up nor clips; both stay, since the initialization is not BVLC's either.
        "quick_solver": {
            "batch_size": 32,
            "epochs": 60,
            "learning_rate": 0.01,
            "schedule": "polynomial",
            "decay_power": 0.5,
            "momentum": 0.9,
            "weight_decay": 2e-4,
            "averaging": None,
        },
        # New classes for trained weights. The new classifier learns before it may move the trunk, at a rate that fits
        # the norm of BVLC's features, about 44; the trunk makes these of two views of each image, once, after which an
        # epoch takes no time. Then the last two modules are trained with it, at a rate that keeps what they know.
        # 256 pixels show things as large as BVLC's training did, which cut 224 out of images of 256. Section 6's
        # patches and colors are harsh on a few hundred photos. The auxiliary heads are there to push gradient into an
        # untrained trunk (section 5); a trained one they would only pull at.
        "transfer": {
            "weights": "imagenet",
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
        },
        # The quickest answer for new classes: the classifier alone, on features of two views of each image.
        "probe": {
            "weights": "imagenet",
            "aux_heads": False,
            "freeze": "trunk",
            "freeze_epochs": 6,
            "freeze_views": 2,
            "sampling": "mirror",
            "epochs": 6,
            "learning_rate": 0.01,
            "schedule": "cosine",
        },
        # Images of 32 to 64 pixels, such as CIFAR-10, from the initialization. Enlarged to 48 pixels, they leave the
        # last modules 2x2 to look at, where 32 would leave one.
        "small_images": {
            "image_size": 48,
            "sampling": "pad_and_crop",
            "batch_size": 64,
            "epochs": 24,
            "learning_rate": 0.03,
            "schedule": "cosine",
            "warmup_steps": 400,
            "weight_decay": 5e-4,
            "averaging": 0.995,
        },
        # Half a digit is none, nor is one in a mirror. Larger batches need fewer updates of the weights, which take a
        # third of a step at 32 pixels; the cosine and the short warm-up make ten epochs enough for all heads.
        "digits": {
            "image_size": 32,
            "sampling": "center",
            "batch_size": 64,
            "epochs": 10,
            "learning_rate": 0.06,
            "schedule": "cosine",
            "warmup_steps": 10,
            "weight_decay": 0.0,
            "averaging": 0.97,
        },
    }
)
"""What each preset sets; every other field has its default. `digits` is the data set's own."""

CHANGED: Mapping[str, tuple[str, ...]] = types.MappingProxyType(
    {
        "transfer": (
            *("freeze_epochs", "freeze_views", "unfreeze_from", "head_learning_rate", "epochs", "learning_rate"),
        ),
        "digits": ("batch_size", "epochs", "learning_rate", "schedule", "warmup_steps", "averaging"),
    }
)
"""Fields that a preset of version 0.1.0 set otherwise, or not at all: a run that goes on keeps those it began with."""


def recipe_for(dataset: str, preset: str | None = None, **changes: Any) -> Recipe:
    """The recipe for a data set: the defaults, a preset, and the caller's changes.

    Args:
        dataset: As in `Recipe`.
        preset: A name of `PRESETS`; None means `digits` for the data set of that name, else `paper`.
        **changes: Fields to set. Where `epochs` are set and `freeze_epochs` are not, `probe` freezes the trunk for all
            of them, `transfer` for eight ninths, at most 16.

    Returns:
        A `Recipe`.

    Raises:
        RecipeError: There is no such preset or field, or a value breaks a rule.

    Example:
        >>> recipe_for("digits", epochs=2).image_size
        32
        >>> recipe_for("photos", preset="transfer").freeze
        'trunk'
    """
    rules.check_names(changes, field_names())
    if preset is None:
        preset = "digits" if dataset == "digits" else "paper"
    if preset not in PRESETS:
        raise RecipeError(f"There is no preset {preset!r}.{nearest(preset, PRESETS)} The presets: {', '.join(PRESETS)}")
    return Recipe(dataset=dataset, **{**PRESETS[preset], **_proportion(PRESETS[preset], changes), **changes})


def _proportion(preset, changes):
    """How long a preset's trunk is frozen where the caller sets `epochs` alone: all of them, or its part, or less."""
    epochs, frozen = changes.get("epochs"), preset.get("freeze_epochs")
    if frozen is None or not isinstance(epochs, int):
        return {}
    whole = frozen == preset["epochs"]
    return {"freeze_epochs": epochs if whole else max(1, min(frozen, epochs * frozen // preset["epochs"]))}


def transfer_for(dataset: str, **changes: Any) -> Recipe:
    """The recipe that is meant by trained weights alone, without a preset: `transfer`, fitted to what else is set.

    The other presets' learning rates are for an untrained network, and destroy a trained one.

    Args:
        dataset: As in `Recipe`. Digits keep their own size and sampling.
        **changes: Fields to set. With `freeze="nothing"` the trunk is frozen for no epoch.

    Returns:
        A `Recipe`.

    Raises:
        RecipeError: As `recipe_for`.

    Example:
        >>> transfer_for("photos", weights="imagenet", epochs=5).freeze_epochs
        4
    """
    fitted = {}
    if dataset == "digits":
        fitted = {name: PRESETS["digits"][name] for name in ("image_size", "sampling", "weight_decay")}
    if changes.get("freeze") == "nothing":
        fitted |= {"freeze_epochs": 0, "freeze_views": None, "unfreeze_from": None, "head_learning_rate": None}
    return recipe_for(dataset, "transfer", **{**fitted, **changes})

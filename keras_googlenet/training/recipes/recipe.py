"""How a network is trained, as one frozen dataclass: section 6 of the paper, and choices where the paper is silent."""

import dataclasses
from typing import Any

from keras_googlenet.architecture import Architecture
from keras_googlenet.training.recipes import rules
from keras_googlenet.training.recipes.rules import RecipeError
from keras_googlenet.utils.messages import shortened, shown

_OLDER = {"weight_decay": 0.0, "hold_out": "rank"}
"""What a record without the field was trained with, where that is not today's default."""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run; the resolved recipe is written into the run's folder.

    "Paper" below is section 6 unless another is named; "BVLC" is Caffe's `models/bvlc_googlenet`, which speaks where
    the paper is silent; "ours" is a choice of this project, which docs/training.md gives the reasons for.

    Attributes:
        dataset: `digits`, a folder of class subfolders, or a TFDS name.
        data_dir: Where TFDS keeps its data sets; None means its default.
        validation_fraction: Part held out of a data set that has no validation split. Ours.
        hold_out: How it is chosen from a folder: `hash`, each file by a hash of its class and name, so that adding or
            removing files moves no other; `rank`, exactly the fraction of each class, as version 0.1.0 did. Ours.
        on_corrupt: What an unreadable image does: `stop` the run, or be `skip`ped. Ours.
        variant: The table to build: a name of `architecture.VARIANTS`, or in Python an `Architecture` of one's own,
            which `recipe.json` holds row by row.
        aux_heads: Whether the table's auxiliary heads are built and trained. Paper, section 5.
        weights: Weights to start from: a registry name or a path; None starts from the initialization. Paper: none.
        freeze: What keeps its weights at first: `nothing`, or the `trunk`, all but the classifiers. Paper: nothing.
        freeze_epochs: Epochs before the trunk is unfrozen, at least 1 where it is frozen; `epochs` never unfreezes it.
        freeze_views: Views of each training image that these epochs see in turn, the same again and again, so that the
            trunk makes its features of each only once; None for new ones in each epoch, as `sampling` draws them. Ours.
        unfreeze_from: The first row of the table that trains after these epochs, such as `inception_4a`: what is below
            stays frozen. None means the whole trunk.
        head_learning_rate: Learning rate of these epochs; None means `learning_rate`.
        image_size: Side of the square input, pixels. Paper, section 5: 224.
        sampling: What training sees of an image: `paper` for a random patch with its colors distorted (paper), anew
            in each epoch; `pad_and_crop` for the whole image mirrored or not and moved by a few pixels, for images too
            small to cut patches from (ours); `center` for the central square, which evaluation sees in any case;
            `mirror` for that and, in every other epoch, its mirror image (ours). Version 0.1.0 called two of them
            `shift` and `centre`; both are still read.
        batch_size: Images per step, over all devices and workers together. BVLC: 32.
        accumulate: Steps whose gradients make one update: an update sees `accumulate * batch_size` images. BVLC: 1.
        epochs: Passes over the training images. BVLC's quick_solver: 60.
        learning_rate: Initial learning rate, once warmed up, for an update's images. Ours; BVLC: 0.01.
        schedule: How it falls: `step` (paper), `polynomial` (BVLC's quick_solver) or `cosine`.
        decay_rate: Factor of each decay of `step`. Paper: 0.96, "decreasing the learning rate by 4%".
        decay_epochs: Epochs between decays of `step`. Paper: 8.
        decay_power: Exponent of `polynomial`. BVLC's quick_solver: 0.5.
        warmup_steps: Updates over which the learning rate rises linearly from zero, at most a fifth of the run (or of
            its phase, where the trunk is frozen first). Ours; BVLC: 0.
        momentum: Paper: 0.9.
        weight_decay: Factor of the kernels that is added to their gradient, as in Caffe: half of it is the factor of
            their squares in the loss. Biases and batch normalization never decay. BVLC: 2e-4.
        label_smoothing: Part of the label that is spread over all classes. Paper: 0.
        clip_norm: Gradients of an update are scaled down to this global norm; None leaves them. Ours; BVLC: None.
        averaging: Momentum of the exponential moving average of the weights, the averaged model being the one that
            is validated and saved (paper: "Polyak averaging"). It remembers about `1 / (1 - averaging)` updates, at
            most a seventh of the run. None leaves it out. The value is ours.
        precision: `float32` (paper), or `bfloat16` or `float16`: the weights and the heads stay float32, the arithmetic
            of the convolutions does not. `auto` takes what the device is faster in, when the run begins. Version 0.1.0
            wrote `mixed_` before the two, which is still read.
        checkpoint_steps: Steps between checkpoints. Ours.
        checkpoints_kept: How many checkpoints stay. Ours.
        deterministic: Whether the same run gives the same bits: true, false, or `auto`, which is true on a CPU, where
            it costs nothing, and false on a GPU, where it costs speed. Ours. What `auto` took, of this and of
            `precision`, is what `recipe.json` records and `resume` goes on with.
        seed: Seed of the initialization, the shuffling, the sampling and the dropout.

    Raises:
        RecipeError: A field is of the wrong type or out of range, or two do not go together.

    Example:
        >>> Recipe(schedule="cosin")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        keras_googlenet.training.recipes.rules.RecipeError: `schedule` must be one of ... Did you mean 'cosine'?
    """

    dataset: str = "digits"
    data_dir: str | None = None
    validation_fraction: float = 0.2
    hold_out: str = "hash"
    on_corrupt: str = "stop"
    variant: str | Architecture = "paper"
    aux_heads: bool = True
    weights: str | None = None
    freeze: str = "nothing"
    freeze_epochs: int = 0
    freeze_views: int | None = None
    unfreeze_from: str | None = None
    head_learning_rate: float | None = None
    image_size: int = 224
    sampling: str = "paper"
    batch_size: int = 32
    accumulate: int = 1
    epochs: int = 60
    learning_rate: float = 0.02
    schedule: str = "step"
    decay_rate: float = 0.96
    decay_epochs: int = 8
    decay_power: float = 0.5
    warmup_steps: int = 100
    momentum: float = 0.9
    weight_decay: float = 2e-4
    label_smoothing: float = 0.0
    clip_norm: float | None = 1.0
    averaging: float | None = 0.99
    precision: str = "float32"
    checkpoint_steps: int = 1000
    checkpoints_kept: int = 3
    deterministic: bool | str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        for name in rules.RENAMED:
            object.__setattr__(self, name, rules.renamed(name, getattr(self, name)))
        rules.check(self)

    def record(self) -> dict[str, Any]:
        """The recipe as a dict that JSON can hold, such as `from_record` takes."""
        table = self.variant
        return {**vars(self), "variant": table.get_config() if isinstance(table, Architecture) else table}

    @classmethod
    def from_record(cls, record: Any) -> "Recipe":
        """The recipe that was written down as a dict, such as `recipe` in a run's `recipe.json`.

        Args:
            record: A dict of fields. `dataset` must be there. Another that is not takes its default, or what it was
                before there was such a field.

        Returns:
            A `Recipe`.

        Raises:
            RecipeError: It is no dict, lacks `dataset`, has an unknown field, or a value that breaks a rule.

        Example:
            >>> Recipe.from_record(Recipe(epochs=3).record()).epochs
            3
        """
        if not isinstance(record, dict):
            raise RecipeError(f"A recipe must be a dict of its fields. Received: {shown(record)}")
        rules.check_names(record, field_names())
        if "dataset" not in record:
            raise RecipeError(f"A recipe must name its `dataset`. Received only: {', '.join(record) or 'no fields'}")
        fields = {**_OLDER, **record}
        if isinstance(fields.get("variant"), dict):
            fields["variant"] = _table(fields["variant"])
        return cls(**fields)


def _table(config):
    try:
        return Architecture.from_config(config)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        why = shortened(error) or type(error).__name__
        received = "" if "Received: " in why else f". Received: variant={shown(config)}"
        raise RecipeError(f"`variant` is no table of a network: {why}{received}") from None


def field_names() -> tuple[str, ...]:
    """The names of a recipe's fields, a tuple."""
    return tuple(field.name for field in dataclasses.fields(Recipe))

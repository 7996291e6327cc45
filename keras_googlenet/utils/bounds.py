"""The largest values of what is given as a number, to recipes and to commands: one table.

They are far above what anyone trains with, and low enough that no arithmetic overflows. What the memory holds is less.
"""

from collections.abc import Mapping
from types import MappingProxyType

from keras_googlenet.errors import InputError
from keras_googlenet.utils.messages import shown

_RATE = 1e38
"""About float32's largest number."""

LARGEST: Mapping[str, float] = MappingProxyType(
    {
        "image_size": 8192,
        "batch_size": 2**20,
        "accumulate": 2**20,
        "epochs": 1_000_000,
        "freeze_epochs": 1_000_000,
        "freeze_views": 1_000_000,
        "decay_epochs": 1_000_000,
        "warmup_steps": 1_000_000_000,
        "checkpoint_steps": 1_000_000_000,
        "checkpoints_kept": 1_000_000,
        "learning_rate": _RATE,
        "head_learning_rate": _RATE,
        "weight_decay": _RATE,
        "clip_norm": _RATE,
        "decay_power": 1000,
        "seed": 2**32 - 1,
        # Of commands alone.
        "top": 1_000_000,
        "classes": 1_000_000,
        "max_size": 1024,
        "seconds": 86_400,
    }
)
"""For a field of a recipe, or an option of a command with `_` for `-`, its largest value."""

LONGEST_TEXT = 4096
"""Characters of a name; Linux knows no longer paths."""


def beyond(name: str, value: float) -> str | None:
    """What a value would have to be, if it is above the largest.

    Args:
        name: A field or an option; one without a largest value has none.
        value: A number.

    Returns:
        Words, or None.

    Example:
        >>> beyond("image_size", 10**18)
        'at most 8,192'
    """
    largest = LARGEST.get(name, value)
    return f"at most {largest:{',' if isinstance(largest, int) else 'g'}}" if value > largest else None


def check_option(option: str, value: float, least: float) -> None:
    """Checks a number of the command line.

    Args:
        option: Its name, such as `--batch-size`.
        value: What was given.
        least: The least that is allowed.

    Raises:
        InputError: It is too small or too large; the message says the least or the largest.
    """
    wrong = beyond(option.removeprefix("--").replace("-", "_"), value) or (
        None if value >= least else f"at least {least}"
    )
    if wrong:
        raise InputError(f"{option} must be {wrong}. Received: {shown(value)}")

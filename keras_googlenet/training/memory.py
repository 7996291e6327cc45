"""What a step of training takes at the least: refused before it begins, where it is certain not to fit."""

import warnings
from contextlib import suppress

from keras_googlenet import architecture
from keras_googlenet.utils import memory
from keras_googlenet.utils.precision import resolved
from keras_googlenet.utils.processor import accelerators

_FLOAT = 4
_MOST = 1.7
"""What a step may take, over what it takes at the least."""


def step_bytes(recipe, classes):
    """The memory of a step, by the table's own arithmetic.

    It is what has to be there at once: the outputs of all layers, which the gradients are computed from, three batches
    of images (one in use, two read ahead), the weights, their gradients and what the optimizer keeps. A step that was
    measured takes 1.2 to 1.7 times as much (TensorFlow 2.21 on a CPU, 64 and 224 pixels, with and without batch
    normalization): nothing that fits is refused, and what is not refused may still not fit.

    Args:
        recipe: A `Recipe`.
        classes: How many classes there are.

    Returns:
        Bytes whatever the batch, bytes of the layers' outputs for each image, and bytes of the images themselves.

    Example:
        >>> from keras_googlenet.training import recipe_for
        >>> whole, each, image = step_bytes(recipe_for("digits", image_size=224, variant="plain"), classes=10)
        >>> round(each / 2**20), round(image / 2**20)
        (22, 2)
    """
    table = architecture.variants.resolve(recipe.variant)
    shape = (recipe.image_size, recipe.image_size, 3)
    costs = architecture.costs(table, shape, classes, aux_heads=recipe.aux_heads)
    number = _FLOAT if resolved(recipe.precision) == "float32" else _FLOAT // 2
    copies = 3 + (recipe.averaging is not None)
    return (
        copies * _FLOAT * sum(cost.parameters for cost in costs),
        number * sum(cost.activations for cost in costs),
        3 * _FLOAT * recipe.image_size**2 * 3,
    )


def check_memory(recipe, source, context, batch_size):
    """Compares a step with the memory that is available to this process.

    GPUs have memory of their own, of which the backend tells when it is exhausted: only the images count then.

    Args:
        recipe: A `Recipe`.
        source: The `data.Source`.
        context: The `DistributionContext`.
        batch_size: Images in a step of all workers.

    Raises:
        MemoryShortage: It is certain not to fit.
    """
    with suppress(ValueError):  # of a table that leaves no pixels, of which the network will tell
        whole, each, image = step_bytes(recipe, len(source.classes))
        here = -(-batch_size // context.workers)
        if accelerators():
            whole = each = 0
        free = memory.available()
        fits = 0 if free is None else (free - whole) // (each + image) * context.workers
        needed = whole + here * (each + image)
        memory.check(needed, _what(recipe, batch_size), _lower(recipe, fits))
        if free is not None and needed * _MOST > free and context.is_chief:
            warnings.warn(
                f"{_what(recipe, batch_size)} take about as much memory as there is: where the system ends the "
                f"process without a word, {_lower(recipe)[0].lower()}{_lower(recipe)[1:]}",
                stacklevel=2,
            )


def reporting_shortage(recipe):
    """Says in one line that training ran out of memory.

    Args:
        recipe: A `Recipe`.

    Returns:
        A context manager.
    """
    return memory.reporting(
        _what(recipe, recipe.batch_size),
        f"{_lower(recipe)} What was saved is kept: where more memory is free, the run goes on with --resume.",
    )


def _what(recipe, batch_size):
    return f"steps of {batch_size:,} images of {recipe.image_size:,} pixels"


def _lower(recipe, fits=0):
    about = f" (here to {fits:,} at most; accumulate=N gives the steps of a batch N times as large)" if fits > 0 else ""
    return f"Lower batch_size={recipe.batch_size}{about} or image_size={recipe.image_size}."

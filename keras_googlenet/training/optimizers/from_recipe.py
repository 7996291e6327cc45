"""From a recipe to what a model is compiled with: the optimizer, and the precision that it is built in."""

import contextlib

import keras

from keras_googlenet.training.optimizers.loss_scaling import LossScaling
from keras_googlenet.training.optimizers.schedules import run_updates, schedule
from keras_googlenet.training.optimizers.sgd import MomentumSGD


def optimizer(recipe, steps_per_epoch, epochs=None, learning_rate=None):
    """The optimizer that a recipe asks for, for the whole run or for a phase of it.

    Args:
        recipe: A `Recipe`.
        steps_per_epoch: Batches in an epoch, which turns the recipe's epochs into steps.
        epochs: Length of the phase; None means the recipe's.
        learning_rate: The rate once warmed up; None means the recipe's.

    Returns:
        A `MomentumSGD`, in `mixed_float16` inside a `LossScaling`: see `unwrap`. (`compile` would wrap it too, but not
        where a saved model is loaded, which does not remember its policy: Keras 3.15.)
    """
    updates = run_updates(recipe, steps_per_epoch, epochs)
    # The average of a short run must not still remember the initialization.
    averaging = None if recipe.averaging is None else min(recipe.averaging, max(0.0, 1 - 7 / updates))
    sgd = MomentumSGD(
        schedule(recipe, steps_per_epoch, epochs, learning_rate),
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay or None,
        global_clipnorm=recipe.clip_norm,
        use_ema=averaging is not None,
        ema_momentum=0.99 if averaging is None else averaging,
        gradient_accumulation_steps=recipe.accumulate if recipe.accumulate > 1 else None,
    )
    return LossScaling(sgd) if recipe.precision == "mixed_float16" else sgd


def unwrap(optimizer):
    """The optimizer that holds the averages, the velocities and the count of updates.

    Args:
        optimizer: What `optimizer` returned, or a compiled model's.

    Returns:
        A `MomentumSGD`.
    """
    return getattr(optimizer, "inner_optimizer", optimizer)


@contextlib.contextmanager
def precision_policy(recipe):
    """Builds models in a recipe's precision; the policy that was in force comes back afterwards.

    Only building needs it: layers and model remember theirs. In mixed precision the variables, the normalization, the
    classifiers' outputs and the loss stay float32.

    Args:
        recipe: A `Recipe`.

    Example:
        >>> from keras_googlenet.training import Recipe
        >>> with precision_policy(Recipe(precision="mixed_bfloat16")):
        ...     keras.layers.Dense(1).compute_dtype
        'bfloat16'
        >>> keras.config.dtype_policy().name
        'float32'
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(recipe.precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)

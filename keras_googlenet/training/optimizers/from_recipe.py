"""From a recipe to the optimizer that a model is compiled with."""

from keras_googlenet.training.optimizers.loss_scaling import LossScaling
from keras_googlenet.training.optimizers.schedules import run_updates, schedule
from keras_googlenet.training.optimizers.sgd import MomentumSGD
from keras_googlenet.utils.precision import resolved


def optimizer(recipe, steps_per_epoch, epochs=None, learning_rate=None):
    """The optimizer that a recipe asks for, for the whole run or for a phase of it.

    Args:
        recipe: A `Recipe`.
        steps_per_epoch: Batches in an epoch, which turns the recipe's epochs into steps.
        epochs: Length of the phase; None means the recipe's.
        learning_rate: The rate once warmed up; None means the recipe's.

    Returns:
        A `MomentumSGD`, in float16 inside a `LossScaling`: see `unwrap`. (`compile` would wrap it too, but not where a
        saved model is loaded, which does not remember its policy: Keras 3.15.)
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
    return LossScaling(sgd) if resolved(recipe.precision) == "float16" else sgd


def unwrap(optimizer):
    """The optimizer that holds the averages, the velocities and the count of updates.

    Args:
        optimizer: What `optimizer` returned, or a compiled model's.

    Returns:
        A `MomentumSGD`.
    """
    return getattr(optimizer, "inner_optimizer", optimizer)

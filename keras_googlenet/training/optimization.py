"""Section 6's optimizer: SGD with momentum, the learning rate falling by 4% every 8 epochs."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_googlenet")
class StepDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that warms up linearly and then falls by a constant factor at constant intervals.

    Args:
        initial: Learning rate once warmed up.
        steps: Steps between decays: 8 epochs' worth in the paper.
        rate: Factor of each decay: 0.96 in the paper.
        warmup: Steps of the linear rise; 0 starts at the full rate.

    Example:
        >>> schedule = StepDecay(0.1, steps=80, rate=0.96, warmup=10)
        >>> [round(float(schedule(step)), 4) for step in (0, 9, 79, 80)]
        [0.01, 0.1, 0.1, 0.096]
    """

    def __init__(self, initial, steps, rate=0.96, warmup=0):
        super().__init__()
        self.initial = float(initial)
        self.steps = int(steps)
        self.rate = float(rate)
        self.warmup = int(warmup)

    def __call__(self, step):
        """The learning rate at a step, counted from 0."""
        step = ops.cast(step, "float32")
        rate = self.initial * ops.power(self.rate, ops.floor(step / self.steps))
        return rate * ops.minimum(1.0, (step + 1) / max(self.warmup, 1))

    def get_config(self):
        """The constructor's arguments."""
        return {
            "initial": self.initial,
            "steps": self.steps,
            "rate": self.rate,
            "warmup": self.warmup,
        }


def optimizer(recipe, steps_per_epoch):
    """The optimizer that a recipe asks for.

    Args:
        recipe: A `Recipe`.
        steps_per_epoch: Batches in an epoch, which turns the recipe's epochs into steps.

    Returns:
        A `keras.optimizers.SGD`.
    """
    steps = recipe.epochs * steps_per_epoch
    schedule = StepDecay(
        recipe.learning_rate,
        steps=recipe.decay_epochs * steps_per_epoch,
        rate=recipe.decay_rate,
        warmup=min(recipe.warmup_steps, steps // 5),
    )
    # The average of a short run must not still remember the initialization.
    averaging = None if recipe.averaging is None else min(recipe.averaging, max(0.0, 1 - 7 / steps))
    return keras.optimizers.SGD(
        schedule,
        momentum=recipe.momentum,
        global_clipnorm=recipe.clip_norm,
        use_ema=averaging is not None,
        ema_momentum=0.99 if averaging is None else averaging,
    )

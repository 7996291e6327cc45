"""How the learning rate changes over a run: section 6's steps, BVLC's polynomial, a cosine; each after a warm-up."""

import keras
from keras import ops
from keras.optimizers import schedules


@keras.saving.register_keras_serializable(package="keras_googlenet")
class WarmUp(schedules.LearningRateSchedule):
    """A schedule whose first updates are scaled down: the rate rises linearly and is whole at the last of them.

    Args:
        schedule: The Keras schedule to scale. It counts updates from the start of the run, not from the warm-up's end.
        steps: Updates of the rise; 0 and 1 leave the schedule as it is.

    Example:
        >>> schedule = WarmUp(schedules.ExponentialDecay(0.1, 80, 0.96, staircase=True), steps=10)
        >>> [round(float(schedule(step)), 4) for step in (0, 9, 79, 80)]
        [0.01, 0.1, 0.1, 0.096]
    """

    def __init__(self, schedule, steps):
        super().__init__()
        self.schedule = schedule
        self.steps = int(steps)

    def __call__(self, step):
        """The learning rate of an update, counted from 0: a float32 scalar."""
        rise = (ops.cast(step, "float32") + 1) / max(self.steps, 1)
        return self.schedule(step) * ops.minimum(rise, 1.0)

    def get_config(self):
        """The constructor's arguments, the schedule serialized."""
        return {"schedule": schedules.serialize(self.schedule), "steps": self.steps}

    @classmethod
    def from_config(cls, config):
        """Builds the schedule inside, and this one around it."""
        return cls(schedules.deserialize(config["schedule"]), config["steps"])


def _step(rate, updates, recipe, steps_per_epoch):
    """Section 6: "decreasing the learning rate by 4% every 8 epochs"."""
    interval = recipe.decay_epochs * steps_per_epoch / recipe.accumulate
    return schedules.ExponentialDecay(rate, interval, recipe.decay_rate, staircase=True)


def _polynomial(rate, updates, recipe, steps_per_epoch):
    """Caffe's `poly`: rate * (1 - step / updates) ** power."""
    return schedules.PolynomialDecay(rate, updates, end_learning_rate=0.0, power=recipe.decay_power)


def _cosine(rate, updates, recipe, steps_per_epoch):
    return schedules.CosineDecay(rate, updates)


SCHEDULES = {"step": _step, "polynomial": _polynomial, "cosine": _cosine}
"""What a recipe's `schedule` may be: functions of the rate, the number of updates, the recipe and an epoch's steps."""


def schedule(recipe, steps_per_epoch, epochs=None, learning_rate=None):
    """The learning rate over the updates of a run, or of a phase of it.

    Args:
        recipe: A `Recipe`.
        steps_per_epoch: Batches in an epoch.
        epochs: Length of the phase; None means the recipe's.
        learning_rate: The rate once warmed up; None means the recipe's.

    Returns:
        A `WarmUp`, a function of the number of updates so far: one update in `recipe.accumulate` batches.

    Example:
        >>> from keras_googlenet.training.recipes.recipe import Recipe
        >>> rate = schedule(Recipe(learning_rate=0.1, warmup_steps=0, schedule="cosine", epochs=2), 10)
        >>> [round(float(rate(step)), 4) for step in (0, 10, 20)]
        [0.1, 0.05, 0.0]
    """
    rate = recipe.learning_rate if learning_rate is None else learning_rate
    updates = run_updates(recipe, steps_per_epoch, epochs)
    shape = SCHEDULES[recipe.schedule](rate, updates, recipe, steps_per_epoch)
    return WarmUp(shape, min(recipe.warmup_steps, updates // 5))


def run_updates(recipe, steps_per_epoch, epochs=None):
    """Updates in a run, or in a phase of it: at least 1.

    Args:
        recipe: A `Recipe`.
        steps_per_epoch: Batches in an epoch.
        epochs: Length of the phase; None means the recipe's.

    Returns:
        An int.
    """
    return max(1, (recipe.epochs if epochs is None else epochs) * steps_per_epoch // recipe.accumulate)

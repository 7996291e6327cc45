"""The steps inside `keras.optimizers.SGD`, each under a public name.

Why: Keras 3.15 lets a subclass write `update_step`, for one variable. Section 6's recipe differs in what comes before
and after it: gradients are summed over the replicas before they are clipped, kernels decay after that, an update may be
spread over several batches, and the moving average covers more than the trained variables.

What breaks it: a release that renames one of the methods and attributes that begin with `_` here, or calls them in
another order. `tests/keras_compat/test_optimizer.py` says which.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


class OpenSGD(keras.optimizers.SGD):
    """Keras's SGD, which does in each step no more than `apply_summed`, a subclass's own."""

    def apply_summed(self, grads: list, variables: Sequence[keras.Variable]) -> None:
        """One step.

        Args:
            grads: Gradients, summed over the replicas.
            variables: The variables that they are of.
        """
        raise NotImplementedError

    def move(self, grads: list, variables: Sequence[keras.Variable]) -> None:
        """Calls `update_step` for each variable, under a strategy for each replica's."""
        self._backend_update_step(grads, variables, self.learning_rate)

    def clipped(self, grads: list) -> list:
        """The gradients as `global_clipnorm` has them."""
        return self._clip_gradients(grads)

    def velocity(self, variable: Any) -> keras.Variable | None:
        """What `update_step` keeps of a variable that it is given, None without momentum."""
        return self.momentums[self._get_variable_index(variable)] if self.momentum else None

    def accumulators(self, variables: Sequence[keras.Variable]) -> list:
        """The sums of variables' gradients since the last update."""
        return [self._accumulated_gradients[self._get_variable_index(variable)] for variable in variables]

    def accumulate(self, changes: list, accumulators: list) -> None:
        """Adds to the sums."""
        self._backend_increment_gradient_accumulators(changes, accumulators)

    def completes_update(self) -> Any:
        """Whether this batch is the last of an update: a boolean tensor. `iterations` counts updates, not batches."""
        steps = self.gradient_accumulation_steps
        return ops.equal(self._iterations % steps, steps - 1)

    @property
    def trained(self) -> list:
        """The variables that the optimizer was built for."""
        return self._trainable_variables

    @property
    def moving_averages(self) -> list:
        """Those of `trained`, in their order, with `use_ema`. A subclass may append to it."""
        return self._model_variables_moving_average

    def _backend_apply_gradients(self, grads, trainable_variables):
        if keras.backend.backend() == "tensorflow":
            pairs = super()._all_reduce_sum_gradients(list(zip(grads, trainable_variables, strict=True)))
            grads = [gradient for gradient, _ in pairs]
        self.apply_summed(grads, trainable_variables)

    def _all_reduce_sum_gradients(self, grads_and_vars):
        """What Keras would do after the clipping has been done before it."""
        return grads_and_vars

    def _get_current_learning_rate(self):
        schedule = self._learning_rate
        if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
            return schedule(self.iterations)  # Keras: of batches
        return super()._get_current_learning_rate()

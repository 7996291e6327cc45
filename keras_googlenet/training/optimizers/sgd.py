"""Section 6's optimizer: stochastic gradient descent with momentum.

Why not `keras.optimizers.SGD` itself (Keras 3.15):

- its `weight_decay` shrinks the weights beside the update, whereas Caffe, whose 2e-4 the recipe takes, adds it to the
  gradient, where a momentum of 0.9 makes ten times as much of it;
- under a `tf.distribute` strategy it clips each replica's part of the gradient before the parts are summed, so that two
  replicas do not train as one does;
- where it accumulates gradients, the learning rate follows the batches and not the updates, the moving average
  counts each weight as often as there are batches in an update, and `tf.cond` keeps it off most strategies.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_googlenet.keras_compat import replicas
from keras_googlenet.keras_compat.optimizer import OpenSGD


@keras.saving.register_keras_serializable(package="keras_googlenet")
class MomentumSGD(OpenSGD):
    """SGD that does in each update, in this order, what Caffe's `SGDSolver::ApplyUpdate` does.

    1. The gradient is summed over the replicas, and averaged over `gradient_accumulation_steps` batches.
    2. It is scaled down to a norm of at most `global_clipnorm`, taken over all variables together.
    3. `weight_decay * kernel` is added to the gradient of each kernel; biases and the scales and offsets of batch
       normalization never decay. It is added after the clipping, as in Caffe: a clipped gradient decays no less.
    4. `velocity = momentum * velocity - learning_rate * gradient`, and the variable moves by the velocity.

    A batch that completes no update changes neither variables nor velocities nor averages. `iterations` and the
    learning rate's schedule count updates. It trains on every backend.

    Args:
        learning_rate: A float, or a schedule over updates.
        momentum: In [0, 1).
        weight_decay: Factor of the kernels in their gradient, at least 0; None or 0 leaves it out.
        global_clipnorm: Norm to clip to, or None.
        use_ema: Whether to keep a moving average of the weights, as in `keras.optimizers.SGD`.
        ema_momentum: Its momentum, per update.
        gradient_accumulation_steps: Batches whose gradients make one update, at least 2, or None for each its own.
        **kwargs: `name` and `loss_scale_factor`, as in Keras.

    Example:
        >>> kernel = keras.Variable([1.0, 2.0], name="kernel")
        >>> MomentumSGD(0.1, weight_decay=0.5).apply([ops.zeros(2)], [kernel])
        >>> kernel.numpy()  # less 0.1 * 0.5 of itself
        array([0.95, 1.9 ], dtype=float32)

    Reference:
        Caffe's `src/caffe/solvers/sgd_solver.cpp`.
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 0.01,
        momentum: float = 0.9,
        weight_decay: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        gradient_accumulation_steps: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            learning_rate,
            momentum=float(momentum),
            weight_decay=weight_decay,
            global_clipnorm=global_clipnorm,
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            gradient_accumulation_steps=gradient_accumulation_steps,
            **kwargs,
        )
        self._statistics: list[keras.Variable] = []

    def extend_ema(self, statistics: Sequence[keras.Variable]) -> None:
        """Has the moving average cover variables that are not trained, such as batch normalization's statistics.

        The statistics of the newest weights do not fit weights of a hundred updates ago.

        Args:
            statistics: The variables. To be called before the optimizer is built.
        """
        self._statistics = list(statistics)

    @property
    def variables(self) -> list[keras.Variable]:
        """What it keeps. What `extend_ema` named stays the model's: a step on JAX may be handed an array once only."""
        return [own for own in super().variables if not any(own is other for other in self._statistics)]

    @property
    def ema_pairs(self) -> list[tuple[keras.Variable, keras.Variable]]:
        """Pairs of a variable and its moving average; none without `use_ema`."""
        return list(zip([*self.trained, *self._statistics], self.moving_averages, strict=True)) if self.use_ema else []

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Creates the velocities, averages and accumulators."""
        if not self.built:
            super().build(variables)
            if self.use_ema:
                self.moving_averages.extend(self.add_optimizer_variables(self._statistics, "average"))

    def apply_summed(self, grads: list, variables: Sequence[keras.Variable]) -> None:
        """The steps after the sum over the replicas."""
        if self.gradient_accumulation_steps:
            grads = self._accumulate(grads, variables)
        grads = self.clipped(grads)
        if self.weight_decay:
            pairs = zip(grads, variables, strict=True)
            grads = [g + self.weight_decay * v if v.name.endswith("kernel") else g for g, v in pairs]
        self.move(grads, variables)
        if self.use_ema:
            self._average(self.trained, self.moving_averages[: len(self.trained)])
            if keras.backend.backend() != "jax":  # there the model calls it, after the step
                self.average_statistics()

    def _accumulate(self, grads, variables):
        """The mean gradient since the last update, this batch included, which is noted, or forgotten if used."""
        noted = self.accumulators(variables)
        sums = [ops.add(total, grad) for total, grad in zip(noted, grads, strict=True)]
        used = self.completes_update()
        self.accumulate([ops.where(used, -total, grad) for total, grad in zip(noted, grads, strict=True)], noted)
        return [total / self.gradient_accumulation_steps for total in sums]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Step 4, for one variable; undone where the update is not complete."""
        changing = [v for v in (variable, self.velocity(variable)) if v is not None]
        before = [ops.copy(ops.convert_to_tensor(v)) for v in changing] if self.gradient_accumulation_steps else []
        super().update_step(gradient, variable, learning_rate)
        for changed, value in zip(changing, before, strict=False):
            self.assign(changed, ops.where(self.completes_update(), ops.convert_to_tensor(changed), value))

    def average_statistics(self) -> None:
        """Moves the averages of what `extend_ema` named, for the update that is being done."""
        if self.use_ema:
            self._average(replicas.means(self._statistics), self.moving_averages[len(self.trained) :])

    def _average(self, values, averages):
        memory = self.ema_momentum
        if self.gradient_accumulation_steps:
            memory = ops.where(self.completes_update(), memory, 1.0)
        memory = ops.where(self.iterations > 0, memory, 0.0)
        for value, average in zip(values, averages, strict=True):
            # In place: a new tensor for each, made at each step, would land among the activations.
            self.assign_add(average, ops.cast(1 - memory, value.dtype) * (value - average))

    def finalize_variable_values(self, var_list: Any) -> None:
        """Does nothing, so that two calls of `fit` train as one does: Keras would leave the averages in the weights.

        `training.ema_weights` puts them there for as long as they are wanted.
        """

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        for name in ("nesterov", "clipnorm", "clipvalue", "ema_overwrite_frequency"):
            del config[name]
        return config

"""Section 6's optimizer: stochastic gradient descent with momentum.

Why not `keras.optimizers.SGD` itself (Keras 3.15):

- its `weight_decay` shrinks the weights beside the update, whereas Caffe, whose 2e-4 the recipe takes, adds it to the
  gradient, where a momentum of 0.9 makes ten times as much of it;
- under a `tf.distribute` strategy it clips each replica's part of the gradient before the parts are summed, so that two
  replicas do not train as one does;
- where it accumulates gradients, the learning rate follows the batches and not the updates, the moving average
  counts each weight as often as there are batches in an update, and `tf.cond` keeps it off most strategies.
"""

import keras
from keras import ops

from keras_googlenet.keras_compat import replicas


@keras.saving.register_keras_serializable(package="keras_googlenet")
class MomentumSGD(keras.optimizers.SGD):
    """SGD that does in each update, in this order, what Caffe's `SGDSolver::ApplyUpdate` does.

    1. The gradient is summed over the replicas, and averaged over `gradient_accumulation_steps` batches.
    2. It is scaled down to a norm of at most `global_clipnorm`, taken over all variables together.
    3. `weight_decay * kernel` is added to the gradient of each kernel; biases and the scales and offsets of batch
       normalization never decay. It is added after the clipping, as in Caffe: a clipped gradient decays no less.
    4. `velocity = momentum * velocity - learning_rate * gradient`, and the variable moves by the velocity.

    A batch that completes no update changes neither variables nor velocities nor averages. `iterations` and the
    learning rate's schedule count updates. It trains on the TensorFlow backend, and can be loaded on any.

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
        learning_rate=0.01,
        momentum=0.9,
        weight_decay=None,
        global_clipnorm=None,
        use_ema=False,
        ema_momentum=0.99,
        gradient_accumulation_steps=None,
        **kwargs,
    ):
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
        self._statistics = []

    def average_too(self, statistics):
        """Has the moving average cover variables that are not trained, such as batch normalization's statistics.

        The statistics of the newest weights do not fit weights of a hundred updates ago.

        Args:
            statistics: The variables. To be called before the optimizer is built.
        """
        self._statistics = list(statistics)

    @property
    def averages(self):
        """Pairs of a variable and its moving average; none without `use_ema`."""
        if not self.use_ema:
            return []
        averaged = [*self._trainable_variables, *self._statistics]
        return list(zip(averaged, self._model_variables_moving_average, strict=True))

    def build(self, variables):
        """Creates the velocities, averages and accumulators, and notes which variables are kernels."""
        if self.built:
            return
        super().build(variables)
        if self.use_ema:
            self._model_variables_moving_average += self.add_optimizer_variables(self._statistics, "average")
        self._kernels = frozenset(self._var_key(v) for v in variables if v.name.endswith("kernel"))

    def _get_current_learning_rate(self):
        schedule = self._learning_rate
        if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
            return schedule(self.iterations)
        return super()._get_current_learning_rate()

    def _backend_apply_gradients(self, grads, trainable_variables):
        pairs = super()._all_reduce_sum_gradients(list(zip(grads, trainable_variables, strict=True)))
        grads = [grad for grad, _ in pairs]
        if self.gradient_accumulation_steps:
            grads = self._accumulate(grads, trainable_variables)
        self._backend_update_step(self._clip_gradients(grads), trainable_variables, self.learning_rate)
        if self.use_ema:
            self._update_model_variables_moving_average(self._trainable_variables)

    def _all_reduce_sum_gradients(self, grads_and_vars):
        """What Keras would do after the clipping has been done before it."""
        return grads_and_vars

    def _completes_update(self):
        """Whether this batch is the last of an update: a boolean tensor."""
        steps = self.gradient_accumulation_steps
        return ops.equal(self._iterations % steps, steps - 1)

    def _accumulate(self, grads, variables):
        """The mean gradient since the last update, this batch included, which is noted, or forgotten if used."""
        noted = [self._accumulated_gradients[self._get_variable_index(v)] for v in variables]
        sums = [ops.add(total, grad) for total, grad in zip(noted, grads, strict=True)]
        used = self._completes_update()
        changes = [ops.where(used, -total, grad) for total, grad in zip(noted, grads, strict=True)]
        self._backend_increment_gradient_accumulators(changes, noted)
        return [total / self.gradient_accumulation_steps for total in sums]

    def update_step(self, gradient, variable, learning_rate):
        """Steps 3 and 4, for one variable."""
        gradient = ops.cast(gradient, variable.dtype)
        if self.weight_decay and self._var_key(variable) in self._kernels:
            gradient = gradient + ops.cast(self.weight_decay, variable.dtype) * variable
        rate = ops.cast(learning_rate, variable.dtype)
        velocity = self.momentums[self._get_variable_index(variable)] if self.momentum else None
        if velocity is None:
            move = -gradient * rate
        elif self.gradient_accumulation_steps:
            move = velocity * ops.cast(self.momentum, variable.dtype) - gradient * rate
        else:
            _move(variable, velocity, gradient, rate, self.momentum)
            return
        if self.gradient_accumulation_steps:
            now = self._completes_update()
            if velocity is not None:
                self.assign(velocity, ops.where(now, move, ops.convert_to_tensor(velocity)))
            move = ops.where(now, move, ops.zeros_like(move))
        self.assign_add(variable, move)

    def _update_model_variables_moving_average(self, trainable_variables):
        memory = self.ema_momentum
        if self.gradient_accumulation_steps:
            memory = ops.where(self._completes_update(), memory, 1.0)
        memory = ops.where(self.iterations > 0, memory, 0.0)
        values = [*trainable_variables, *replicas.means(self._statistics)]
        for value, average in zip(values, self._model_variables_moving_average, strict=True):
            # In place, as `_move`.
            self.assign_add(average, ops.cast(1 - memory, value.dtype) * (value - average))

    def finalize_variable_values(self, var_list):
        """Does nothing, so that two calls of `fit` train as one does: Keras would leave the averages in the weights.

        `training.averaged` puts them there for as long as they are wanted.
        """

    def get_config(self):
        """The constructor's arguments."""
        config = super().get_config()
        for name in ("nesterov", "clipnorm", "clipvalue", "ema_overwrite_frequency"):
            del config[name]
        return config


def _move(variable, velocity, gradient, rate, momentum):
    """Step 4 in place: new tensors, made at each step, would land among the activations and raise memory's peak."""
    import tensorflow as tf

    tf.raw_ops.ResourceApplyKerasMomentum(
        var=variable.handle, accum=velocity.handle, lr=rate, grad=gradient, momentum=tf.cast(momentum, rate.dtype)
    )

"""What Keras lacks for training on several replicas under `tf.distribute`.

Why: four things, each behind the check for TensorFlow's backend and a strategy, so that elsewhere nothing changes.

- `fit` and `evaluate` shape a model by its first batch, for which they average the replicas' batches. Keras cannot
  average a tuple of batches on several workers, nor batches of unequal sizes anywhere. One replica's does as well.
- Logs are averaged along their first axis on several workers; scalars have none.
- Each replica clips its own gradients, and checks that they are finite, before they are summed, so that a clipped step
  on several replicas is none of one device's. Here they are summed first.
- The moving averages of batch normalization drift apart, each replica's following its own batches. Evaluation would
  then use as many networks as there are replicas, and saving keep the first. Here all have their mean.

What breaks it: Keras shaping models otherwise than by `Trainer._maybe_symbolic_build`, keeping the compiled losses and
metrics elsewhere than in `_compile_loss` and `_compile_metrics`, or summing gradients otherwise than by
`Optimizer._all_reduce_sum_gradients`, after the clipping.
"""

from collections.abc import Sequence

import keras

from keras_googlenet.keras_compat import on_jax

STATISTICS = ("moving_mean", "moving_variance")
"""What Keras calls the moving averages of batch normalization."""


class OnReplicas:
    """A base class beside `keras.Model`, for a model that trains on several replicas as on one."""

    def compile(self, *args, **kwargs):
        """Keras's own, after which the optimizer sums the replicas' gradients first."""
        super().compile(*args, **kwargs)
        _sum_gradients_first(self)

    def train_step(self, *args):
        """Keras's own, after which all replicas are the same model, with logs that can be averaged over workers."""
        logs = super().train_step(*args)
        if on_jax.is_jax():
            logs, state = logs
            return logs, on_jax.with_statistics(self, args[0], state)
        if is_distributed(self):
            moving = statistics(self)
            for variable, mean in zip(moving, means(moving), strict=True):
                variable.value.assign(mean)
        return _reducible(self, logs)

    def test_step(self, *args):
        """Keras's own, with logs that can be averaged over workers."""
        if on_jax.is_jax():
            return super().test_step(args[0], on_jax.split(args[1]))
        return _reducible(self, super().test_step(*args))

    def evaluate(self, *args, **kwargs):
        """Keras's own, of batches of any size."""
        with on_jax.whole_batches():
            return super().evaluate(*args, **kwargs)

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Called by `fit` and `evaluate` on the TensorFlow backend alone, to shape the model by its first batch."""
        if iterator is not None and is_distributed(self):
            parts = (self, self.optimizer, self._compile_loss, self._compile_metrics)
            if all(part is None or part.built for part in parts):
                return
            iterator, data_batch = None, _first_batch(self, iterator)
        super()._maybe_symbolic_build(iterator, data_batch)


def is_distributed(model: keras.Model) -> bool:
    """Whether a model trains on more than one replica; False on every backend but TensorFlow's."""
    return keras.backend.backend() == "tensorflow" and model.distribute_strategy.num_replicas_in_sync > 1


def _first_batch(model, iterator):
    """The first batch of an epoch, as one replica of this worker sees it; None without data."""
    local = model.distribute_strategy.experimental_local_results
    for _, _, batches in iterator:
        return keras.tree.map_structure(lambda leaf: local(leaf)[0], next(batches))
    return None


def _reducible(model, logs):
    """A step's logs, in the shape that Keras averages over replicas: `(1,)` on several workers."""
    if not is_distributed(model):
        return logs
    import tensorflow as tf

    strategy = model.distribute_strategy
    remote = strategy.num_replicas_in_sync > len(strategy.extended.worker_devices)
    if not remote or not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return logs
    return keras.tree.map_structure(lambda value: keras.ops.reshape(value, (1,)), logs)


def statistics(model: keras.Model) -> list[keras.Variable]:
    """Batch normalization's moving means and variances."""
    return [variable for variable in model.non_trainable_variables if variable.name in STATISTICS]


def means(variables: Sequence[keras.Variable]) -> list:
    """What variables are on average over the replicas, each of which has its own. To be called by each replica.

    Args:
        variables: Keras variables; on other backends than TensorFlow's there is one of each.

    Returns:
        A list of tensors.
    """
    if not variables or keras.backend.backend() != "tensorflow":
        return [keras.ops.convert_to_tensor(variable) for variable in variables]
    import tensorflow as tf

    own = [tf.identity(variable.value) for variable in variables]
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, own)


def _sum_gradients_first(model):
    """Makes a compiled model's optimizer sum the replicas' gradients before it clips them, in place and once.

    Keras's optimizers do so afterwards. Clipped one by one, gradients that disagree are each cut to the norm that only
    their sum should have. And replicas that find their own gradients finite while others do not wait for each other.

    An optimizer of a class that sums them in its own way is left alone.
    """
    optimizer = model.optimizer
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if not is_distributed(model) or optimizer is None or not _sums_as_keras(inner):
        return
    import tensorflow as tf

    apply = optimizer.apply

    def summed_apply(grads, trainable_variables=None):
        context = tf.distribute.get_replica_context()
        if context is not None:
            known = [gradient for gradient in grads if gradient is not None]
            summed = iter(context.all_reduce(tf.distribute.ReduceOp.SUM, known) if known else ())
            grads = [None if gradient is None else next(summed) for gradient in grads]
        return apply(grads, trainable_variables)

    optimizer.apply = summed_apply
    inner._all_reduce_sum_gradients = list


def _sums_as_keras(optimizer):
    name = "_all_reduce_sum_gradients"
    return name not in vars(optimizer) and getattr(type(optimizer), name) is getattr(keras.optimizers.Optimizer, name)

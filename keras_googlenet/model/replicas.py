"""What Keras 3.15 lacks for training on several replicas under `tf.distribute`.

Four things, each behind the check for TensorFlow's backend and a strategy, so that elsewhere nothing changes:

- `fit` and `evaluate` shape a model by its first batch, for which they average the replicas' batches: a tuple of them
  cannot be averaged on several workers, nor can batches of unequal sizes anywhere. One replica's batch does as well.
- Logs are averaged along their first axis on several workers; scalars have none.
- Each replica clips its own gradients, and checks that they are finite, before they are summed, so that a clipped step
  on several replicas is none of one device's. Here they are summed first.
- The moving averages of batch normalization drift apart, each replica's following its own batches; evaluation would
  then use as many networks as there are replicas, and saving keep the first. Here all have their mean.
"""

import keras


class OnReplicas:
    """What of a `keras.Model` differs where a strategy spreads it: a base class beside it."""

    def train_step(self, *args):
        """Keras's own, after which all replicas are the same model, with logs that can be averaged over workers."""
        logs = super().train_step(*args)
        agree_on_statistics(self)
        return reducible(self, logs)

    def test_step(self, *args):
        """Keras's own, with logs that can be averaged over workers."""
        return reducible(self, super().test_step(*args))

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Called by `fit` and `evaluate` on the TensorFlow backend alone, to shape the model by its first batch."""
        if iterator is not None and spread(self):
            if is_built(self):
                return
            iterator, data_batch = None, first_batch(self, iterator)
        super()._maybe_symbolic_build(iterator, data_batch)


def spread(model):
    """Whether a model was made under a strategy with more than one replica.

    Args:
        model: A `keras.Model`.

    Returns:
        True or False; False on every backend but TensorFlow's.
    """
    return _strategy(model) is not None and _strategy(model).num_replicas_in_sync > 1


def is_built(model):
    """Whether a compiled model has all its variables, those of its optimizer, losses and metrics included.

    Args:
        model: A compiled `keras.Model`.

    Returns:
        True or False.
    """
    parts = (model, model.optimizer, model._compile_loss, model._compile_metrics)
    return all(part is None or part.built for part in parts)


def first_batch(model, iterator):
    """The first batch of an epoch, as one replica of this worker sees it.

    Args:
        model: A `keras.Model` made under a strategy.
        iterator: Keras's iterator over an epoch.

    Returns:
        A structure of tensors, or None without data.
    """
    strategy = _strategy(model)
    for _, _, batches in iterator:
        batch = next(batches)
        return keras.tree.map_structure(lambda leaf: strategy.experimental_local_results(leaf)[0], batch)
    return None


def reducible(model, logs):
    """A step's logs, in the shape that Keras averages over replicas.

    Args:
        model: A `keras.Model`.
        logs: A structure of scalars.

    Returns:
        The same of shape `(1,)` under a strategy of several workers, else as they were.
    """
    strategy = _strategy(model)
    if strategy is None or not _several_workers(strategy):
        return logs
    return keras.tree.map_structure(lambda value: keras.ops.reshape(value, (1,)), logs)


def agree_on_statistics(model):
    """Gives all replicas the mean of their moving averages. Called by each replica after a step of training.

    Args:
        model: A `keras.Model`, perhaps with `keras.layers.BatchNormalization` in it.
    """
    if not spread(model):
        return
    moving = statistics(model)
    for variable, mean in zip(moving, means(moving), strict=True):
        variable.value.assign(mean)


def statistics(model):
    """Batch normalization's moving means and variances.

    Args:
        model: A `keras.Model`.

    Returns:
        A list of variables.
    """
    layers = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    return [variable for layer in layers for variable in (layer.moving_mean, layer.moving_variance)]


def means(variables):
    """What variables are on average over the replicas, each of which has its own. To be called by each replica.

    Args:
        variables: Keras variables, on TensorFlow's backend.

    Returns:
        A list of tensors.
    """
    if not variables:
        return []
    import tensorflow as tf

    own = [tf.identity(variable.value) for variable in variables]
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, own)


def sum_gradients_first(model):
    """Makes a model's optimizer sum the replicas' gradients before it clips them or checks that they are finite.

    Keras's optimizers do so afterwards. Clipped one by one, gradients that disagree are each cut to the norm that only
    their sum should have; and replicas that find their own gradients finite while others do not wait for each other.

    An optimizer of a class that sums them in its own way is left alone.

    Args:
        model: A compiled `keras.Model`; its optimizer is changed in place, and once.
    """
    optimizer = model.optimizer
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if not spread(model) or optimizer is None or not _sums_as_keras(inner):
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


def _strategy(model):
    """The strategy that a model was made under, or None."""
    if keras.backend.backend() != "tensorflow":
        return None
    return getattr(model, "_distribute_strategy", None)


def _several_workers(strategy):
    import tensorflow as tf

    several = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
    return several and strategy.extended._in_multi_worker_mode()

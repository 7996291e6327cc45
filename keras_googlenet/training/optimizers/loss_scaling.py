"""Loss scaling for float16, whose smallest gradients would otherwise round to nothing."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_googlenet")
class LossScaling(keras.optimizers.LossScaleOptimizer):
    """Keras's loss scaling, with all replicas of one mind about which update to skip.

    Keras 3.15 lets each replica look at its own part of the gradient, and under some strategies follows the first:
    an overflow of another then reaches the weights. Here one replica's overflow skips the update for all.

    The optimizer inside holds the averages and counts the updates; skipped ones do not count, so that `iterations`
    falls behind the number of batches.

    Args:
        inner_optimizer: The optimizer that gets the gradients, scaled back.
        **kwargs: As in `keras.optimizers.LossScaleOptimizer`.

    Example:
        >>> scaling = LossScaling(keras.optimizers.SGD(0.1))
        >>> float(scaling.scale_loss(2.0))
        65536.0
    """

    def check_finite(self, grads):
        """Whether every gradient of every replica is finite: a boolean scalar."""
        finite = super().check_finite(grads)
        if keras.backend.backend() != "tensorflow":
            return finite
        import tensorflow as tf

        replica = tf.distribute.get_replica_context()
        overflows = replica.all_reduce(tf.distribute.ReduceOp.SUM, ops.cast(ops.logical_not(finite), "int32"))
        return ops.equal(overflows, 0)

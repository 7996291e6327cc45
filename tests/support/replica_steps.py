"""Steps of models so small that their results can be worked out by hand, and a worker's death."""

import os

import keras
import numpy as np

from keras_googlenet import GoogLeNetModel
from keras_googlenet.training.distributed import lost_workers
from keras_googlenet.training.distributed import strategy as distribution
from support import spread


def step(optimizer):
    """One step of a linear model from the weights (0, 0), an image to each replica, written as a Keras user would."""
    inputs = keras.Input((2,))
    model = GoogLeNetModel(inputs, keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")(inputs))
    for _ in range(2):  # an optimizer may be compiled with again
        model.compile(optimizer, loss="mse", jit_compile=False)
    model.fit(np.eye(2, dtype="float32"), np.array([[1.5], [2.0]], "float32"), batch_size=2, shuffle=False, verbose=0)
    return model.get_weights()[0][:, 0]


def steps():
    """Steps of optimizers that need the gradients' sum, by name."""

    class SumsItself(keras.optimizers.SGD):
        def _backend_update_step(self, grads, variables, learning_rate):
            grads = [grad for grad, _ in super()._all_reduce_sum_gradients(zip(grads, variables, strict=True))]
            super()._backend_update_step(grads, variables, learning_rate)

        def _all_reduce_sum_gradients(self, grads_and_vars):
            return grads_and_vars

    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1.0, global_clipnorm=1.0), initial_scale=4.0)
    return {
        "step/clipped": step(keras.optimizers.SGD(1.0, global_clipnorm=1.0)),
        "step/scaled": step(scaled),
        "step/own": step(SumsItself(1.0)),
    }


def statistics(context):
    """Moving mean and variance of each replica after a step on (1, 3) and (10, 20), from 0 and 1, with momentum 0.5."""
    inputs = keras.Input((1,))
    layer = keras.layers.BatchNormalization(momentum=0.5)
    model = GoogLeNetModel(inputs, layer(inputs))
    model.compile("sgd", loss="mse", jit_compile=False)
    x = np.array([[1], [3], [10], [20]], "float32")
    model.fit(x, x, batch_size=4, shuffle=False, verbose=0)
    local = context.strategy.experimental_local_results
    return [[float(value[0]) for value in local(moving.value)] for moving in (layer.moving_mean, layer.moving_variance)]


def lose_the_chief(context):
    """The first worker dies in the middle of an epoch; the other is told."""

    class Die(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 3 and context.is_chief:
                os._exit(9)

    with context.strategy.scope():
        inputs = keras.Input((32, 32, 3))
        model = GoogLeNetModel(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(inputs)))
        model.compile("sgd", loss="mse")
    data = distribution.distribute(context, lambda share, _: spread.stream(share), endless=True)
    with lost_workers.reporting_lost_workers(context):
        model.fit(data, steps_per_epoch=10**6, verbose=0, shuffle=False, callbacks=[Die()])

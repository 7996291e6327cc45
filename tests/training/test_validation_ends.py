"""Validation's iterator is gone once validation is done: one that is deleted later may keep the run waiting."""

import gc

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.data.ops.iterator_ops import OwnedIterator

from keras_googlenet.data import evaluation_batches, load, training_stream
from keras_googlenet.training.callbacks import EndValidation


@pytest.mark.trains
@pytest.mark.parametrize(("callbacks", "more"), [([EndValidation()], 0), ([], 1)], ids=["with it", "as Keras does"])
def test_the_iterator_is_gone_when_the_epoch_ends(callbacks, more):
    begun, ended = [], []

    def count(into):
        gc.collect()
        into.append(sum(type(thing) is OwnedIterator for thing in gc.get_objects()))

    data = tf.data.Dataset.from_tensors((np.ones((4, 3), "float32"), np.zeros(4, "int64"))).repeat(2)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(
        data.repeat(),
        steps_per_epoch=2,
        validation_data=data,
        validation_steps=2,
        shuffle=False,
        verbose=0,
        callbacks=[
            *callbacks,
            keras.callbacks.LambdaCallback(
                on_train_batch_end=lambda batch, logs: count(begun), on_epoch_end=lambda epoch, logs: count(ended)
            ),
        ],
    )
    assert ended[-1] == begun[-1] + more


def test_nothing_of_the_pipelines_is_tuned():
    source = load("digits")
    train = training_stream(source.train, image_size=32, batch_size=10, seed=0)
    assert not train.options().autotune.enabled
    assert not evaluation_batches(source.validation, image_size=32, batch_size=10).options().autotune.enabled

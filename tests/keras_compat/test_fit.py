"""Canaries: what `keras_compat.fit` takes for granted of `keras.Model.fit` (`test_validation_ends.py` has another)."""

import keras
import numpy as np
import pytest

from keras_googlenet.keras_compat.fit import build_compiled

MOVED = "Keras moved `{}`, which keras_googlenet/keras_compat/fit.py names: look for what took its place."


@pytest.fixture
def model():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="softmax")])
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_everything_is_built_and_nothing_computed(model):
    before = model.get_weights()
    build_compiled(model, (np.ones((1, 4), "float32"), np.zeros(1, "int64")))
    assert model.optimizer.built, MOVED.format("_symbolic_build")
    assert len(model.optimizer.variables) == 4  # the count, the rate, two velocities
    assert len(model.metrics_variables) == 4  # of the loss and the accuracy, a total and a count each
    for variable in model.metrics_variables:
        assert float(variable) == 0
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.trains
def test_fit_keeps_the_iterator_of_validation(model):
    x, y = np.ones((4, 4), "float32"), np.zeros(4, "int64")
    kept = []

    class Look(keras.callbacks.Callback):
        def on_test_end(self, logs=None):
            kept.append(getattr(self.model, "_eval_epoch_iterator", None))

    model.fit(x, y, validation_data=(x, y), verbose=0, callbacks=[Look()])
    assert callable(getattr(kept[0], "reset", None)), MOVED.format("_eval_epoch_iterator")

"""Callbacks that monitor one head's figure, as they would monitor a model's only one."""

import keras
import numpy as np
import pytest
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.model import monitoring


@pytest.fixture(scope="module")
def model():
    model = GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=4, variant=SMALL)
    metrics = ["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(2, name="top_2"), plain]
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=metrics, weighted_metrics=["mse"], run_eagerly=True)
    model.test_on_batch(np.zeros((4, 32, 32, 3)), np.arange(4))
    return model


def plain(y_true, y_pred):
    return y_pred[:, 0]


CALLBACKS = {
    "stopping": lambda folder, **options: keras.callbacks.EarlyStopping(**options),
    "plateau": lambda folder, **options: keras.callbacks.ReduceLROnPlateau(**options),
    "checkpoint": lambda folder, **options: keras.callbacks.ModelCheckpoint(
        folder / "best.keras", save_best_only=True, **options
    ),
}


@pytest.mark.parametrize("kind", CALLBACKS)
@pytest.mark.parametrize(
    ("monitor", "mode"),
    [
        ("val_predictions_accuracy", "max"),
        ("predictions_accuracy", "max"),
        ("val_aux2_top_2", "max"),
        ("val_predictions_mse", "min"),
        ("val_predictions_loss", "min"),
        ("aux1_loss", "min"),
        ("val_loss", "auto"),  # Keras knows this one
        ("val_predictions_plain", "auto"),  # nobody knows
        ("val_predictions_unheard", "auto"),
        ("learning_rate", "auto"),
    ],
)
def test_which_way_is_better(model, tmp_path, kind, monitor, mode):
    callback = CALLBACKS[kind](tmp_path, monitor=monitor)
    first, *rest = monitoring.with_directions([callback], model)
    first.set_model(model)
    first.on_train_batch_end(0)
    assert rest == [callback]
    assert callback.mode == mode


def test_a_mode_that_was_given_stays(model, tmp_path):
    callback = CALLBACKS["stopping"](tmp_path, monitor="val_predictions_accuracy", mode="min")
    assert monitoring.with_directions([callback], model) == [callback]


def test_fit_takes_callbacks_in_every_form(model):
    with_one_output = model.inference_model()
    callback = CALLBACKS["stopping"](None, monitor="val_predictions_accuracy")
    ready = keras.callbacks.CallbackList([callback])
    assert monitoring.with_directions(None, model) is None
    assert monitoring.with_directions(ready, model) is ready
    assert monitoring.with_directions(callback, model)[1:] == [callback]
    assert monitoring.with_directions([callback], with_one_output) == [callback]


@pytest.mark.trains
def test_a_run_that_stops_early(tmp_path):
    """With a rate of 0 nothing improves after the first epoch."""
    model = GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=4, variant=SMALL)
    model.compile(keras.optimizers.SGD(0.0), "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = np.random.default_rng(0).normal(0, 60, (4, 32, 32, 3)), np.arange(4)
    stopping = CALLBACKS["stopping"](tmp_path, monitor="val_predictions_accuracy", patience=1)
    checkpoint = CALLBACKS["checkpoint"](tmp_path, monitor="val_predictions_accuracy")
    history = model.fit(x, y, 2, 4, 0, [stopping, checkpoint], validation_data=(x, y))
    assert len(history.epoch) == 2
    assert (tmp_path / "best.keras").is_file()

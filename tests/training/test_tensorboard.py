"""TensorBoard's events, read back record by record and held against Keras's own numbers."""

import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from support.small import SMALL
from tensorflow.core.framework import summary_pb2
from tensorflow.core.util import event_pb2

from keras_googlenet import GoogLeNet
from keras_googlenet.training.tensorboard import WriteTensorBoard
from keras_googlenet.visualize import filter_grid

pytestmark = pytest.mark.trains


def events(folder):
    """Everything that was written: (tag, step, plug-in, value), file by file."""
    found = []
    for path in sorted((folder / "tensorboard").iterdir()):
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            event = event_pb2.Event.FromString(record)
            for value in event.summary.value:
                plugin = value.metadata.plugin_data.plugin_name
                found.append((value.tag, event.step, plugin, tf.make_ndarray(value.tensor)))
    return found


def scalars(folder, tag):
    return {step: float(value) for name, step, plugin, value in events(folder) if (name, plugin) == (tag, "scalars")}


class Record(keras.callbacks.Callback):
    """Keras's own history of each step: the loss of the batch alone, computed before the step changes the weights."""

    def __init__(self, batches):
        super().__init__()
        self.batches, self.losses = batches, []

    def on_train_batch_begin(self, batch, logs=None):
        images, labels = self.batches[len(self.losses) % len(self.batches)]
        outputs = self.model(images, training=True)
        self.losses.append(float(keras.ops.mean(keras.losses.sparse_categorical_crossentropy(labels, outputs))))


def tiny(dropout=0.0):
    keras.utils.set_random_seed(3)
    layers = [keras.layers.Dropout(dropout)] if dropout else []
    model = keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(3, activation="softmax")])
    model.compile(keras.optimizers.SGD(0.25), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def data(steps=10):
    rng = np.random.default_rng(0)
    images, labels = rng.normal(size=(steps, 8, 4)).astype("float32"), rng.integers(0, 3, (steps, 8))
    return list(zip(images, labels, strict=True))


def stream(batches):
    images, labels = zip(*batches, strict=True)
    return tf.data.Dataset.from_tensor_slices((np.stack(images), np.stack(labels))).repeat()


def fit(model, batches, *callbacks, epochs=2, initial_epoch=0):
    return model.fit(
        stream(batches), steps_per_epoch=len(batches), epochs=epochs, initial_epoch=initial_epoch, verbose=0,
        shuffle=False, validation_data=stream(batches).take(2), callbacks=list(callbacks),
    ).history  # fmt: skip


def test_each_epochs_metrics_are_there(tmp_path):
    history = fit(tiny(), data(), WriteTensorBoard(tmp_path, steps_per_epoch=10))
    assert {*history} == {"loss", "accuracy", "val_loss", "val_accuracy"}
    for name, values in history.items():
        assert scalars(tmp_path, f"epoch/{name}") == pytest.approx(dict(zip((10, 20), values, strict=True)))
    assert scalars(tmp_path, "epoch/learning_rate") == {10: 0.25, 20: 0.25}


def test_the_loss_in_between_is_that_of_the_last_steps(tmp_path):
    batches = data()
    record = Record(batches)
    fit(tiny(), batches, record, WriteTensorBoard(tmp_path, steps_per_epoch=10, every=4))
    found = scalars(tmp_path, "steps/loss")
    # Steps from, to: whole windows, and those that an epoch's beginning cuts short.
    windows = {4: (0, 4), 8: (4, 8), 12: (10, 12), 16: (12, 16), 20: (16, 20)}
    assert found == pytest.approx({to: np.mean(record.losses[slice(*w)]) for to, w in windows.items()}, rel=1e-5)


def test_a_resumed_run_writes_a_file_of_its_own(tmp_path):
    batches = data()
    model = tiny()
    fit(model, batches, WriteTensorBoard(tmp_path, steps_per_epoch=10, every=5), epochs=1)
    before = {path.name: path.read_bytes() for path in (tmp_path / "tensorboard").iterdir()}
    callback = WriteTensorBoard(tmp_path, steps_per_epoch=10, every=5, first_step=10)
    history = fit(model, batches, callback, epochs=2, initial_epoch=1)
    after = {path.name: path.read_bytes() for path in (tmp_path / "tensorboard").iterdir()}
    assert len(after) == 2
    assert {name: after[name] for name in before} == before
    assert sorted(scalars(tmp_path, "epoch/loss")) == [10, 20]
    assert scalars(tmp_path, "epoch/loss")[20] == pytest.approx(history["loss"][0])
    assert sorted(scalars(tmp_path, "steps/loss")) == [5, 10, 15, 20]


def test_a_start_in_the_midst_of_an_epoch_waits_for_a_whole_window(tmp_path):
    callback = WriteTensorBoard(tmp_path, steps_per_epoch=100, every=4, first_step=13)
    callback.set_model(tiny())
    callback.on_train_begin()
    for step in range(13, 25):
        # The running mean of an epoch whose n-th step has the loss n.
        callback.on_train_batch_end(0, {"loss": np.mean(np.arange(step + 1))})
    callback.on_train_end()
    assert scalars(tmp_path, "steps/loss") == pytest.approx(
        {20: np.mean([16, 17, 18, 19]), 24: np.mean([20, 21, 22, 23])}
    )


def test_it_draws_no_random_number(tmp_path):
    weights = []
    for callbacks in ([], [WriteTensorBoard(tmp_path, steps_per_epoch=10, every=1, recipe={"seed": 3})]):
        model = tiny(dropout=0.5)
        fit(model, data(), *callbacks)
        weights.append([*model.get_weights(), np.random.random(), float(tf.random.uniform(()))])
    for without, with_it in zip(*weights, strict=True):
        np.testing.assert_array_equal(without, with_it)


def test_the_first_layers_filters_are_a_picture(tmp_path):
    model = GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=2, variant=SMALL)
    model.compile("sgd", loss="sparse_categorical_crossentropy")
    callback = WriteTensorBoard(tmp_path, steps_per_epoch=1)
    callback.set_model(model)
    callback.on_train_begin()
    expected = filter_grid(model.get_layer("conv1_7x7_s2").kernel.numpy())
    callback.on_epoch_end(0, {})
    callback.close()
    pictures = [
        value for tag, _, plugin, value in events(tmp_path) if (tag, plugin) == ("filters/conv1_7x7_s2", "images")
    ]
    assert len(pictures) == 2
    width, height, png = pictures[0]
    assert (int(height), int(width), 3) == expected.shape
    with Image.open(io.BytesIO(png)) as picture:
        np.testing.assert_array_equal(np.array(picture), expected)


def test_it_serves_a_strategy_too(tmp_path):
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        model = tiny()
    history = fit(model, data(2), WriteTensorBoard(tmp_path, steps_per_epoch=2), epochs=1)
    assert scalars(tmp_path, "epoch/loss") == pytest.approx({2: history["loss"][0]})
    assert scalars(tmp_path, "epoch/learning_rate") == {2: 0.25}


def test_a_network_without_that_layer_has_no_picture(tmp_path):
    fit(tiny(), data(1), WriteTensorBoard(tmp_path, steps_per_epoch=1), epochs=1)
    assert not [tag for tag, _, plugin, _ in events(tmp_path) if plugin == "images"]


def test_the_recipe_is_a_table(tmp_path):
    recipe = {"dataset": "a|b_<i>", "clip_norm": None, "deterministic": True, "learning_rate": 0.02}
    fit(tiny(), data(1), WriteTensorBoard(tmp_path, steps_per_epoch=1, recipe=recipe), epochs=1)
    ((_, step, _, value),) = [event for event in events(tmp_path) if event[2] == "text"]
    assert step == 0
    assert value.item().decode().splitlines() == [
        "| field | value |",
        "|---|---|",
        r"| dataset | a\|b\_\<i\> |",
        "| clip_norm | null |",
        "| deterministic | true |",
        "| learning_rate | 0.02 |",
    ]


def test_the_values_have_the_classes_that_tensorboard_sorts_them_by(tmp_path):
    callback = WriteTensorBoard(tmp_path, steps_per_epoch=1, recipe={"seed": 1})
    fit(tiny(), data(1), callback, epochs=1)
    (path,) = (tmp_path / "tensorboard").iterdir()
    assert ".tfevents." in path.name
    found = [event_pb2.Event.FromString(r) for r in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()]
    assert found[0].file_version == "brain.Event:2"
    classes = {value.tag: value.metadata.data_class for event in found for value in event.summary.value}
    assert classes["recipe"] == summary_pb2.DATA_CLASS_TENSOR
    assert classes["epoch/loss"] == summary_pb2.DATA_CLASS_SCALAR

"""Canaries of `keras_compat.reviving` and `watching`: what Keras would have to go on doing."""

import inspect
import zipfile

import keras
import numpy as np
import pytest
from keras.src.saving import saving_lib

from keras_googlenet.keras_compat.watching import TooLarge, watched
from keras_googlenet.model import load_model


def network():
    inner = keras.Sequential([keras.Input((8, 8, 4)), keras.layers.BatchNormalization(), keras.layers.Conv2D(3, 1)])
    return keras.Sequential([
        keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, padding="same"), inner, keras.layers.Dropout(0.5),
        keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(5, activation="softmax"),
    ])  # fmt: skip


def test_keras_loads_a_state_from_a_store():
    assert list(inspect.signature(saving_lib._load_state).parameters) == [
        "saveable", "weights_store", "assets_store", "inner_path", "skip_mismatch", "visited_saveables",
        "failed_saveables", "error_msgs",
    ]  # fmt: skip
    assert {"get", "has_path", "keys", "__len__", "__getitem__"} <= vars(saving_lib.H5IOStore).keys()


def test_a_model_is_revived_as_keras_loads_it(tmp_path):
    model = network()
    for variable in model.weights:
        variable.assign(np.random.default_rng(0).uniform(0.1, 1, variable.shape))
    model.compile("adam", "mse")
    model.save(tmp_path / "net.keras")
    images = np.random.default_rng(1).uniform(size=(2, 8, 8, 3)).astype("float32")
    expected = keras.saving.load_model(tmp_path / "net.keras", compile=False)(images)
    found = load_model(tmp_path / "net.keras")
    np.testing.assert_array_equal(found(images), expected)
    assert found.get_config() == keras.saving.load_model(tmp_path / "net.keras", compile=False).get_config()


def test_a_deflated_archive_is_read(tmp_path):
    network().save(tmp_path / "net.keras")
    with zipfile.ZipFile(tmp_path / "net.keras") as old, zipfile.ZipFile(tmp_path / "z.keras", "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    assert load_model(tmp_path / "z.keras").count_params() == network().count_params()


def test_weights_are_counted_before_they_are_there():
    with watched(4 * 12):
        layer = keras.layers.Dense(3)
        layer.build((None, 3))
    assert not np.any(layer.kernel)
    with pytest.raises(TooLarge, match="48 bytes of weights or more"), watched(4 * 9):
        keras.layers.Dense(3).build((None, 3))
    with pytest.raises(TooLarge, match="10000000000 numbers of one image"), watched(0):
        keras.Input((100_000, 100_000))
    keras.layers.Dense(3).build((None, 3))

"""Canaries of `keras_compat/saving.py`."""

import h5py
import keras
import pytest
from support.canary import must

from keras_googlenet.keras_compat import saving


def build():
    x = keras.Input((8, 8, 3))
    y = keras.layers.Conv2D(2, 3, name="a")(keras.layers.RandomFlip(name="r")(x))
    y = keras.layers.MaxPooling2D(name="p")(keras.layers.Conv2D(2, 3, name="b")(y))
    y = keras.layers.BatchNormalization(name="n")(y)
    return Watched(x, keras.layers.Dense(2, name="d")(keras.layers.Flatten(name="f")(y)))


class Watched(keras.Model):
    """Notes what Keras asks a store for."""

    def load_own_variables(self, store):
        super().load_own_variables(store)
        self.seen, self.asked, self.store = saving.SavedLayers(store), [], type(store).__name__
        self.seen.redirect({}, lambda path, entry: self.asked.append(path) or entry)


@pytest.fixture(params=["whole", "sharded"])
def loaded(request, tmp_path):
    saved, path = build(), tmp_path / "net.weights.h5"
    if request.param == "whole":
        saved.save_weights(path)
    else:
        path = path.with_suffix(".json")
        saved.save_weights(path, max_shard_size=1e-6)
    model = build()
    model.load_weights(path)
    return model


def test_a_store_tells_its_place_and_its_files(loaded):
    must(loaded.seen.groups, f"{loaded.store} has no `_h5_entry_path` or no files to look into (saving.py)")
    must(
        set(loaded.seen.with_variables) - {"r"} == {"a", "b", "n", "d"},
        f"groups do not record their layers' names and variables in `vars`: {loaded.seen.groups} (saving.py)",
    )


def test_groups_are_called_by_class_and_place(loaded):
    expected = {layer.name: group for layer, group in saving.expected_groups(loaded.layers).items() if layer.weights}
    must(
        loaded.seen.groups.items() >= expected.items(),
        f"Keras calls groups {loaded.seen.groups}, expected were {expected} (saving.py)",
    )


def test_keras_asks_a_store_by_get(loaded):
    must("layers/conv2d_1" in loaded.asked, f"Keras loads layers otherwise than by `store.get`: {loaded.asked}")


def test_an_optimizer_is_asked_for_by_this_path(tmp_path):
    for optimizer, paths in (
        (keras.optimizers.SGD(momentum=0.9), {"optimizer"}),
        (keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD()), {"optimizer", "optimizer/inner_optimizer"}),
    ):
        model = build()
        model.compile(optimizer, "mse")
        model.optimizer.build(model.trainable_variables)
        model.save_weights(tmp_path / "net.weights.h5")
        model.load_weights(tmp_path / "net.weights.h5")
        must(paths <= set(model.asked), f"Keras asks for an optimizer by {model.asked} (saving.py, model/saved.py)")


def test_variables_are_numbered_in_a_group_called_vars(tmp_path):
    build().save_weights(tmp_path / "net.weights.h5")
    with h5py.File(tmp_path / "net.weights.h5") as file:
        names = list(file["layers/conv2d/vars"])
    must(names == ["0", "1"], f"a layer's variables are called {names} in `vars` (saving.py)")

"""Weights go to the layers whose names they were saved with, whatever heads the file and the model have."""

import dataclasses

import h5py
import keras
import numpy as np
import pytest
from support.version_0_1_0 import version_0_1_0

from keras_googlenet import GoogLeNet, GoogLeNetModel
from keras_googlenet.architecture import PAPER, VARIANTS, edit, wider
from keras_googlenet.weights import read

CLASSES = 16
"""With as many, the main classifier has the shape of an auxiliary head's hidden layer, `aux1_fc`."""


def short(table, kept=("inception_4a", "inception_4d")):
    """The two modules that heads branch off, and heads, all narrow."""

    def rows(row):
        return row if not row.name.startswith("inception") or row.name in kept else None

    table = edit(wider(table, 0.125), rows, name=f"short {table.name}")
    heads = tuple(dataclasses.replace(head, units=CLASSES) for head in table.auxiliary)
    return dataclasses.replace(table, auxiliary=heads)


TABLES = {name: short(table) for name, table in VARIANTS.items()}
TABLES["own"] = short(PAPER, ("inception_4a", "inception_4d", "inception_5b"))
SMALL = TABLES["paper"]
HEADED = [name for name, table in TABLES.items() if table.auxiliary]


def build(table=SMALL, aux_heads=True, classes=CLASSES, **options):
    options = {"input_shape": (32, 32, 3)} | options
    return GoogLeNet(weights=None, variant=table, classes=classes, aux_heads=aux_heads, **options)


def numbered(model):
    """A model whose every variable has a number of its own, which tells where a value came from."""
    for number, variable in enumerate(model.weights):
        variable.assign(np.full(variable.shape, number))
    return model


def state(model):
    """The first value of each variable, by its layer's name."""
    return {
        f"{layer.name}/{variable.name}": float(keras.ops.convert_to_numpy(variable).flat[0])
        for layer in model.layers
        for variable in layer.weights
    }


def stock(model):
    """The same layers in a model of Keras's own class."""
    return keras.Model(model.inputs, model.outputs)


SUFFIXES = [".weights.h5", ".keras", ".h5"]


def save(model, path):
    (model.save_weights if path.name.endswith(".weights.h5") else model.save)(path)
    return path


@pytest.mark.computes
@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("name", HEADED)
def test_heads_are_left_out(tmp_path, name, old):
    """The main classifier once received the first head's weights, in silence."""
    with version_0_1_0() if old else pytest.MonkeyPatch.context():
        headed = numbered(build(TABLES[name]))
        path = save(headed, tmp_path / "net.weights.h5")
    model = build(TABLES[name], False)
    model.load_weights(path)
    assert state(model).items() <= state(headed).items()


@pytest.mark.computes
@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_heads_are_left_out_of_every_kind_of_file(tmp_path, suffix, old):
    with version_0_1_0() if old else pytest.MonkeyPatch.context():
        headed = numbered(build())
        path = save(headed, tmp_path / f"net{suffix}")
    model = build().inference_model()
    model.load_weights(path)
    assert state(model).items() <= state(headed).items()


@pytest.mark.computes
@pytest.mark.parametrize("name", TABLES)
def test_files_of_0_1_0_load_into_the_same_network(tmp_path, name):
    with version_0_1_0():
        saved = numbered(build(TABLES[name], name in HEADED))
        path = save(saved, tmp_path / "net.weights.h5")
    model = build(TABLES[name], name in HEADED)
    model.load_weights(path)
    assert state(model) == state(saved)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_way_to_read_a_file_of_0_1_0(tmp_path, suffix):
    with version_0_1_0():
        saved = numbered(build())
        path = save(saved, tmp_path / f"net{suffix}")
    model = build()
    model.load_weights(path)
    assert state(model) == state(saved)
    if suffix != ".h5":
        model = GoogLeNet(weights=path, variant=SMALL, classes=CLASSES, aux_heads=True, input_shape=(32, 32, 3))
        assert state(model) == state(saved)
        assert read(path)["predictions/0"].flat[0] == state(saved)["predictions/kernel"]


@pytest.mark.computes
@pytest.mark.parametrize("name", HEADED)
def test_models_of_0_1_0_load_whole(tmp_path, name):
    with version_0_1_0():
        saved = numbered(build(TABLES[name]))
        saved.save(tmp_path / "net.keras")
        saved.inference_model().save(tmp_path / "alone.keras")
    model = keras.saving.load_model(tmp_path / "net.keras")
    assert state(model) == state(saved)
    assert type(model.get_layer("predictions")) is keras.layers.Dense
    alone = keras.saving.load_model(tmp_path / "alone.keras")
    assert state(alone).items() <= state(saved).items()
    model.save(tmp_path / "again.keras")
    assert state(keras.saving.load_model(tmp_path / "again.keras")) == state(saved)


@pytest.mark.computes
@pytest.mark.parametrize("suffix", [".keras", ".weights.h5"])
@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("wrapped", [False, True])
def test_what_an_optimizer_keeps_stays_with_its_variable(tmp_path, old, suffix, wrapped):
    def compiled():
        adam = keras.optimizers.Adam(0.01)
        model = build()
        model.compile(keras.optimizers.LossScaleOptimizer(adam) if wrapped else adam, "mse")
        model.optimizer.build(model.trainable_variables)
        return model

    def slots(model):
        variables = model.optimizer.variables
        return {v.path.partition("/")[2]: float(keras.ops.convert_to_numpy(v).flat[0]) for v in variables}

    with version_0_1_0() if old else pytest.MonkeyPatch.context():
        saved = compiled()
        for number, variable in enumerate(saved.optimizer.variables):
            if variable.shape:
                variable.assign(np.full(variable.shape, number))
        path = save(saved, tmp_path / f"net{suffix}")
    if suffix == ".keras":
        model = keras.saving.load_model(path)
    else:
        model = compiled()
        model.load_weights(path)
    assert slots(model) == slots(saved)


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_heads_that_the_file_lacks_are_refused(tmp_path, suffix, old):
    with version_0_1_0() if old else pytest.MonkeyPatch.context():
        path = save(numbered(build(aux_heads=False)), tmp_path / f"net{suffix}")
    model = build()
    before = state(model)
    expected = "Layer count mismatch" if suffix == ".h5" else r"file lacks aux1_conv, .*`GoogLeNet\(weights=path, aux_"
    with pytest.raises(ValueError, match=expected):
        model.load_weights(path)
    assert state(model) == before


def test_skip_mismatch_loads_what_is_in_both(tmp_path):
    alone = numbered(build(aux_heads=False))
    path = save(alone, tmp_path / "net.weights.h5")
    model = build()
    before = state(model)
    with pytest.warns(UserWarning, match="file lacks aux1_conv"):
        model.load_weights(path, skip_mismatch=True)
    assert state(alone).items() <= state(model).items()
    assert state(model)["aux1_conv/kernel"] == before["aux1_conv/kernel"]


def test_other_classes_are_refused_or_skipped(tmp_path):
    path = save(numbered(build()), tmp_path / "net.weights.h5")
    model = build(classes=5)
    before = state(model)
    with pytest.raises(ValueError, match="shape"):
        model.load_weights(path)
    assert state(model) == before
    with pytest.warns(UserWarning, match="could not be loaded"):
        model.load_weights(path, skip_mismatch=True)
    assert state(model)["conv1_7x7_s2/bias"] == 1


def test_layers_that_the_model_lacks_are_refused(tmp_path):
    path = save(numbered(build(TABLES["own"])), tmp_path / "net.weights.h5")
    model = build()
    before = state(model)
    with pytest.raises(
        ValueError, match=r"of the file, the model lacks inception_5b_3x3_reduce, .*`skip_mismatch=True`"
    ):
        model.load_weights(path)
    assert state(model) == before


def test_a_checkpoint_of_weights(tmp_path):
    model = numbered(build())
    model.compile("sgd", "mse")
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "best.weights.h5", save_weights_only=True, monitor="loss")
    checkpoint.set_model(model)
    checkpoint.on_epoch_end(0, {"loss": 0.0})
    alone = build(aux_heads=False)
    alone.load_weights(tmp_path / "best.weights.h5")
    assert state(alone).items() <= state(model).items()


def test_weights_in_several_files(tmp_path):
    model = numbered(build())
    model.save_weights(tmp_path / "net.weights.json", max_shard_size=0.0001)
    assert len(list(tmp_path.glob("*.h5"))) > 1
    for aux_heads in (True, False):
        again = build(aux_heads=aux_heads)
        again.load_weights(tmp_path / "net.weights.json")
        assert state(again).items() <= state(model).items()


@pytest.mark.parametrize("old", [False, True])
def test_a_network_within_another_model(tmp_path, old):
    def outer():
        return keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Rescaling(2.0), build(aux_heads=False)])

    with version_0_1_0() if old else pytest.MonkeyPatch.context():
        saved = outer()
        numbered(saved.layers[-1])
        saved.save_weights(tmp_path / "outer.weights.h5")
        saved.save(tmp_path / "outer.keras")
    model = outer()
    model.load_weights(tmp_path / "outer.weights.h5")
    assert state(model.layers[-1]) == state(saved.layers[-1])
    assert state(keras.saving.load_model(tmp_path / "outer.keras").layers[-1]) == state(saved.layers[-1])


def test_keras_own_models_with_classifiers_of_0_1_0(tmp_path):
    with version_0_1_0():
        saved = stock(numbered(build()))
        saved.save(tmp_path / "stock.keras")
    assert state(keras.saving.load_model(tmp_path / "stock.keras")) == state(saved)


def test_layers_of_other_names_are_matched_by_class_and_place(tmp_path):
    def network(name):
        base = build(include_top=False, aux_heads=False, pooling="avg")
        return GoogLeNetModel(base.input, keras.layers.Dense(3, name=name)(base.output))

    saved = numbered(network("mine"))
    model = network("another")
    model.load_weights(save(saved, tmp_path / "net.weights.h5"))
    assert list(state(model).values()) == list(state(saved).values())


def test_keras_names_groups_as_expected(tmp_path):
    """What the redirection of names stands on: class and place."""
    model = stock(build(input_tensor=keras.layers.RandomFlip()(keras.layers.Rescaling(1.0)(keras.Input((32, 32, 3))))))
    with h5py.File(save(model, tmp_path / "net.weights.h5")) as file:
        found = {file[f"layers/{group}/vars"].attrs["name"]: group for group in file["layers"]}
    from keras_googlenet.keras_compat.saving import expected_groups

    assert {layer.name: group for layer, group in expected_groups(model.layers).items()} == found

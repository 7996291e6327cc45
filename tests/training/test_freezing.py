"""Phases, and what a frozen trunk keeps."""

import keras
import numpy as np
import pytest
from support.small import SMALL
from support.tiers import does

from keras_googlenet import GoogLeNet
from keras_googlenet.architecture import LRN, edit
from keras_googlenet.architecture.table import BatchNorm
from keras_googlenet.training import Recipe, freeze_trunk, unfreeze
from keras_googlenet.training.freezing import Phase, phases, trunk_layers

TRANSFER = {"weights": "imagenet", "freeze": "trunk", "learning_rate": 0.001}
NORMALIZED = edit(
    SMALL, lambda row: None if isinstance(row, LRN) else row, name="small-bn", batch_norm=BatchNorm(momentum=0.5)
)


def test_a_run_has_one_phase_or_two():
    assert phases(Recipe(epochs=5, learning_rate=0.1)) == (Phase(0, 4, False, 0.1),)
    recipe = Recipe(**TRANSFER, freeze_epochs=2, head_learning_rate=0.02, epochs=5)
    assert phases(recipe) == (Phase(0, 1, True, 0.02), Phase(2, 4, False, 0.001))
    assert [phase.epochs for phase in phases(recipe)] == [2, 3]
    recipe = Recipe(**TRANSFER, freeze_epochs=2, freeze_views=3, unfreeze_from="inception_4a", epochs=3)
    assert phases(recipe) == (Phase(0, 1, True, 0.001, views=3), Phase(2, 2, False, 0.001, first_row="inception_4a"))
    assert phases(Recipe(**TRANSFER, freeze_epochs=5, epochs=5)) == (Phase(0, 4, True, 0.001),)


def test_all_but_the_classifiers_is_the_trunk():
    model = GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=3, variant=SMALL)
    trunk = {layer.name for layer in trunk_layers(model)}
    rest = {layer.name for layer in model.layers if layer.name not in trunk}
    assert {"conv1_7x7_s2", "inception_5b_pool_proj"} <= trunk
    parts = ("pool", "conv", "flatten", "fc", "drop")
    assert rest == {"predictions", "aux1", "aux2"} | {f"aux{i}_{part}" for i in (1, 2) for part in parts}


@pytest.fixture(scope="module")
@does("trains")
def trained():
    """The weights of a normalized network before training, after a frozen phase, and after a unfrozen one."""
    keras.utils.set_random_seed(0)
    model = GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=3, variant=NORMALIZED)
    rng = np.random.default_rng(0)
    images, labels = rng.normal(20, 70, (6, 32, 32, 3)).astype("float32"), rng.integers(0, 3, 6)
    states = [{v.path: v.numpy() for v in model.variables}]
    for prepare in (freeze_trunk, unfreeze):
        prepare(model)
        model.compile(keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy", run_eagerly=True)
        model.fit(images, labels, batch_size=6, verbose=0)
        states.append({v.path: v.numpy() for v in model.variables})
    return states


def changed(before, after):
    return {path for path, value in after.items() if path in before and not np.array_equal(before[path], value)}


def test_a_frozen_trunk_keeps_its_weights_and_its_batch_statistics(trained):
    before, frozen, _ = trained
    moved = changed(before, frozen)
    assert {"predictions/kernel", "predictions/bias", "aux1/kernel", "aux2/bias"} <= moved
    assert "aux1_conv_bn/moving_mean" in moved
    assert all(path.startswith(("predictions/", "aux1", "aux2", "seed_generator")) for path in moved), sorted(moved)


def test_an_unfrozen_trunk_trains(trained):
    _, frozen, unfrozen = trained
    moved = changed(frozen, unfrozen)
    assert {"conv1_7x7_s2/kernel", "conv1_7x7_s2_bn/moving_variance", "predictions/kernel"} <= moved


def test_the_upper_part_trains_alone():
    """Keras's own count of what an optimizer gets, by the names of the paper's table."""
    model = GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=3, variant=NORMALIZED)
    unfreeze(model, "inception_4a")
    layers = {path.split("/")[0] for path in (variable.path for variable in model.trainable_variables)}
    assert {name for name in layers if name.startswith(("conv", "inception_3"))} == set()
    assert {"inception_4a_1x1", "inception_4a_3x3_bn", "inception_5b_pool_proj", "aux1_conv", "predictions"} <= layers
    unfreeze(model)
    assert {"conv1_7x7_s2/kernel", "inception_3a_1x1/kernel"} <= {v.path for v in model.trainable_variables}
    with pytest.raises(ValueError, match="rows .*Received: first_row='predictions'"):
        unfreeze(model, "predictions")

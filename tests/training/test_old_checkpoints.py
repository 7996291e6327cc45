"""Checkpoints name the optimizer's variables; those of version 0.1.0 numbered them in another order."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.small import SMALL
from support.version_0_1_0 import version_0_1_0

from keras_googlenet import GoogLeNet, training
from keras_googlenet.training.checkpoints import CheckpointError, Checkpoints
from keras_googlenet.training.optimizers.from_recipe import optimizer

RECIPES = {
    "averaged": {"averaging": 0.9},
    "accumulated, in half precision": {"averaging": 0.9, "accumulate": 2, "precision": "mixed_float16"},
}


def compiled(recipe):
    model = GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=4, variant=SMALL)
    model.compile(optimizer(recipe, 10), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)
    return model


def marked(model):
    """Gives each of the optimizer's variables a number of its own."""
    for number, variable in enumerate(model.optimizer.variables):
        variable.assign(np.full(variable.shape, number))


def state(model):
    variables = [*model.weights, *model.optimizer.variables]
    return [(variable.path.partition("/")[2], keras.ops.convert_to_numpy(variable).tobytes()) for variable in variables]


def write_as_0_1_0(model, path):
    parts = {
        "model": {f"{layer.name}:{i}": v for layer in model.layers for i, v in enumerate(layer.variables)},
        "optimizer": {str(i): v for i, v in enumerate(model.optimizer.variables)},
        "metrics": {str(i): v for i, v in enumerate(model.metrics_variables)},
    }
    values = {part: tf.train.Checkpoint(**{key: v.value for key, v in named.items()}) for part, named in parts.items()}
    path.parent.mkdir()
    tf.train.Checkpoint(**values).write(str(path))


@pytest.mark.parametrize("kind", RECIPES)
@pytest.mark.parametrize("old", [False, True])
def test_each_variable_gets_its_own(tmp_path, kind, old):
    recipe = training.Recipe(**RECIPES[kind])
    checkpoints = Checkpoints(tmp_path / "checkpoints", training.strategy_for("none"))
    if old:
        with version_0_1_0():
            saved = compiled(recipe)
            marked(saved)
            write_as_0_1_0(saved, checkpoints.path(7))
    else:
        saved = compiled(recipe)
        marked(saved)
        checkpoints.save(saved, 7)
    model = compiled(recipe)
    checkpoints.restore(model, 7)
    assert sorted(state(model)) == sorted(state(saved))


def test_another_optimizers_is_refused(tmp_path):
    checkpoints = Checkpoints(tmp_path / "checkpoints", training.strategy_for("none"))
    with version_0_1_0():
        write_as_0_1_0(compiled(training.Recipe(averaging=None)), checkpoints.path(7))
    with pytest.raises(CheckpointError, match="of another network or optimizer"):
        checkpoints.restore(compiled(training.Recipe(averaging=0.9)), 7)

"""Mixed precision: what is float32 all the same, and what a saved model remembers."""

import keras
import numpy as np
import pytest
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.architecture import Inception, edit
from keras_googlenet.training import Recipe
from keras_googlenet.training.optimizers.from_recipe import optimizer, unwrap
from keras_googlenet.training.optimizers.loss_scaling import LossScaling
from keras_googlenet.training.optimizers.losses import loss
from keras_googlenet.utils.dtype_policy import default_dtype_policy
from keras_googlenet.utils.precision import dtype_policy

TINY = edit(SMALL, lambda row: None if isinstance(row, Inception) and row.name != "inception_5b" else row, auxiliary=())


def test_the_policy_in_force_comes_back():
    before = keras.config.dtype_policy()
    seen = []

    def build():
        with default_dtype_policy("mixed_float16"):
            seen.append(keras.config.dtype_policy().name)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        build()
    assert seen == ["mixed_float16"]
    assert keras.config.dtype_policy() is before


@pytest.mark.trains
def test_training_saving_and_going_on(tmp_path):
    recipe = Recipe(precision="mixed_float16", averaging=0.9, accumulate=2, warmup_steps=0, epochs=8)
    keras.utils.set_random_seed(0)
    with default_dtype_policy(dtype_policy(recipe.precision)):
        model = GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=3, variant=TINY, aux_heads=False)
    assert model.get_layer("conv1_7x7_s2").compute_dtype == "float16"
    assert model.output.dtype == "float32"
    assert {v.dtype for v in model.trainable_variables} == {"float32"}
    rng = np.random.default_rng(0)
    images, labels = rng.normal(0, 70, (4, 32, 32, 3)).astype("float32"), rng.integers(0, 3, 4)
    model.compile(optimizer(recipe, 2), loss(recipe))
    assert isinstance(model.optimizer, LossScaling)
    losses = model.fit(images, labels, batch_size=2, epochs=8, shuffle=False, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert type(again.optimizer) is type(model.optimizer)
    assert int(unwrap(again.optimizer).iterations) == int(unwrap(model.optimizer).iterations) > 0
    for one, other in zip(again.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())

"""A loaded model in another precision: as if it had been built in it, whatever it is made of."""

import dataclasses

import keras
import numpy as np
import pytest
from support import deterministic
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.architecture import VARIANTS
from keras_googlenet.errors import InputError
from keras_googlenet.evaluation.protocol import digest
from keras_googlenet.model import load_model
from keras_googlenet.model.precision import computing_in, set_precision
from keras_googlenet.utils.dtype_policy import default_dtype_policy

SIDE = 64
NORMALIZED = dataclasses.replace(SMALL, batch_norm=VARIANTS["batchnorm"].batch_norm)
IMAGES = np.random.default_rng(0).uniform(0, 255, (3, SIDE, SIDE, 3)).astype("float32")


def network(policy="float32", **changes):
    with default_dtype_policy(policy):
        made = GoogLeNet(
            **{"weights": None, "input_shape": (SIDE, SIDE, 3), "classes": 5, "include_preprocessing": True, **changes}
        )
    deterministic.fill(made)
    return made


def fine_tuned():
    """As users make them: a Sequential of a model, whose head was built under no policy, and pixels of its own."""
    keras.utils.set_random_seed(0)
    trunk = GoogLeNet(weights=None, include_top=False, pooling="avg", input_shape=(SIDE, SIDE, 3), variant=SMALL)
    head = [keras.layers.Dense(16, "relu"), keras.layers.Dense(4, "softmax", kernel_initializer="random_normal")]
    pixels = [keras.Input((SIDE, SIDE, 3)), keras.layers.RandomFlip(), keras.layers.Rescaling(1, -117)]
    return keras.Sequential([*pixels, trunk, *head])


def answers(model, images=IMAGES):
    return [keras.ops.convert_to_numpy(one) for one in keras.tree.flatten(model(images, training=False))]


@pytest.mark.parametrize(("half", "variant"), [("bfloat16", NORMALIZED), ("float16", SMALL)])
def test_it_computes_as_one_that_was_built_so(half, variant, tmp_path):
    path = str(tmp_path / "x.keras")
    network(variant=variant).save(path)
    built, whole = network(f"mixed_{half}", variant=variant), network(variant=variant)
    changed = load_model(path, aux_heads=True, precision=half)
    assert {one.dtype for one in answers(changed)} == {np.dtype("float32")}
    for one, other, third in zip(answers(changed), answers(built), answers(whole), strict=True):
        np.testing.assert_array_equal(one, other)
        assert np.abs(one - third).max() > 0  # else it had changed nothing
    assert all(one.get_weights()[0].dtype == np.float32 for one in changed.layers if one.weights)


def test_it_is_near_to_float32():
    """bfloat16 keeps 8 bits: each layer rounds by 0.4% at most, here a dozen one after the other, so 2% of a logit."""
    model = network(variant=SMALL, classifier_activation=None, aux_heads=False)
    [whole] = answers(model)
    with computing_in(model, "bfloat16"):
        [half] = answers(model)
    assert 0 < np.abs(half - whole).max() < 0.02 * np.abs(whole).max()
    np.testing.assert_array_equal(answers(model), [whole])


@pytest.mark.parametrize("half", ["bfloat16", "float16"])
def test_a_model_of_others(half, tmp_path):
    """Its pixels and its head stay float32: probabilities sum to 1 as exactly as before."""
    path = str(tmp_path / "x.keras")
    model = fine_tuned()
    model.save(path)
    changed = load_model(path, precision=half)
    [whole], [found] = answers(model), answers(changed)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    assert 0 < np.abs(found - whole).max() < 0.02
    policies = [one.dtype_policy.name for one in changed.layers if one.name.startswith("dense")]
    assert policies == [f"mixed_{half}", "float32"]
    assert changed.get_layer("googlenet").get_layer("conv2_3x3").compute_dtype == half


@pytest.mark.parametrize("half", ["mixed_bfloat16", "mixed_float16"])
def test_what_was_trained_in_half_precision_stays_so_unless_asked(half, tmp_path):
    path = str(tmp_path / "x.keras")
    built = network(half, variant=SMALL)
    built.save(path)
    np.testing.assert_array_equal(answers(load_model(path, aux_heads=True))[0], answers(built)[0])
    whole = load_model(path, aux_heads=True, precision="float32")
    np.testing.assert_array_equal(answers(whole)[0], answers(network(variant=SMALL))[0])


@pytest.mark.filterwarnings("ignore")  # Keras's, of each layer that has nothing to quantize
def test_eight_bits_stay():
    model = network(variant=SMALL, aux_heads=False)
    model.quantize("int8")
    set_precision(model, "bfloat16")
    assert model.get_layer("predictions").dtype_policy.name == "int8_from_float32"
    assert model.get_layer("conv2_3x3").compute_dtype == "bfloat16"


def test_weights_of_any_kind(tmp_path):
    """The original precision of a file of weights is float32."""
    network(variant=SMALL, aux_heads=False).save_weights(tmp_path / "x.weights.h5")
    with pytest.raises(InputError, match=r"must be one of float32, bfloat16, .*'bfloat'\. Did you mean 'bfloat16'"):
        load_model(tmp_path / "x.weights.h5", precision="bfloat")


def test_predictions_in_another_precision_are_others():
    model = network(variant=SMALL, aux_heads=False)
    told = model, ["a", "b"], [0, 1], SIDE
    before = digest(*told)
    with computing_in(model, "bfloat16"):
        assert digest(*told) != before
        other = digest(*told)
    with computing_in(model, "float16"):
        assert digest(*told) not in (before, other)
    assert digest(*told) == before

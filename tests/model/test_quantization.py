"""`model.quantize` does to this network what it does to a keras.applications model: its `Dense` layers."""

import warnings

import keras
import numpy as np
import pytest
from support.small import SMALL
from support.version_0_1_0 import version_0_1_0

from keras_googlenet import GoogLeNet


def outputs(model, x):
    return [keras.ops.convert_to_numpy(y) for y in keras.tree.flatten(model(x))]


def build():
    keras.utils.set_random_seed(0)
    return GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=4, variant=SMALL)


def quantized(model):
    with warnings.catch_warnings(action="ignore"):  # Keras's, of each layer that has nothing to quantize
        model.quantize("int8")
    policies = {layer.name: layer.dtype_policy for layer in model.layers}
    return {name for name, policy in policies.items() if getattr(policy, "quantization_mode", None) == "int8"}


def dense(model):
    return {layer.name for layer in model.layers if type(layer) is keras.layers.Dense}


@pytest.mark.computes
def test_what_keras_quantizes_of_a_model_of_its_own():
    peer = keras.applications.MobileNetV2(weights=None, input_shape=(32, 32, 3), classes=4, alpha=0.35)
    assert quantized(peer) == dense(peer) == {"predictions"}


@pytest.mark.computes
def test_the_same_is_quantized_here():
    model = build()
    assert quantized(model) == dense(model) == {"predictions", "aux1", "aux2", "aux1_fc", "aux2_fc"}


@pytest.mark.computes
@pytest.mark.parametrize("old", [False, True])
def test_it_computes_the_same_but_for_the_precision(tmp_path, old):
    with version_0_1_0() if old else pytest.MonkeyPatch.context():
        model = build()
        model.save(tmp_path / "net.keras")
    model = keras.saving.load_model(tmp_path / "net.keras")
    x = np.random.default_rng(0).normal(0, 60, (4, 32, 32, 3)).astype("float32")
    before = outputs(model, x)
    quantized(model)
    after = outputs(model, x)
    for exact, rounded in zip(before, after, strict=True):
        np.testing.assert_allclose(rounded, exact, atol=0.02)
        assert not np.array_equal(rounded, exact)
    model.save(tmp_path / "int8.keras")
    again = keras.saving.load_model(tmp_path / "int8.keras")
    assert keras.backend.standardize_dtype(again.get_layer("predictions").kernel.dtype) == "int8"
    np.testing.assert_array_equal(outputs(model.inference_model(), x)[0], after[0])
    for rounded, loaded in zip(after, outputs(again, x), strict=True):
        np.testing.assert_array_equal(rounded, loaded)

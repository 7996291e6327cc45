"""All or nothing: names, shapes and values are checked before anything is assigned."""

import re

import keras
import numpy as np
import pytest
from caffe_builders import keras_network, snapshot

from keras_googlenet.weights import WeightsError
from keras_googlenet.weights.assignment import targets, transfer


@pytest.fixture
def model():
    return keras_network(aux_heads=False, classes=10)


@pytest.fixture
def arrays(model):
    rng = np.random.default_rng(0)
    return {k: rng.normal(size=v.shape).astype("float32") for k, v in targets(model.layers).items()}


def refuse(arrays, model, *messages):
    """Transfers, expects one error that says all of `messages`, and an untouched model."""
    before = snapshot(model)
    with pytest.raises(WeightsError, match=r"the\.file do not fit the model") as caught:
        transfer(arrays, targets(model.layers), "the.file")
    for message in messages:
        assert re.search(message, str(caught.value)), f"{message!r} not in: {caught.value}"
    assert snapshot(model) == before


def test_targets_are_named_by_layer_and_variable(model):
    layers = [*model.layers, keras.layers.BatchNormalization(name="bn")]
    layers[-1].build((None, 4))
    assert list(targets(layers)) == [
        *(f"{layer}/{variable}"
          for layer in ("conv1_7x7_s2", "inception_3a_3x3_reduce", "predictions")
          for variable in ("kernel", "bias")),
        *(f"bn/{variable}" for variable in ("gamma", "beta", "moving_mean", "moving_variance")),
    ]  # fmt: skip


def test_targets_refuses_nested_models(model):
    with pytest.raises(ValueError, match=r"inner\.layers.*Received: 'functional.*/kernel' twice"):
        targets([model])


def test_every_array_reaches_its_variable(model, arrays):
    transfer(arrays, targets(model.layers), "here")
    for name, variable in targets(model.layers).items():
        assert keras.ops.convert_to_numpy(variable).tobytes() == arrays[name].tobytes()


@pytest.mark.parametrize("dtype", ["float16", "float64", ">f4"])
def test_floats_of_any_precision_are_taken(model, arrays, dtype):
    arrays = {name: array.astype(dtype)[..., ::-1] for name, array in arrays.items()}
    transfer(arrays, targets(model.layers), "here")
    for name, variable in targets(model.layers).items():
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable), arrays[name].astype("float32"))


def test_the_model_shares_no_memory_with_the_arrays(model, arrays):
    transfer(arrays, targets(model.layers), "here")
    before = snapshot(model)
    for array in arrays.values():
        array[...] = 0
    assert snapshot(model) == before


def test_missing(model, arrays):
    del arrays["predictions/bias"]
    refuse(arrays, model, r"Missing \(1\): predictions/bias", "exactly the model's 6.*Received: 5")


def test_surplus(model, arrays):
    arrays["scale/kernel"] = np.ones(3, "float32")
    refuse(arrays, model, r"Surplus \(1\): scale/kernel\n", "exactly the model's 6.*Received: 7")


def test_misshapen(model, arrays):
    arrays["conv1_7x7_s2/kernel"] = np.ones((4, 3, 7, 7), "float32")
    refuse(
        arrays,
        model,
        r"Misshapen \(1\): conv1_7x7_s2/kernel \(4, 3, 7, 7\), expected \(7, 7, 3, 4\)",
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_not_finite(model, arrays, value):
    arrays["predictions/bias"] = arrays["predictions/bias"].astype("float64")
    arrays["predictions/bias"][3] = value
    refuse(arrays, model, r"Not finite \(1\): predictions/bias\n")


@pytest.mark.parametrize("dtype", ["int64", "bool", "complex64", "object", "S4"])
def test_not_floating_point(model, arrays, dtype):
    arrays["predictions/bias"] = np.zeros(10, dtype)
    refuse(arrays, model, r"Not floating-point \(1\): predictions/bias \(.+\)")


def test_one_error_lists_everything(model, arrays):
    arrays["surplus"] = arrays.pop("predictions/kernel")
    arrays["predictions/bias"] = np.ones(3, "float32")
    arrays["conv1_7x7_s2/bias"] = np.full(4, np.nan)
    refuse(arrays, model, "Missing", "Surplus", "Misshapen", "Not finite", "made for this variant")


def test_long_lists_are_cut(model):
    arrays = {f"layer_{index}/kernel": np.ones(1) for index in range(20)}
    refuse(arrays, model, r"Surplus \(20\): layer_0/kernel, .*layer_7/kernel and 12 more\n")


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_halfway_is_undone(model, arrays, error):
    class Failing:
        shape = (10,)

        value = np.zeros(10)

        def assign(self, value):
            raise error("out of memory")

    variables = {**targets(model.layers), "last": Failing()}
    before = snapshot(model)
    with pytest.raises(error, match="out of memory"):
        transfer({**arrays, "last": np.zeros(10)}, variables, "here")
    assert snapshot(model) == before


def test_half_precision_models_load_too(arrays):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("bfloat16")
    try:
        model = keras_network(aux_heads=False, classes=10)
    finally:
        keras.config.set_dtype_policy(policy)
    transfer(arrays, targets(model.layers), "here")
    for name, variable in targets(model.layers).items():
        value = keras.ops.convert_to_numpy(keras.ops.cast(variable, "float32"))
        np.testing.assert_allclose(value, arrays[name], rtol=2**-8)

"""`layers/faster.py` against Keras's own layers, and that each way is taken where it should be.

Runs on TensorFlow, and by tests/parity/test_backends.py on the other backends.
"""

import keras
import numpy as np
import pytest
from keras import ops

from keras_googlenet import inception_module
from keras_googlenet.layers import faster

ON_JAX = keras.backend.backend() == "jax"
CONV = {"filters": 5, "kernel_size": 7, "strides": 2, "kernel_initializer": "he_normal"}
LAYERS = {
    "conv1": ("Conv2D", CONV, True),
    "conv1, same": ("Conv2D", CONV | {"padding": "same"}, False),
    "even window": ("Conv2D", CONV | {"kernel_size": 6}, False),
    "oblong window": ("Conv2D", CONV | {"kernel_size": (7, 5)}, False),
    "stride 1": ("Conv2D", CONV | {"strides": 1}, False),
    "stride 1 and 2": ("Conv2D", CONV | {"strides": (2, 1)}, False),
    "dilated": ("Conv2D", CONV | {"strides": 1, "dilation_rate": 2}, False),
    "groups": ("Conv2D", CONV | {"filters": 6, "groups": 3}, False),
    "pool, 1": ("MaxPooling2D", {"pool_size": 3, "strides": 1, "padding": "same"}, True),
    "pool, 2": ("MaxPooling2D", {"pool_size": 3, "strides": 2}, True),
    "pool, 3": ("MaxPooling2D", {"pool_size": 3}, False),
    "pool, 1 and 2": ("MaxPooling2D", {"pool_size": 3, "strides": (1, 2)}, False),
    "pool of 2": ("MaxPooling2D", {"pool_size": 2, "strides": 2}, False),
    "oblong pool": ("MaxPooling2D", {"pool_size": (3, 2), "strides": 1}, False),
}


def images(*shape):
    return np.random.default_rng(0).normal(0, 1, shape).astype("float32")


@pytest.fixture
def matrix_units(monkeypatch):
    """As on a GPU."""
    if ON_JAX:
        from keras_googlenet.layers import jax_kernels

        monkeypatch.setattr(jax_kernels, "has_matrix_units", lambda: True)


def pair(name, options, shape, **more):
    ours, plain = (getattr(module, name)(**options, **more) for module in (faster, keras.layers))
    for layer in (ours, plain):
        layer.build(shape)
    plain.set_weights(ours.get_weights())
    return ours, plain


def operations(layer, x):
    import jax

    return str(jax.make_jaxpr(layer)(x))


@pytest.mark.parametrize("what", LAYERS)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_as_keras(what, data_format, matrix_units):
    name, options, special = LAYERS[what]
    if data_format == "channels_first" and keras.backend.backend() == "tensorflow":
        pytest.skip("TensorFlow has no such kernels for a CPU")
    x = images(2, 21, 20, 3) if data_format == "channels_last" else images(2, 3, 21, 20)
    ours, plain = pair(name, options, x.shape, data_format=data_format)
    found, expected = (ops.convert_to_numpy(layer(x)) for layer in (ours, plain))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    if ON_JAX:
        taken = operations(ours, x) != operations(plain, x)
        assert taken == (special and data_format == "channels_last")


@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_integers_are_pooled(dtype):
    x = np.arange(2 * 5 * 5 * 3).reshape(2, 5, 5, 3).astype(dtype)
    ours, plain = pair("MaxPooling2D", {"pool_size": 3, "strides": 2, "dtype": dtype}, x.shape)
    np.testing.assert_array_equal(ops.convert_to_numpy(ours(x)), ops.convert_to_numpy(plain(x)))


def test_a_cpu_convolves_as_keras():
    if not ON_JAX:
        pytest.skip("blocks of pixels are JAX's alone")
    import jax

    ours, plain = pair("Conv2D", CONV, (2, 21, 20, 3))
    same = operations(ours, images(2, 21, 20, 3)) == operations(plain, images(2, 21, 20, 3))
    assert same == (jax.default_backend() == "cpu")


def test_concatenates():
    x, y = images(2, 3, 3, 2), images(2, 3, 3, 5)
    found = faster.Concatenate(axis=-1)([x, y])
    np.testing.assert_array_equal(ops.convert_to_numpy(found), np.concatenate([x, y], -1))


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(policy, matrix_units):
    if keras.backend.backend() == "openvino":
        pytest.skip("OpenVINO computes in what it likes")
    x = images(2, 21, 20, 3)
    for what in ("conv1", "pool, 1", "pool, 2"):
        name, options, _ = LAYERS[what]
        ours, plain = pair(name, options, x.shape, dtype=policy)
        found, expected = ours(x), plain(x)
        assert keras.backend.standardize_dtype(found.dtype) == policy.removeprefix("mixed_")
        found, expected = (ops.convert_to_numpy(ops.cast(values, "float32")) for values in (found, expected))
        np.testing.assert_allclose(found, expected, rtol=2e-2, atol=2e-2)


def test_dynamic_height_and_width(matrix_units):
    inputs = keras.Input((None, None, 3))
    for what in ("conv1", "pool, 1", "pool, 2"):
        name, options, _ = LAYERS[what]
        ours, plain = pair(name, options, (None, None, None, 3))
        models = [keras.Model(inputs, layer(inputs)) for layer in (ours, plain)]
        for size in ((9, 8), (14, 11)):
            found, expected = (model.predict(images(2, *size, 3), verbose=0) for model in models)
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_they_are_keras_layers():
    """To whoever asks for their class, and by their configuration to Keras's own."""
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, inception_module(inputs, 2, 2, 2, 2, 2, 2, name="module"))
    ours = [layer for layer in model.layers if type(layer).__module__ == faster.__name__]
    assert len(ours) == 8
    for layer in ours:
        kind = getattr(keras.layers, type(layer).__name__)
        assert isinstance(layer, kind)
        assert kind.from_config(layer.get_config()).get_config() == layer.get_config()
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
        assert type(again) is type(layer)

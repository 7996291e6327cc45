"""Local response normalization against a NumPy twin, PyTorch, and the definition's derivative."""

import keras
import numpy as np
import pytest
from keras import ops
from support import numpy_twin

from keras_googlenet import LocalResponseNormalization

BVLC = {"depth_radius": 2, "bias": 1.0, "alpha": 2e-5, "beta": 0.75}
CASES = [
    BVLC,
    {"depth_radius": 1, "bias": 2.0, "alpha": 0.3, "beta": 0.5},
    {"depth_radius": 5, "bias": 1.0, "alpha": 1.0, "beta": 1.0},
    {"depth_radius": 0, "bias": 0.5, "alpha": 0.1, "beta": 0.75},
]


def draw(shape, scale=100.0):
    return np.random.default_rng(0).normal(0, scale, shape).astype("float32")


@pytest.mark.parametrize("parameters", CASES)
@pytest.mark.parametrize("channels", [1, 2, 3, 7, 64])
def test_equals_the_definition(parameters, channels):
    x = draw((2, 5, 4, channels))
    y = LocalResponseNormalization(**parameters)(x)
    np.testing.assert_allclose(ops.convert_to_numpy(y), numpy_twin.lrn(x, **parameters), rtol=2e-5)


@pytest.mark.parametrize("parameters", CASES)
@pytest.mark.parametrize("channels", [1, 3, 64])
def test_channels_first(parameters, channels):
    """Composed operations here, TensorFlow's kernel above: both are held against the same twin."""
    x = draw((2, 5, 4, channels))
    layer = LocalResponseNormalization(**parameters, data_format="channels_first")
    y = ops.convert_to_numpy(layer(x.transpose(0, 3, 1, 2))).transpose(0, 2, 3, 1)
    np.testing.assert_allclose(y, numpy_twin.lrn(x, **parameters), rtol=2e-5)


def test_caffes_alpha_is_divided_by_the_window():
    torch = pytest.importorskip("torch", reason="PyTorch is in the extra `peers`")
    x = draw((2, 16, 6, 6))
    peer = torch.nn.functional.local_response_norm(torch.from_numpy(x), size=5, alpha=1e-4, beta=0.75, k=1.0)
    y = LocalResponseNormalization(**BVLC)(x.transpose(0, 2, 3, 1))
    np.testing.assert_allclose(ops.convert_to_numpy(y).transpose(0, 3, 1, 2), peer.numpy(), rtol=1e-5)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_gradient_is_the_derivative(data_format):
    """Central differences of the float64 twin; a sum weighted at random, so that no term cancels."""
    if keras.backend.backend() != "tensorflow":
        pytest.skip("tests/parity/test_backends.py holds the other backends' gradients against TensorFlow's")
    import tensorflow as tf

    parameters = {"depth_radius": 1, "bias": 1.0, "alpha": 0.2, "beta": 0.75}
    x = np.random.default_rng(1).normal(0, 2, (1, 2, 2, 5))
    weights = np.random.default_rng(2).normal(0, 1, x.shape)
    expected = np.empty_like(x)
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = 1e-5
        rise = numpy_twin.lrn(x + step, **parameters) - numpy_twin.lrn(x - step, **parameters)
        expected[index] = (weights * rise).sum() / 2e-5
    axes, back = ((0, 1, 2, 3), (0, 1, 2, 3)) if data_format == "channels_last" else ((0, 3, 1, 2), (0, 2, 3, 1))
    variable = tf.Variable(x.transpose(axes), dtype="float32")
    layer = LocalResponseNormalization(**parameters, data_format=data_format)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(weights.transpose(axes).astype("float32") * layer(variable))
    gradient = tape.gradient(loss, variable).numpy().transpose(back)
    np.testing.assert_allclose(gradient, expected, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_float32_inside_mixed_precision(policy, data_format):
    """300 squared is beyond float16: with half-precision arithmetic the sum would be infinite, the output zero."""
    x = np.full((1, 2, 2, 2), 300.0, "float32")
    y = LocalResponseNormalization(**BVLC, dtype=policy, data_format=data_format)(x)
    assert keras.backend.standardize_dtype(y.dtype) == policy.removeprefix("mixed_")
    expected = 300 / (1 + 2e-5 * 2 * 300**2) ** 0.75
    np.testing.assert_allclose(ops.convert_to_numpy(ops.cast(y, "float32")), expected, rtol=1e-2)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_dynamic_height_and_width(data_format):
    shape = (None, None, 6) if data_format == "channels_last" else (6, None, None)
    inputs = keras.Input(shape)
    layer = LocalResponseNormalization(**BVLC, data_format=data_format)
    model = keras.Model(inputs, layer(inputs))
    assert model.output_shape == (None, *shape)
    for height, width in ((3, 4), (7, 2)):
        x = draw((1, height, width, 6))
        axes, back = ((0, 1, 2, 3), (0, 1, 2, 3)) if data_format == "channels_last" else ((0, 3, 1, 2), (0, 2, 3, 1))
        y = model.predict(x.transpose(axes), verbose=0).transpose(back)
        np.testing.assert_allclose(y, numpy_twin.lrn(x, **BVLC), rtol=2e-5)


def test_survives_serialization():
    layer = LocalResponseNormalization(3, 2.0, 0.1, 0.6, data_format="channels_first", name="norm")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(again) is LocalResponseNormalization
    assert again.get_config() == layer.get_config()


def test_zeros_stay_finite():
    assert not ops.convert_to_numpy(LocalResponseNormalization(**BVLC)(np.zeros((1, 2, 2, 3)))).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth_radius": -1}, "`depth_radius` must be an integer of at least 0. Received: depth_radius=-1"),
        ({"depth_radius": 2.0}, "Received: depth_radius=2.0"),
        ({"bias": 0}, "`bias` must be positive and `alpha` not negative.*Received: bias=0, alpha=1.0"),
        ({"alpha": -1e-4}, "Received: bias=1.0, alpha=-0.0001"),
        ({"data_format": "NHWC"}, "`data_format` must be 'channels_last' or 'channels_first'. Received: .*'NHWC'"),
    ],
)
def test_refuses_parameters(arguments, message):
    with pytest.raises(ValueError, match=message):
        LocalResponseNormalization(**arguments)


@pytest.mark.parametrize("shape", [(4, 4, 3), (None, 4, 4, None), (None, 3)])
def test_refuses_inputs_that_are_no_feature_maps(shape):
    with pytest.raises(ValueError, match="needs an input of rank 4 with a known number of channels"):
        LocalResponseNormalization().build(shape)

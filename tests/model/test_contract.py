"""What every keras.applications model promises, in the order in which its arguments are checked."""

import re

import keras
import numpy as np
import pytest

from keras_googlenet import GoogLeNet, GoogLeNetModel
from keras_googlenet.architecture import PAPER, edit


def shaped(data_format, height, width, channels):
    return (height, width, channels) if data_format == "channels_last" else (channels, height, width)


def test_the_papers_network_to_the_last_parameter():
    assert GoogLeNet(weights=None).count_params() == 13_378_280
    assert GoogLeNet(weights=None, aux_heads=False).count_params() == 6_998_552


def test_the_default_has_the_heads_that_training_needs():
    model = GoogLeNet(weights=None)
    assert model.output_names == ["predictions", "aux1", "aux2"]
    assert model.output_shape == [(None, 1000)] * 3
    assert model.input_shape == (None, 224, 224, 3)
    assert model.name == "googlenet"


def test_it_is_a_functional_keras_model():
    model = GoogLeNet(weights=None, include_top=False)
    assert isinstance(model, keras.Model)
    assert type(model) is GoogLeNetModel
    assert keras.Model(model.input, model.get_layer("inception_3a_output").output)


@pytest.mark.parametrize("channels", [1, 3])
def test_without_top_any_size_and_channels(data_format, channels):
    model = GoogLeNet(weights=None, include_top=False, input_shape=shaped(data_format, None, None, channels))
    assert model.output_shape == (None, *shaped(data_format, None, None, 1024))


def test_without_top_four_channels_warn(data_format):
    with pytest.warns(UserWarning, match="usually expects 1 or 3 input channels.*with 4 input channels"):
        model = GoogLeNet(weights=None, include_top=False, input_shape=shaped(data_format, None, None, 4))
    assert model.output_shape == (None, *shaped(data_format, None, None, 1024))


def test_without_top_odd_size(data_format):
    model = GoogLeNet(weights=None, include_top=False, input_shape=shaped(data_format, 123, 123, 3))
    assert model.output_shape == (None, *shaped(data_format, 3, 3, 1024))  # Keras's "same" would give 4


def test_upon_another_layers_output(data_format):
    inputs = keras.Input(shaped(data_format, 200, 200, 4))
    x = keras.layers.Conv2D(3, 2, strides=2, name="before")(inputs)
    model = GoogLeNet(weights=None, include_top=False, input_tensor=x)
    assert model.get_layer("before")
    assert model.input_shape == (None, *shaped(data_format, 200, 200, 4))


@pytest.mark.parametrize("pooling", ["avg", "max"])
def test_pooling(data_format, pooling):
    model = GoogLeNet(weights=None, include_top=False, pooling=pooling)
    assert model.output_shape == (None, 1024)
    assert model.layers[-1].name == f"{pooling}_pool"


def test_the_classifier_comes_last():
    model = GoogLeNet(weights=None, aux_heads=False)
    assert model.layers[-1].name == "predictions"
    assert model.layers[-1].activation is keras.activations.softmax
    logits = GoogLeNet(weights=None, aux_heads=False, classifier_activation=None)
    assert logits.layers[-1].activation is keras.activations.linear


@pytest.mark.parametrize("aux_heads", [True, False])
def test_layers_are_in_keras_own_order(aux_heads):
    model = GoogLeNet(weights=None, aux_heads=aux_heads)
    assert model.layers == keras.Model(model.inputs, model.outputs).layers


@pytest.mark.computes
def test_dynamic_size_equals_static_size():
    """One set of weights, odd and even sizes, square or not."""
    dynamic = GoogLeNet(weights=None, include_top=False, pooling="avg")
    for size in ((64, 64), (65, 97), (70, 33)):
        static = GoogLeNet(weights=None, include_top=False, pooling="avg", input_shape=(*size, 3))
        static.set_weights(dynamic.get_weights())
        x = np.random.default_rng(0).normal(0, 50, (2, *size, 3)).astype("float32")
        np.testing.assert_allclose(dynamic.predict(x, verbose=0), static.predict(x, verbose=0), rtol=1e-5, atol=1e-6)


@pytest.mark.computes
@pytest.mark.parametrize("options", [{}, {"include_top": False}, {"variant": "batchnorm", "classes": 7}])
def test_config_round_trip(options):
    model = GoogLeNet(weights=None, input_shape=(64, 64, 3), **options)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(model))
    assert type(again) is GoogLeNetModel
    assert [w.path for w in again.weights] == [w.path for w in model.weights]
    assert again.get_config() == model.get_config()
    assert again.architecture == model.architecture
    assert again.output_names == model.output_names


def test_a_table_of_ones_own_builds():
    short = edit(PAPER, lambda row: None if row.name in ("inception_4b", "inception_4c") else row, name="short")
    model = GoogLeNet(weights=None, variant=short, input_shape=(64, 64, 3), classes=5)
    assert "inception_4b" not in model.endpoints
    assert "inception_4d" in model.endpoints
    assert model.output_names == ["predictions", "aux1", "aux2"]


def test_probabilities_are_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=3)
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.get_layer("inception_3a_output").compute_dtype == "bfloat16"
    outputs = model(np.zeros((1, 32, 32, 3)))
    assert {keras.backend.standardize_dtype(y.dtype) for y in outputs} == {"float32"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weights": "image-net"}, "The `weights` argument should be either `None`.*Received: weights='image-net'"),
        ({"weights": 3}, "Received: weights=3"),
        ({"weights": "imagenet", "classes": 10}, "`classes` should be 1000.*Received: classes=10"),
        ({"weights": None, "classes": 0}, "`classes` must be a positive integer. Received: classes=0"),
        ({"weights": None, "input_shape": (64, 64)}, "must be a tuple of three integers.*Received: input_shape=(64, "),
        ({"weights": None, "input_shape": 64}, "must be a tuple of three integers.*Received: input_shape=64"),
        (
            {"weights": "imagenet", "input_shape": (64, 64, 1)},
            "The input must have 3 channels.*Received: input_shape=(64, ",
        ),
        ({"weights": "imagenet", "input_shape": (64, 64, 4)}, "The input must have 3 channels"),
        ({"weights": "imagenet", "input_tensor": keras.Input((64, 64, 1))}, "The input must have 3 channels"),
        (
            {"weights": "imagenet", "input_shape": (64, 64, 2), "include_top": False},
            "or 1 (gray), or more of which the first three are RGB. Received: input_shape=(64, 64, 2)",
        ),
        (
            {"weights": None, "input_tensor": keras.Input((64, 64, 2)), "include_preprocessing": True},
            "The mean is known of one channel (gray) and of three (RGB)",
        ),
        ({"weights": None, "input_shape": (64, 64, None)}, "number of channels must be a positive integer"),
        ({"weights": None, "input_shape": (31, 64, 3)}, "must be at least 32x32. Received: input_shape=(31, 64, 3)"),
        ({"weights": None, "input_shape": (64, 31, 3), "include_top": False}, "must be at least 32x32"),
        ({"weights": None, "input_shape": (None, 64, 3)}, "needs a static height and width"),
        (
            {"weights": "imagenet", "classifier_activation": "relu"},
            "only `classifier_activation='softmax'` or `None` can be used. Received: classifier_activation='relu'",
        ),
        ({"weights": None, "input_tensor": np.zeros((1, 64, 64, 3))}, "`input_tensor` must be a Keras tensor"),
        ({"weights": None, "input_tensor": keras.Input((64,))}, "must be a batch of images, of rank 4"),
        ({"weights": None, "input_tensor": keras.Input((16, 16, 3))}, "at least 32x32. Received: input_tensor of"),
        ({"weights": None, "input_tensor": keras.Input((None, None, 3))}, "needs a static height and width"),
        (
            {"weights": None, "input_tensor": keras.Input((64, 64, 3)), "input_shape": (32, 32, 3)},
            "`input_shape` and `input_tensor` disagree",
        ),
        ({"weights": None, "include_top": False, "pooling": "mean"}, "`pooling` must be None, 'avg' or 'max'"),
        ({"weights": None, "include_top": False, "aux_heads": True}, "Auxiliary heads classify"),
        ({"weights": None, "variant": "slim", "aux_heads": True}, "'slim' has no auxiliary heads"),
        ({"weights": None, "variant": "vgg"}, "`variant` must be None, one of"),
    ],
)
def test_refuses(arguments, message):
    pattern = re.escape(message).replace(r"\.\*", ".*")
    with pytest.raises(ValueError, match=pattern):
        GoogLeNet(**arguments)

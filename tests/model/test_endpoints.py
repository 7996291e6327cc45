"""`model.endpoints`: everything that the network computes, under the names that people use."""

import keras
import numpy as np
import pytest
from support import deterministic

from keras_googlenet import GoogLeNet
from keras_googlenet.architecture import VARIANTS, Inception, edit
from keras_googlenet.model.endpoints import LayerError


@pytest.fixture(scope="module", params=["paper", "batchnorm", "slim"])
def network(request):
    model = GoogLeNet(weights=None, variant=request.param, input_shape=(96, 96, 3))
    deterministic.fill(model)
    return model


def computed(model, *names):
    return keras.Model(model.input, [model.endpoints[name] for name in names]).predict_on_batch(
        deterministic.images(2, 96)
    )


NAMES = [
    ("mixed4b", "inception_4b", "4b", "inception (4b)", "inception_4b/output"),
    ("mixed4b_3x3_bottleneck", "inception_4b/3x3_reduce", "inception_4b_3x3_reduce", "4b_3x3_reduce"),
    ("conv2d2", "conv2", "conv2/3x3", "conv2_3x3"),
    ("maxpool4", "pool3", "pool3/3x3_s2"),
    ("softmax2", "predictions", "prob", "loss3/classifier"),
]


@pytest.mark.computes
@pytest.mark.parametrize("names", NAMES, ids=lambda names: names[0])
def test_all_names_of_a_layer_mean_the_same(network, names):
    first, *others = (network.endpoints[name] for name in names)
    assert all(other is first for other in others)
    assert len({network.endpoints.name(name) for name in names}) == 1


@pytest.mark.computes
@pytest.mark.parametrize("name", ["conv2d0", "conv2d1", "mixed3a", "mixed4d_5x5", "mixed5b_pool_reduce", "4e"])
def test_a_relu_of_what_comes_before_it_is_the_output(network, name):
    before, after = computed(network, f"{name}_pre_relu", name)
    assert before.min() < 0 < before.max()
    np.testing.assert_array_equal(np.maximum(before, 0), after)


def test_before_a_relu_is_the_convolution_and_its_bias():
    """As TensorFlow's own operation computes it."""
    import tensorflow as tf

    model = GoogLeNet(weights=None, input_shape=(96, 96, 3))
    deterministic.fill(model)
    maps, before = computed(model, "pool3", "mixed4a_1x1_pre_relu")
    kernel, bias = model.get_layer("inception_4a_1x1").get_weights()
    np.testing.assert_allclose(before, tf.nn.conv2d(maps, kernel, 1, "SAME") + bias, rtol=1e-4, atol=1e-3)


@pytest.mark.computes
def test_before_the_softmax(network):
    if "aux1" not in network.output_names:
        pytest.skip("It has no auxiliary heads")
    for head, name in (("predictions", "softmax2"), ("aux1", "softmax0"), ("aux2", "softmax1")):
        logits, output = computed(network, f"{name}_pre_activation", name)
        np.testing.assert_allclose(keras.ops.softmax(logits), output, rtol=1e-4)
        assert network.endpoints.name(f"{head}_pre_relu") == f"{head}_pre_activation"
    without = GoogLeNet(weights=None, classifier_activation=None, input_shape=(96, 96, 3))
    assert without.endpoints["softmax2_pre_activation"] is without.outputs[0]


def test_a_row_of_batch_normalization_ends_in_its_relu():
    model = GoogLeNet(weights=None, variant="batchnorm", input_shape=(64, 64, 3))
    assert model.endpoints["conv1"] is model.get_layer("conv1_7x7_s2_relu").output
    assert model.endpoints["conv1_pre_relu"] is model.get_layer("conv1_7x7_s2_bn").output


def test_all_rows_at_once_and_what_comes_before_them(network):
    names = [f"mixed{row[-2:]}" for row in network.endpoints if row.startswith("inception")]
    both = keras.Model(network.input, [network.endpoints[name + end] for name in names for end in ("", "_pre_relu")])
    assert len(both.outputs) == 18
    assert set(keras.Model(network.input, network.endpoints).output) == set(network.endpoints.keys())


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("mixed4x", "mixed4"),
        ("inception_6a", "inception_"),
        ("conv9", "conv"),
        ("4b_3x3_reduc", "3x3_reduce"),
        ("", ""),
    ],
)
def test_a_name_of_nothing(name, meant):
    endpoints = GoogLeNet(weights=None, input_shape=(32, 32, 3)).endpoints
    with pytest.raises(LayerError, match="No such layer") as caught:
        endpoints[name]
    assert meant in str(caught.value)
    assert name not in endpoints
    assert endpoints.get(name) is None


def test_what_ends_in_no_activation():
    endpoints = GoogLeNet(weights=None, input_shape=(32, 32, 3)).endpoints
    for name in ("pool2", "conv2_norm2", "mixed4a_pool"):
        with pytest.raises(LayerError, match="ends in no activation"):
            endpoints[f"{name}_pre_relu"]
    naive = edit(VARIANTS["paper"], lambda row: row.naive() if isinstance(row, Inception) else row, name="naive")
    with pytest.raises(LayerError, match="ends in no activation"):
        GoogLeNet(False, None, variant=naive, input_shape=(32, 32, 3)).endpoints["4a_pre_relu"]


def test_a_model_of_it_is_saved(tmp_path):
    base = GoogLeNet(False, None, input_shape=(64, 64, 3))
    deterministic.fill(base)
    model = keras.Model(base.input, base.endpoints["mixed3b_pre_relu"])
    images = deterministic.images(1, 64)
    expected = model.predict_on_batch(images)
    model.save(tmp_path / "m.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "m.keras").predict_on_batch(images), expected)


def test_layers_by_the_names_of_others():
    model = GoogLeNet(weights=None, input_shape=(32, 32, 3))
    for theirs, ours in (
        ("mixed4a", "inception_4a_output"),
        ("mixed4a_3x3", "inception_4a_3x3"),
        ("inception_4a/3x3", "inception_4a_3x3"),
        ("conv1", "conv1_7x7_s2"),
        ("softmax0", "aux1"),
    ):
        assert model.get_layer(theirs).name == ours
    assert model.get_layer(index=1) is model.layers[1]
    for name in ("mixed4a_pre_relu", "mixed9a"):
        with pytest.raises(ValueError, match=f"No such layer: {name}"):
            model.get_layer(name)


def test_a_recipe_and_what_it_unfreezes_by_the_names_of_others():
    from keras_googlenet.training import Recipe
    from keras_googlenet.training.freezing import unfreeze

    Recipe(weights="imagenet", freeze="trunk", freeze_epochs=1, epochs=2, unfreeze_from="mixed5a")
    model = GoogLeNet(weights=None, input_shape=(32, 32, 3))
    unfreeze(model, "mixed5a")
    assert not model.get_layer("mixed4e_1x1").trainable
    assert model.get_layer("mixed5a_1x1").trainable

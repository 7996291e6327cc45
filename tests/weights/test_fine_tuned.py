"""Files that somebody fine-tuned: classifiers under other names, and other layers above the trunk."""

import keras
import numpy as np
import pytest
from caffe_builders import caffe_forward, caffe_layers, keras_network
from file_builders import write, write_npz

from keras_googlenet.weights import WeightsError, load, read
from keras_googlenet.weights.fine_tuned import recognized

RENAMED = {
    "retrain": "loss3/classifier_retrain",
    "flickr": "loss3/flickr_style",
    "dash": "loss3-classifier",
    "underscore": "loss3_classifier2",
}


def renamed(layers, name):
    layers = dict(layers)
    layers[name] = layers.pop("loss3/classifier")
    for head in ("loss1", "loss2"):
        if f"{head}/classifier" in layers:
            layers[name.replace("loss3", head)] = layers.pop(f"{head}/classifier")
    return layers


def compute(model, layers):
    """Outputs of the Keras model and of Caffe's arithmetic, on one image."""
    image = np.random.default_rng(1).normal(size=(1, 8, 8, 3)).astype("float32")
    outputs = model(image)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    return [np.array(y)[0] for y in outputs], caffe_forward(layers, image[0].transpose(2, 0, 1)[::-1])


@pytest.mark.parametrize("suffix", [".caffemodel", ".npz"])
@pytest.mark.parametrize("name", RENAMED.values(), ids=RENAMED)
@pytest.mark.parametrize("heads", [True, False])
def test_caffes_renamed_classifiers_are_the_classifiers(tmp_path, suffix, name, heads):
    layers = caffe_layers(heads, classes=5)
    path = write(tmp_path / f"net{suffix}", renamed(layers, name))
    model = keras_network(aux_heads=heads, classes=5)
    load(model.layers, path)  # a warning would be an error
    for ours, theirs in zip(*compute(model, layers), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)
    assert recognized(read(path))["predictions/bias"].shape == (5,)


def trunk_weights(model):
    names = ("conv1_7x7_s2", "inception_3a_3x3_reduce")
    return [np.array(w).tobytes() for name in names for w in model.get_layer(name).weights]


@pytest.mark.parametrize("case", ["no top", "other classes", "other classes and heads"])
def test_caffes_trunk_whatever_stands_above(tmp_path, case):
    layers = renamed(caffe_layers(classes=5), "loss3/classifier_retrain")
    rng = np.random.default_rng(0)
    layers["embedding"] = rng.normal(size=(8, 6)).astype("f4"), np.zeros(8, "f4")
    path = write_npz(tmp_path / "net.npz", layers)
    model = keras_network(aux_heads="heads" in case, classes=10)
    before = np.array(model.get_layer("predictions").kernel)
    with pytest.warns(
        UserWarning, match="above the trunk, which are left out: .*loss3_classifier_retrain.*embedding"
    ) as w:
        load(model.layers, path, trunk_only=case == "no top")
    [message] = [str(warning.message) for warning in w if warning.category is UserWarning]
    assert ("predictions" in message.split("left out")[0]) == (case != "no top")
    expected = keras_network(aux_heads=False, classes=5)
    load(expected.layers, write(tmp_path / "plain.npz", caffe_layers(heads=False, classes=5)))
    assert trunk_weights(model) == trunk_weights(expected)
    np.testing.assert_array_equal(model.get_layer("predictions").kernel, before)


def test_two_candidates_are_not_guessed(tmp_path):
    layers = caffe_layers(heads=False, classes=5)
    kernel, bias = layers.pop("loss3/classifier")
    layers |= {"loss3/color": (kernel, bias), "loss3/shape": (kernel, bias)}
    path = write_npz(tmp_path / "net.npz", layers)
    model = keras_network(aux_heads=False, classes=5)
    with pytest.warns(UserWarning, match="stay as initialized: predictions.*left out: loss3_color, loss3_shape"):
        load(model.layers, path)


def test_the_published_name_goes_before_another(tmp_path):
    layers = caffe_layers(heads=False, classes=5)
    layers["loss3/other"] = (np.ones((5, 6), "f4"), np.ones(5, "f4"))
    with pytest.raises(WeightsError, match=r"Surplus \(2\): loss3_other/kernel"):
        load(keras_network(aux_heads=False, classes=5).layers, write_npz(tmp_path / "net.npz", layers))


@pytest.mark.parametrize(
    "name", ["conv1/7x7_s2/bn", "inception_3a/se", "bn_conv1", "inception_3a_scale", "conv2/extra"]
)
def test_layers_within_the_trunk_are_another_network(tmp_path, name):
    """Without them its features would be wrong: that is no difference to warn of."""
    layers = {**caffe_layers(heads=False), name: (np.ones((4, 4), "f4"), np.ones(4, "f4"))}
    path, model = write_npz(tmp_path / "net.npz", layers), keras_network(aux_heads=False, classes=10)
    for trunk_only in (True, False):
        with pytest.raises(WeightsError, match=r"Surplus \(2\)"):
            load(model.layers, path, trunk_only=trunk_only)


def test_another_network_altogether_is_told_from_both_sides(tmp_path):
    path = write_npz(tmp_path / "net.npz", {"fc6": (np.ones((4, 4), "f4"), np.ones(4, "f4"))})
    with pytest.raises(WeightsError, match=r"Missing \(4\): conv1.*\nSurplus \(2\): fc6/kernel, fc6/bias"):
        load(keras_network(aux_heads=False).layers, path, trunk_only=True)


@pytest.mark.parametrize("suffix", [".keras", ".weights.h5"])
def test_kerass_own_transfer_models_give_their_trunk(tmp_path, suffix):
    base = keras_network(aux_heads=False)
    base = keras.Model(base.input, base.get_layer("avg_pool").output)
    model = keras.Sequential([keras.Input((8, 8, 3)), base, keras.layers.Dense(5, name="mine")])
    (model.save if suffix == ".keras" else model.save_weights)(tmp_path / f"net{suffix}")
    trunk = keras_network(aux_heads=False, classes=10)
    with pytest.warns(UserWarning, match="stay as initialized: predictions.*left out: mine"):
        load(trunk.layers, tmp_path / f"net{suffix}")
    assert trunk_weights(trunk) == trunk_weights(base)

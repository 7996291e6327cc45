"""Google's own GoogLeNet: a graph of its nodes, run by TensorFlow, against the network that its file makes here.

Every convolution, row and head, on Keras's three backends, at 224 pixels and at sizes that pad otherwise.
"""

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from support.inception5h_twin import MIXED, Network

from keras_googlenet import GoogLeNet, preprocess_input
from keras_googlenet.layers import LocalResponseNormalization
from keras_googlenet.utils import ilsvrc2012

POOLS = ["maxpool0", "localresponsenorm0", "localresponsenorm1", "maxpool1", "maxpool4", "maxpool10"]

MODULES = [*MIXED, *(f"{name}_pool" for name in MIXED)]

CONVOLUTIONS = ["conv2d0", "conv2d1", "conv2d2"] + [
    f"{name}_{part}"
    for name in MIXED
    for part in ("1x1", "3x3_bottleneck", "3x3", "5x5_bottleneck", "5x5", "pool_reduce")
]

TRUNK = [*POOLS, *MODULES, *CONVOLUTIONS, *(f"{name}_pre_relu" for name in CONVOLUTIONS)]

HEADS = [
    name.format(head)
    for head in (0, 1)
    for name in ("head{}_pool", "head{}_bottleneck", "head{}_bottleneck_pre_relu", "nn{}", "nn{}_pre_relu", "softmax{}")
]

ALL = [*TRUNK, *HEADS, "softmax2", *(f"softmax{number}_pre_activation" for number in range(3))]
"""Names of the graph's nodes, which are names of endpoints here."""

CASES = [
    ("tensorflow", (224, 224)),
    ("tensorflow", (219, 210)),
    ("torch", (224, 224)),
    ("torch", (219, 210)),
    ("jax", (224, 224)),
    ("jax", (219, 210)),
]
"""Of both sizes, 4a and 4d have maps of 14x14, for which the heads are made; odd and even maps pad otherwise."""

PROGRAM = """
import sys
import keras
import numpy as np
from keras_googlenet import GoogLeNet, preprocess_input

weights, images, output, top, *names = sys.argv[1:]
x = np.load(images)
options = {"aux_heads": True} if top == "top" else {"include_top": False}
model = GoogLeNet(weights=weights, input_shape=x.shape[1:], **options)
nodes = keras.Model(model.input, {name: model.endpoints[name] for name in names})
np.savez(output, **nodes.predict(preprocess_input(x), verbose=0))
"""


@pytest.fixture(scope="module")
def network():
    return Network(seed=0)


@pytest.fixture(scope="module")
def file(network, tmp_path_factory):
    return network.save(tmp_path_factory.mktemp("inception5h") / "tensorflow_inception_graph.pb")


def photos(height, width, count=2):
    """Smooth colors and noise, RGB in 0-255."""
    rng = np.random.default_rng(height)
    coarse = rng.uniform(0, 255, (count, 4, 4, 3)).repeat(height // 4 + 1, 1).repeat(width // 4 + 1, 2)
    pixels = coarse[:, :height, :width] + rng.normal(0, 20, (count, height, width, 3))
    return np.clip(pixels, 0, 255).astype("float32")


def computed(backend, file, images, folder, top, names):
    """What a backend makes of images at these endpoints, in a process of its own."""
    np.save(folder / "images.npy", images)
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(root)}
    arguments = [file, folder / "images.npy", folder / "found.npz", "top" if top else "trunk", *names]
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with np.load(folder / "found.npz") as found:
        return dict(found)


def assert_alike(found, expected):
    for name, theirs in expected.items():
        largest = np.abs(theirs).max()
        assert largest > 1e-3, name  # it has not vanished
        assert found[name].shape == theirs.shape, name
        assert np.abs(found[name] - theirs).max() <= 1e-5 * (1 if name in SOFTMAXES else largest), name


SOFTMAXES = ("softmax0", "softmax1", "softmax2")


def test_the_graph_is_as_large_as_googles(network, file):
    """Google's file has 142 constants in 53,884,595 bytes; other attributes take some hundred bytes more or less."""
    assert sum(node.op == "Const" for node in network.graph.node) == 142
    assert abs(file.stat().st_size - 53_884_595) < 5_000


@pytest.mark.spawns
@pytest.mark.parametrize(("backend", "size"), CASES)
def test_every_node_and_head(backend, size, network, file, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is in the extra `peers`")
    images = photos(*size)
    assert_alike(computed(backend, file, images, tmp_path, True, ALL), network.run(images - 117, ALL))


@pytest.mark.spawns
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_the_trunk_at_another_size(backend, network, file, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is in the extra `peers`")
    images = photos(97, 130)
    assert_alike(computed(backend, file, images, tmp_path, False, TRUNK), network.run(images - 117, TRUNK))


@pytest.mark.computes
def test_the_classifier_at_another_size(network, file):
    """One whose last map is 7x7, but whose heads would read maps of 3x4."""
    images = photos(200, 224)
    expected = network.run(images - 117, ["softmax2"])["softmax2"]
    model = GoogLeNet(weights=file, input_shape=(200, 224, 3))
    np.testing.assert_allclose(model.predict(preprocess_input(images), verbose=0), expected, rtol=0, atol=1e-5)


@pytest.mark.computes
def test_a_thousand_classes_in_keras_order(network, file):
    """The softmax of the classes' own columns, of all three heads."""
    images, model = photos(224, 224), GoogLeNet(weights=file, classes=1000, aux_heads=True)
    names = ["softmax2_pre_activation", "softmax0_pre_activation", "softmax1_pre_activation"]
    expected = network.run(images - 117, names)
    for found, name in zip(model.predict(preprocess_input(images), verbose=0), names, strict=True):
        powers = np.exp(expected[name] - expected[name].max())[:, list(ilsvrc2012.COLUMNS)]
        np.testing.assert_allclose(found, powers / powers.sum(-1, keepdims=True), rtol=0, atol=1e-5)


@pytest.mark.computes
def test_the_archive_and_pixels_from_a_file(network, file, tmp_path):
    with zipfile.ZipFile(tmp_path / "inception5h.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(file, "tensorflow_inception_graph.pb")
        archive.writestr("imagenet_comp_graph_label_strings.txt", "dummy\nkit fox")
        archive.writestr("LICENSE", "Apache")
    images = photos(224, 224)
    model = GoogLeNet(weights=tmp_path / "inception5h.zip", include_preprocessing=True)
    assert model.architecture.name == "inception5h"
    expected = network.run(images - 117, ["softmax2"])["softmax2"]
    np.testing.assert_allclose(model.predict(images, verbose=0), expected, rtol=0, atol=1e-5)


def test_normalization_is_tensorflows():
    import tensorflow as tf

    x = np.random.default_rng(0).normal(0, 80, (2, 5, 4, 19)).astype("float32")
    layer = LocalResponseNormalization(depth_radius=5, bias=2.0, alpha=1e-4, beta=0.5)
    expected = tf.nn.local_response_normalization(x, 5, 2.0, 9.9999997e-05, 0.5).numpy()
    squares = np.pad(x.astype("float64") ** 2, [(0, 0)] * 3 + [(5, 5)])
    by_hand = x / np.sqrt(2 + 1e-4 * sum(squares[..., i : i + 19] for i in range(11)))
    np.testing.assert_allclose(expected, by_hand, rtol=1e-5)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(x)), expected, rtol=1e-5)


@pytest.mark.parametrize("numbers", [(5, 2.0, 1e-4, 11, 11e-4, 2.0), (4, 1.0, 1e-4 / 9, 9, 1e-4, 1.0)])
def test_normalization_in_pytorchs_terms(numbers):
    """Google's, and torch-lucent's in place of it, as `benchmarks/wrong_normalization.py` has them."""
    torch = pytest.importorskip("torch", reason="torch is in the extra `peers`")
    radius, bias, alpha, size, theirs, k = numbers
    x = np.random.default_rng(0).normal(0, 80, (2, 5, 4, 19)).astype("float32")
    layer = LocalResponseNormalization(depth_radius=radius, bias=bias, alpha=alpha, beta=0.5)
    channels_first = torch.from_numpy(x.transpose(0, 3, 1, 2).copy())
    expected = torch.nn.functional.local_response_norm(channels_first, size, theirs, 0.5, k).numpy()
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(x)), expected.transpose(0, 2, 3, 1), rtol=1e-5)

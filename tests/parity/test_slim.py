"""TF-slim's `inception_v1`: checkpoints of its own names, against its definition in plain TensorFlow."""

import tarfile

import numpy as np
import pytest
import tensorflow as tf
from support import slim_twin

from keras_googlenet import GoogLeNet, preprocess_input, weights
from keras_googlenet.data import center_crop
from keras_googlenet.data.images import decode_image


@pytest.fixture(scope="module")
def network():
    return slim_twin.Network(seed=0, outputs=1001)


@pytest.fixture(scope="module", params=[False, True], ids=["second format", "first format"])
def checkpoint(request, network, tmp_path_factory):
    path = tmp_path_factory.mktemp("slim") / "inception_v1.ckpt"
    network.save(path, first_format=request.param)
    return path


def answers(network, images):
    """Probabilities of the 1000 classes, given that it is not slim's background."""
    return tf.nn.softmax(network((images / 127.5 - 1).astype("float32"))[:, 1:]).numpy()


def noise(count=2, size=224, seed=0):
    return np.random.default_rng(seed).uniform(0, 255, (count, size, size, 3)).astype("float32")


@pytest.mark.computes
def test_the_same_probabilities(network, checkpoint):
    images, model = noise(), GoogLeNet(weights=checkpoint)
    assert model.architecture.name == "slim"
    expected = answers(network, images)
    assert expected.max() > 0.01
    np.testing.assert_allclose(model.predict(preprocess_input(images), verbose=0), expected, rtol=0, atol=1e-5)


@pytest.mark.computes
@pytest.mark.parametrize("size", [97, 160])
def test_other_sizes(network, tmp_path, size):
    """ "Same" padding differs from Caffe's on odd and even maps."""
    network.save(tmp_path / "x.ckpt")
    images, model = noise(size=size), GoogLeNet(weights=tmp_path / "x.ckpt", input_shape=(size, size, 3))
    found = model.predict(preprocess_input(images), verbose=0)
    np.testing.assert_allclose(found, answers(network, images), rtol=0, atol=1e-5)


@pytest.mark.computes
def test_photos(network, tmp_path, shared_data):
    network.save(tmp_path / "x.ckpt")
    with tarfile.open(shared_data / "hymenoptera.tar") as archive:
        names = sorted(name for name in archive.getnames() if "/val/" in name and name.endswith(".jpg"))[::60]
        views = [center_crop(decode_image(archive.extractfile(name).read(), name), 224) for name in names]
    images = np.stack(views).astype("float32")
    found = GoogLeNet(weights=tmp_path / "x.ckpt").predict(preprocess_input(images), verbose=0)
    np.testing.assert_allclose(found, answers(network, images), rtol=0, atol=1e-5)


@pytest.mark.computes
def test_fine_tuned_without_a_background(tmp_path):
    network = slim_twin.Network(seed=1, outputs=5)
    network.save(tmp_path / "flowers.ckpt")
    images, model = noise(seed=2), GoogLeNet(weights=tmp_path / "flowers.ckpt", classes=5)
    expected = tf.nn.softmax(network((images / 127.5 - 1).astype("float32"))).numpy()
    np.testing.assert_allclose(model.predict(preprocess_input(images), verbose=0), expected, rtol=0, atol=1e-5)


def test_other_variables_are_not_passed_over(network, tmp_path):
    network.save(tmp_path / "x.ckpt", **{"InceptionV1/Conv2d_1a_7x7/BatchNorm/gamma": np.ones(64, "float32")})
    with pytest.raises(weights.WeightsError, match=r"Surplus \(1\): conv1_7x7_s2_bn/gamma"):
        GoogLeNet(weights=tmp_path / "x.ckpt")


def test_a_file_that_is_none(tmp_path):
    with pytest.raises(weights.WeightsError, match=r"no weights file at .*none\.ckpt"):
        weights.read(tmp_path / "none.ckpt")
    (tmp_path / "text.ckpt").write_text("not a checkpoint")
    with pytest.raises(weights.WeightsError, match=r"Cannot read .*text\.ckpt"):
        weights.read(tmp_path / "text.ckpt")


def test_a_cut_off_checkpoint(network, tmp_path):
    network.save(tmp_path / "x.ckpt")
    [data] = tmp_path.glob("x.ckpt.data-*")
    data.write_bytes(data.read_bytes()[:-100_000])
    with pytest.raises(weights.WeightsError, match=r"Cannot read .*x\.ckpt"):
        weights.read(tmp_path / "x.ckpt")

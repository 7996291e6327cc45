"""Caffe's weights from each container, against a forward pass in Caffe's own layouts."""

import struct
import sys

import keras
import numpy as np
import pytest
from caffe_builders import (
    block,
    caffe_forward,
    caffe_layers,
    integer,
    keras_network,
    net,
    snapshot,
)
from file_builders import onnx_model, write, write_caffemodel, write_npz, write_onnx

from keras_googlenet.weights import WeightsError, read
from keras_googlenet.weights.assignment import targets, transfer
from keras_googlenet.weights.formats import FORMATS

FOREIGN = [".caffemodel", ".npz", ".onnx"]


def write_any(path, layers, **kwargs):
    if path.suffix == ".onnx":
        pytest.importorskip("onnx")
    return write(path, layers, **kwargs)


def assert_computes_the_same(model, layers):
    """The Keras model on RGB images equals Caffe's arithmetic on BGR ones, heads included."""
    images = np.random.default_rng(1).normal(size=(2, 8, 8, 3)).astype("float32")
    got = model(images)
    got = got if isinstance(got, list) else [got]
    for index, image in enumerate(images):
        expected = caffe_forward(layers, image.transpose(2, 0, 1)[::-1])
        assert len(expected) == len(got)
        for mine, caffes in zip(got, expected, strict=True):
            np.testing.assert_allclose(keras.ops.convert_to_numpy(mine)[index], caffes, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("heads", [True, False])
@pytest.mark.parametrize("suffix", FOREIGN)
def test_computes_what_caffe_computes(tmp_path, suffix, heads):
    layers = caffe_layers(heads)
    path = write_any(tmp_path / f"net{suffix}", layers)
    model = keras_network(aux_heads=heads)
    transfer(read(path), targets(model.layers), str(path))
    assert_computes_the_same(model, layers)


@pytest.mark.parametrize("double", [True, False])
@pytest.mark.parametrize("old_shape", [True, False])
@pytest.mark.parametrize("v1", [True, False])
def test_caffemodel_generations(tmp_path, v1, old_shape, double):
    layers = caffe_layers(classes=10)
    path = write_caffemodel(tmp_path / "net.caffemodel", layers, v1=v1, old_shape=old_shape, double=double)
    model = keras_network(classes=10)
    transfer(read(path), targets(model.layers), str(path))
    assert_computes_the_same(model, layers)


def test_onnx_numbers_in_either_field(tmp_path):
    pytest.importorskip("onnx")
    layers = caffe_layers(heads=False)
    raw = read(write_onnx(tmp_path / "raw.onnx", layers, raw=True))
    typed = read(write_onnx(tmp_path / "typed.onnx", layers, raw=False))
    assert raw.keys() == typed.keys()
    assert all(np.array_equal(raw[name], typed[name]) for name in raw)


@pytest.mark.parametrize("suffix", FOREIGN)
def test_unknown_layers_are_kept_to_be_reported(tmp_path, suffix):
    layers = {**caffe_layers(heads=False), "scale/x": (np.ones((2, 2), "f4"), np.ones(2, "f4"))}
    arrays = read(write_any(tmp_path / f"net{suffix}", layers))
    assert {"scale_x/kernel", "scale_x/bias"} < arrays.keys()
    assert "OC2_DUMMY_1" not in arrays


def test_further_blobs_are_kept_to_be_reported(tmp_path):
    layers = {"bn": (np.ones(2, "f4"), np.ones(2, "f4"), np.ones(1, "f4"))}
    arrays = read(write_caffemodel(tmp_path / "net.caffemodel", layers))
    assert list(arrays) == ["bn/kernel", "bn/bias", "bn/blobs[2]"]


def test_other_float_initializers_are_kept_to_be_reported(tmp_path):
    onnx = pytest.importorskip("onnx")
    model = onnx_model(caffe_layers(heads=False))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(3, "f4"), "mean"))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    assert "mean" in read(tmp_path / "net.onnx")


@pytest.mark.parametrize("suffix", FORMATS)
def test_missing_file(tmp_path, suffix):
    with pytest.raises(WeightsError, match=rf"no weights file at .*net{suffix}.*Received: path="):
        read(tmp_path / f"net{suffix}")


@pytest.mark.parametrize("suffix", FORMATS)
def test_folder(tmp_path, suffix):
    (tmp_path / f"net{suffix}").mkdir()
    with pytest.raises(WeightsError, match=rf"net{suffix} is a folder.*Received: path="):
        read(tmp_path / f"net{suffix}")


@pytest.mark.parametrize("content", [b"", b"\n", b"<html>Not found</html>" * 20, b"\xff" * 64])
@pytest.mark.parametrize("suffix", FORMATS)
def test_garbage(tmp_path, suffix, content):
    if suffix == ".onnx":
        pytest.importorskip("onnx")
    path = tmp_path / f"net{suffix}"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=rf"net{suffix}.*Expected .*Received: [\d]+ bytes"):
        read(path)


@pytest.mark.parametrize("suffix", FOREIGN)
def test_truncated_anywhere_leaves_the_model_alone(tmp_path, suffix):
    whole = write_any(tmp_path / f"whole{suffix}", caffe_layers(classes=10)).read_bytes()
    model = keras_network(classes=10)
    variables, before = targets(model.layers), snapshot(model)
    path = tmp_path / f"net{suffix}"
    # To the last blob's end: what follows it (a layer without weights) may go unnoticed.
    for size in range(0, int(len(whole) * 0.97), max(1, len(whole) // 60)):
        path.write_bytes(whole[:size])
        with pytest.raises(WeightsError, match=rf"net{suffix}"):
            transfer(read(path), variables, str(path))
    assert snapshot(model) == before


def test_a_file_of_layers_without_weights(tmp_path):
    path = tmp_path / "net.caffemodel"
    path.write_bytes(net({"conv1/7x7_s2": ()}))
    with pytest.raises(WeightsError, match=r"net\.caffemodel holds no weights.*Received: \d+ byte"):
        read(path)


@pytest.mark.parametrize(
    "shape",
    [
        block(7, block(1, b"\x02\x03")),  # 2 x 3
        integer(1, 1) + integer(2, 1) + integer(3, 2) + integer(4, 3),
        block(7, block(1, (b"\xff" * 9 + b"\x01") * 2 + b"\x04")),  # -1 x -1 x 4
        block(7, block(1, (b"\xff" * 8 + b"\x7f") * 3)),  # beyond any memory
    ],
)
def test_caffemodel_shape_that_does_not_fit(tmp_path, shape):
    blob = block(5, struct.pack("<4f", 1, 2, 3, 4)) + shape
    path = tmp_path / "net.caffemodel"
    path.write_bytes(block(100, block(1, b"conv1/7x7_s2") + block(7, blob)))
    with pytest.raises(WeightsError, match=r"net\.caffemodel is damaged.*'conv1/7x7_s2/kernel'.*Received: 4 number"):
        read(path)


def test_two_layers_of_one_name(tmp_path):
    path = write_npz(tmp_path / "net.npz", {}, **{"a/b/bias": np.ones(1), "a_b/bias": np.ones(1)})
    with pytest.raises(WeightsError, match=r"two arrays for one target.*Received: 'a_b/bias' twic"):
        read(path)
    content = net({"conv": (np.ones((1, 1), "f4"),)})
    (tmp_path / "net.caffemodel").write_bytes(content + content)
    with pytest.raises(WeightsError, match=r"two arrays for one.*Received: 'conv/kernel' twice"):
        read(tmp_path / "net.caffemodel")


def test_head_without_its_convolution_is_not_guessed(tmp_path):
    layers = caffe_layers()
    del layers["loss1/conv"]
    path = write_npz(tmp_path / "net.npz", layers)
    with pytest.raises(WeightsError, match=r"Missing \(2\): aux1_conv/kernel, aux1_conv/bias\n"):
        transfer(read(path), targets(keras_network().layers), str(path))


def test_onnx_is_read_without_the_onnx_package(tmp_path, monkeypatch):
    path = write_any(tmp_path / "net.onnx", caffe_layers(heads=False))
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert read(path).keys() == read(write_npz(tmp_path / "net.npz", caffe_layers(heads=False))).keys()


def test_onnx_external_data_is_refused(tmp_path):
    onnx = pytest.importorskip("onnx")
    model = onnx_model(caffe_layers(heads=False))
    path = tmp_path / "net.onnx"
    onnx.save_model(model, path, save_as_external_data=True, location="data.bin", size_threshold=0)
    assert (tmp_path / "data.bin").stat().st_size > 0
    with pytest.raises(WeightsError, match=r"other files.*Received: 'conv1/7x7_s2_w_0' with ext"):
        read(path)


@pytest.mark.parametrize("name", ["net.txt", "net", "net.h5", "net.npz.gz"])
def test_unknown_format(tmp_path, name):
    with pytest.raises(WeightsError, match=r"Unknown format.*\.keras, \.weights\.h5, .*\.npz.*Received: path="):
        read(tmp_path / name)


def test_suffixes_in_capitals(tmp_path):
    path = write_caffemodel(tmp_path / "lower.caffemodel", caffe_layers())
    assert read(path.rename(tmp_path / "NET.CAFFEMODEL"))


def test_formats_agree_on_the_real_weights(shared_data, tmp_path):
    pytest.importorskip("onnx")
    real = read(shared_data / "bvlc_googlenet.npz")
    assert len(real) == 116
    assert sum(array.size for array in real.values()) == 6_998_552
    assert real["conv1_7x7_s2/kernel"].shape == (7, 7, 3, 64)
    assert real["predictions/kernel"].shape == (1024, 1000)

    layers = {}
    with np.load(shared_data / "bvlc_googlenet.npz") as archive:
        for key in archive.files:
            if key.endswith("/kernel"):
                kernel = archive[key]
                kernel = kernel.transpose(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T
                bias = archive[key.replace("/kernel", "/bias")]
                layers[key.removesuffix("/kernel")] = np.ascontiguousarray(kernel), bias
    for name in ("net.caffemodel", "net.onnx"):
        arrays = read(write(tmp_path / name, layers))
        assert arrays.keys() == real.keys()
        assert all(np.array_equal(arrays[key], real[key]) for key in real)

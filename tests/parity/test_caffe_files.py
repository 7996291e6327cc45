"""Files for Caffe: our importer reads them back, and OpenCV computes from them what the network does."""

import dataclasses

import keras
import numpy as np
import pytest
from support import deterministic

from keras_googlenet import GoogLeNet, GoogLeNetModel, weights
from keras_googlenet.architecture import PAPER
from keras_googlenet.architecture.variants import naive
from keras_googlenet.cli import main
from keras_googlenet.weights import WeightsError, prototxt
from keras_googlenet.weights.assignment import targets


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("caffe")
    model = GoogLeNet(weights=None, classes=7, input_shape=(96, 96, 3))
    deterministic.fill(model)
    model.save(folder / "net.keras")
    assert main(["convert", str(folder / "net.keras"), str(folder / "net.caffemodel")]) == 0
    return model, folder / "net.caffemodel"


@pytest.mark.computes
def test_it_reads_back_to_the_bit_with_both_heads(written):
    model, path = written
    arrays, names = weights.read(path), targets(model.layers)
    assert set(arrays) == set(names)
    for name, variable in names.items():
        np.testing.assert_array_equal(arrays[name], keras.ops.convert_to_numpy(variable))


@pytest.mark.computes
@pytest.mark.parametrize("table", [PAPER, naive(dataclasses.replace(PAPER, name='of "mine"'))], ids=["paper", "naive"])
def test_opencv_computes_the_same(table, tmp_path):
    cv2 = pytest.importorskip("cv2", reason="OpenCV is in the extra `peers`")
    if not hasattr(cv2.dnn, "readNetFromCaffe"):
        pytest.skip("this OpenCV does not read Caffe's files any more")
    model = GoogLeNet(weights=None, classes=7, input_shape=(96, 96, 3), variant=table)
    deterministic.fill(model)
    model.save(tmp_path / "net.keras")
    assert main(["convert", str(tmp_path / "net.keras"), str(tmp_path / "net.caffemodel")]) == 0
    net = cv2.dnn.readNetFromCaffe(str(tmp_path / "net.prototxt"), str(tmp_path / "net.caffemodel"))
    images = deterministic.images(2, size=96)
    expected = model.inference_model().predict(images, verbose=0)
    for image, row in zip(images, expected, strict=True):
        net.setInput(np.ascontiguousarray(image[None, :, :, ::-1].transpose(0, 3, 1, 2)))
        np.testing.assert_allclose(net.forward()[0], row, rtol=0, atol=1e-5)


def test_bvlcs_description_comes_out_of_the_table():
    text = prototxt.deploy(PAPER, size=224, classes=1000)
    for line in (
        'type: "Input"',
        "convolution_param { num_output: 64 kernel_size: 7 stride: 2 pad: 3 }",
        "lrn_param { local_size: 5 alpha: 0.0001 beta: 0.75 k: 1 }",
        'name: "inception_3a/3x3_reduce"',
        "inner_product_param { num_output: 1000 }",
        "dropout_param { dropout_ratio: 0.4 }",
    ):
        assert f"  {line}\n" in text, line
    assert text.count('type: "Convolution"') == 57
    assert text.count('type: "Concat"') == 9


@pytest.mark.computes
@pytest.mark.parametrize("variant", ["batchnorm", "torchvision", "slim"])
def test_what_caffe_lacks_is_refused_and_nothing_is_left(variant, tmp_path, capsys):
    model = GoogLeNet(weights=None, classes=3, input_shape=(32, 32, 3), variant=variant, aux_heads=False)
    model.save(tmp_path / "net.keras")
    assert main(["convert", str(tmp_path / "net.keras"), str(tmp_path / "net.caffemodel")]) == 2
    assert f"Received: the variant '{variant}'" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["net.keras"]


@pytest.mark.computes
def test_a_description_that_is_there_is_kept(written, tmp_path, capsys):
    (tmp_path / "net.prototxt").write_text("mine")
    assert main(["convert", str(written[1].with_suffix(".keras")), str(tmp_path / "net.caffemodel")]) == 2
    assert "remove this one" in capsys.readouterr().err
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("net.prototxt", "mine")]


def test_a_model_without_a_table_is_refused():
    image = keras.Input((8, 8, 3))
    model = GoogLeNetModel(image, keras.layers.Flatten()(image))
    with pytest.raises(WeightsError, match="was not built from a table"):
        prototxt.check(model.architecture)

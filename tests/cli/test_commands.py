"""The commands that need no training: summary, convert, predict with weights files, and the parser itself."""

import json

import keras
import numpy as np
import pytest

from keras_googlenet import GoogLeNet, weights
from keras_googlenet.cli import COMMANDS, main
from keras_googlenet.weights.assignment import targets


@pytest.fixture(scope="module")
def bvlc(shared_data):
    return shared_data / "bvlc_googlenet.npz"


def test_summary_prints_the_paper_beside_the_arithmetic(capsys):
    assert main(["summary"]) == 0
    lines = capsys.readouterr().out.splitlines()
    row = next(line for line in lines if line.startswith("inception_4c"))
    assert row.split() == ["inception_4c", "14x14x512", "463K", "100M", "497.5K", "99.9M", "6,804.0K", "1,365.6M"]
    assert any("6,998,552 parameters" in line and "1.583 G" in line for line in lines)
    assert any("13,378,280 parameters" in line for line in lines)


def test_summary_at_another_size(capsys):
    assert main(["summary", "slim", "--image-size", "128", "--classes", "10"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("slim: 128x128 input, 10 classes")
    assert "auxiliary" not in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["summary", "vgg"], "MODEL must be a .keras file or one of paper, plain"),
        (["summary", "--image-size", "8"], "--image-size must be at least 32"),
        (["summary", "no.keras"], "No such model. Expected the path of a file. Received: no.keras"),
        (["convert", "no.caffemodel", "x.keras"], "no.caffemodel"),
        (
            ["convert", "no.caffemodel", "x.pb"],
            "TARGET must end in one of .keras, .weights.h5, .npz, .caffemodel, .onnx, .pth. Received: x.pb",
        ),
        (["convert", "no.caffemodel", "no/x.keras"], "TARGET's folder does not exist. Received: no/x.keras"),
        (["predict", "no.keras", "x.jpg"], "No such model"),
        (["predict", "no.pb", "x.jpg"], "no.pb"),
        (["predict", "no.keras", "x.jpg", "--top", "0"], "--top must be at least 1. Received: 0"),
    ],
)
def test_wrong_commands(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("keras-googlenet: error: ")
    assert message in error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [[], ["trian"], ["train", "--epoch"], ["predict"]])
def test_the_parser_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: keras-googlenet" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command, capsys):
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert f"  keras-googlenet {command}" in capsys.readouterr().out.partition("Examples:")[2]


def test_a_damaged_keras_file_is_refused(tmp_path, capsys):
    (tmp_path / "bad.keras").write_bytes(b"PK\x03\x04 and nothing more")
    assert main(["summary", str(tmp_path / "bad.keras")]) == 2
    assert "save it again" in capsys.readouterr().err


@pytest.mark.computes
@pytest.mark.parametrize("suffix", [".npz", ".weights.h5", ".keras"])
def test_convert_keeps_every_number(bvlc, suffix, tmp_path, capsys):
    target = tmp_path / f"bvlc{suffix}"
    assert main(["convert", str(bvlc), str(target)]) == 0
    assert "6,998,552 numbers" in capsys.readouterr().out
    images = np.random.default_rng(0).normal(0, 60, (1, 224, 224, 3)).astype("float32")
    expected = GoogLeNet(weights=bvlc).predict(images, verbose=0)
    np.testing.assert_array_equal(GoogLeNet(weights=target).predict(images, verbose=0), expected)
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    assert main(["convert", str(bvlc), str(target)]) == 2
    assert "TARGET exists already" in capsys.readouterr().err


@pytest.mark.computes
def test_npz_and_back_keeps_the_heads(tmp_path):
    model = GoogLeNet(weights=None)
    model.save_weights(tmp_path / "heads.weights.h5")
    assert main(["convert", str(tmp_path / "heads.weights.h5"), str(tmp_path / "heads.npz")]) == 0
    arrays = weights.read(tmp_path / "heads.npz")
    names = targets(model.layers)
    assert set(arrays) == set(names)
    for name, variable in names.items():
        np.testing.assert_array_equal(arrays[name], keras.ops.convert_to_numpy(variable))


@pytest.mark.computes
def test_predict_ants_and_bees(bvlc, shared_data, tmp_path, capsys):
    import tarfile

    with tarfile.open(shared_data / "hymenoptera.tar") as archive:
        members = [m for m in archive.getmembers() if "/val/" in m.name and m.name.endswith(".jpg")]
        chosen = sorted(members, key=lambda m: m.name)[::19]
        archive.extractall(tmp_path, members=chosen, filter="data")
    index = shared_data / "imagenet_class_index.json"
    assert main(["predict", str(bvlc), str(tmp_path), "--json", "--class-index", str(index)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == len(chosen)
    hits = sum(
        any(c["name"] == ("ant" if "/ants/" in line["path"] else "bee") for c in line["predictions"]) for line in lines
    )
    assert hits >= 0.7 * len(lines)


def test_predict_says_which_folder_has_no_images(bvlc, shared_data, tmp_path, capsys):
    assert main(["predict", str(bvlc), str(tmp_path), "--class-index", str(shared_data / "no")]) == 1
    assert "a folder without images" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning")  # tf2onnx
def test_convert_to_onnx_runs_in_its_runtime(tmp_path):
    pytest.importorskip("tf2onnx", reason="tf2onnx is in the extra `export`")
    runtime = pytest.importorskip("onnxruntime")
    model = GoogLeNet(weights=None, classes=3, input_shape=(32, 32, 3))
    model.save(tmp_path / "net.keras")
    assert main(["convert", str(tmp_path / "net.keras"), str(tmp_path / "net.onnx")]) == 0
    images = np.random.default_rng(0).normal(0, 60, (2, 32, 32, 3)).astype("float32")
    (found,) = runtime.InferenceSession(str(tmp_path / "net.onnx")).run(["probabilities"], {"images": images})
    np.testing.assert_allclose(found, model.inference_model().predict(images, verbose=0), rtol=0, atol=1e-5)

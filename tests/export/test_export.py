"""Each artifact in a process that has its runtime and not this package, against the network's own probabilities."""

import json
import re
import runpy
import subprocess
import sys
import tarfile
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from support.small import SMALL

from keras_googlenet import GoogLeNet, export, preprocess_input
from keras_googlenet.cli import main
from keras_googlenet.data import center_crop, read_image
from keras_googlenet.export import decoding
from keras_googlenet.export.artifacts import write_onnx
from keras_googlenet.export.card import card
from keras_googlenet.export.openvino import FLOAT32
from keras_googlenet.export.served_model import served
from keras_googlenet.model.classifier import Classifier
from keras_googlenet.utils.export_formats import FORMATS

NEEDS = {
    "litert": ["ai_edge_litert"],
    "onnx": ["tf2onnx", "onnxruntime"],
    "openvino": ["openvino", "nncf"],
    "savedmodel": [],
}
LABELS = ("ant", "bee", "wasp")
BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "runtimes.py"


def need(format):
    for package in NEEDS[format]:
        pytest.importorskip(package, reason=f"{package} is in the extra `peers`")


def run(*arguments):
    """What an artifact answers in a process of its runtime alone."""
    return runpy.run_path(str(BENCHMARK))["run"](*arguments)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(3)
    built = GoogLeNet(weights=None, classes=3, input_shape=(64, 64, 3), variant=SMALL)
    built.class_names = LABELS
    for head in ("predictions",):  # decided, so that agreement says something
        kernel = built.get_layer(head).kernel
        kernel.assign(keras.random.normal(kernel.shape, stddev=2.0, seed=1))
    return built


@pytest.mark.spawns
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning")
def test_an_artifact_needs_its_runtime_alone(model, format, tmp_path):
    need(format)
    images = np.random.default_rng(0).normal(0, 60, (5, 64, 64, 3)).astype("float32")
    target = tmp_path / f"shipped{FORMATS[format]}"
    export.export(model, target, format, labels=LABELS, source="made up", license="none")
    expected = model.inference_model().predict(images, verbose=0)
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(run(format, target, images, tmp_path), expected, rtol=0, atol=1e-5)
    written = target / "model_card.json" if format == "savedmodel" else tmp_path / f"{target.name}.model_card.json"
    told = json.loads(written.read_text())
    assert (told["labels"], told["weights"], told["licence"]) == (list(LABELS), "made up", "none")
    assert told["parameters"] < model.count_params()  # without the auxiliary heads


def test_each_format_is_tested():
    assert set(FORMATS) == set(NEEDS)


@pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning")
def test_onnx_alone(model, tmp_path):
    need("onnx")
    images = np.random.default_rng(1).normal(0, 60, (2, 64, 64, 3)).astype("float32")
    network = model.inference_model()
    write_onnx(network, tmp_path / "x.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["x.onnx"]
    expected = network.predict(images, verbose=0)
    np.testing.assert_allclose(run("onnx", tmp_path / "x.onnx", images, tmp_path), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("variant", ["batchnorm", "slim", "torchvision"])
@pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning")
def test_openvino_computes_in_what_it_is_asked_for(variant, tmp_path):
    """The file leaves the precision to who compiles it; with the card's hint each layer computes in float32."""
    need("openvino")
    import openvino

    built = GoogLeNet(weights=None, classes=3, input_shape=(64, 64, 3), variant=variant, aux_heads=False)
    export.export(built, tmp_path / "x.xml", "openvino", labels=LABELS)
    written = (tmp_path / "x.xml").read_text()
    assert not re.search("precise|DisablePrecisionConversion", written)
    assert str(FLOAT32) in json.loads((tmp_path / "x.xml.model_card.json").read_text())["note"]
    compiled = openvino.Core().compile_model(tmp_path / "x.xml", "CPU", FLOAT32)
    nodes = [node.get_rt_info() for node in compiled.get_runtime_model().get_ordered_ops()]
    precisions = {(str(node["layerType"].astype(str)), str(node["runtimePrecision"].astype(str))) for node in nodes}
    assert ("Convolution", "f32") in precisions
    assert {precision for _, precision in precisions} <= {"f32", "i32", "i64", "dynamic"}
    images = np.random.default_rng(0).normal(0, 60, (2, 64, 64, 3)).astype("float32")
    expected = built.predict(images, verbose=0)
    np.testing.assert_allclose(compiled({"images": images})["probabilities"], expected, rtol=0, atol=1e-4)


def test_the_card_of_a_model(model):
    told = card(served(Classifier(model.inference_model()), LABELS, np.zeros((1, 64, 64, 3), "uint8")))
    assert (told["input"]["shape"], told["output"]["shape"]) == ([None, 64, 64, 3], [None, 3])
    assert (told["input"]["subtract"], told["precision"], told["accuracy"]) == ([123, 117, 104], "int8", None)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The same picture as files of several kinds, each orientation among them."""
    folder, rng = tmp_path_factory.mktemp("files"), np.random.default_rng(0)
    small = rng.integers(0, 256, (9, 13, 4), np.uint8)
    picture = Image.fromarray(small, "RGBA").resize((201, 143), Image.Resampling.BICUBIC)
    for turn in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = turn
        picture.convert("RGB").save(folder / f"turn-{turn}.jpg", exif=exif, quality=93)
    picture.convert("RGB").save(folder / "plain.jpg", subsampling=0)
    picture.convert("RGB").save(folder / "progressive.jpg", progressive=True)
    picture.convert("L").save(folder / "gray.jpg")
    picture.save(folder / "transparent.png")
    picture.convert("RGB").save(folder / "plain.png")
    picture.convert("L").save(folder / "gray.png")
    picture.convert("P").save(folder / "palette.png")
    picture.convert("RGB").resize((20, 31)).save(folder / "small.png")
    return sorted(folder.iterdir())


@pytest.mark.parametrize("size", [64, (48, 96), (96, 48)])
def test_bytes_are_seen_as_files_are(files, size):
    view = tf.function(lambda data: decoding.center_crop(data, size), input_signature=[tf.TensorSpec((), tf.string)])
    for path in files:
        expected = center_crop(read_image(path), size)
        levels = 0 if size == 64 else 1  # Pillow chooses which axis comes first
        np.testing.assert_allclose(view(path.read_bytes()).numpy(), expected, rtol=0, atol=levels, err_msg=path.name)


def test_a_broken_exif_is_none(files):
    """Where it points beyond its end; Pillow, too, takes such an image as it is."""
    data = next(path for path in files if path.name == "turn-6.jpg").read_bytes()
    start = data.index(b"Exif\0\0") + 6
    assert decoding.orientation(tf.constant(data)) == 6
    for begin in (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\xff\0"):
        assert decoding.orientation(tf.constant(data[: start + 4] + begin + data[start + 8 :])) == 1


MEMORY = """
import pathlib, re, sys
import tensorflow as tf
from keras_googlenet.export.decoding import center_crop
crop = tf.function(lambda data: center_crop(data, 224), input_signature=[tf.TensorSpec((), tf.string)])
small, large = (pathlib.Path(path).read_bytes() for path in sys.argv[1:])
def kilobytes(name):
    return int(re.search(name + r":\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
crop(small)
before = kilobytes("VmRSS")
crop(large)
print((kilobytes("VmHWM") - before) / 1000)
"""


@pytest.mark.spawns
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux's /proc")
def test_a_large_photo_is_never_floating_point_numbers(tmp_path):
    """One of 12 megapixels: 36 MB as bytes, 288 as float64."""
    small, large = tmp_path / "small.jpg", tmp_path / "large.jpg"
    Image.linear_gradient("L").convert("RGB").save(small)
    Image.linear_gradient("L").resize((4000, 3000)).convert("RGB").save(large)
    done = subprocess.run([sys.executable, "-c", MEMORY, small, large], capture_output=True, text=True)
    assert float(done.stdout) < 150, done.stderr


@pytest.mark.exports
def test_serve_bytes_is_predict(model, files, tmp_path, capsys):
    model.save(tmp_path / "model.keras")
    arguments = [str(tmp_path / "model.keras"), str(tmp_path / "served"), "--format", "savedmodel"]
    assert main(["export", *arguments]) == 0
    capsys.readouterr()
    assert main(["predict", str(tmp_path / "model.keras"), *map(str, files), "--json", "--top", "3"]) == 0
    said = [json.loads(line)["predictions"] for line in capsys.readouterr().out.splitlines()]
    served = tf.saved_model.load(str(tmp_path / "served")).signatures["serve_bytes"]
    result = served(bytes=tf.constant([path.read_bytes() for path in files]))
    for row, names, best in zip(result["probabilities"].numpy(), result["classes"].numpy(), said, strict=True):
        found = dict(zip((name.decode() for name in names), row, strict=True))
        assert found == pytest.approx({one["class"]: one["probability"] for one in best}, abs=1e-5)


@pytest.mark.parametrize(
    ("target", "format", "changes", "message"),
    [
        ("x", "tflite", {}, "must be one of savedmodel, litert, onnx, openvino. Received: format='tflite'"),
        ("x.pb", "onnx", {}, "takes a name that ends in .onnx"),
        ("x.pb", "savedmodel", {}, "takes a folder's name"),
        ("there", "savedmodel", {}, "exists already"),
        ("x", "savedmodel", {"labels": ("ant",)}, "each of the model's 3 classes. Received: 1"),
        ("x", "savedmodel", {"calibration": np.zeros((1, 64, 64, 3))}, "no 8-bit form here; litert, onnx and openvino"),
    ],
)
def test_what_cannot_be_exported(model, target, format, changes, message, tmp_path):
    (tmp_path / "there").mkdir()
    with pytest.raises(ValueError, match=message):
        export.export(model, tmp_path / target, format, **{"labels": LABELS, **changes})
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


@pytest.mark.exports
@pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning")
@pytest.mark.parametrize("format", ["litert", "onnx", "openvino"])
def test_eight_bits_agree_on_photos(format, shared_data, tmp_path, capsys):
    """BVLC's network, calibrated on training photos, asked about others."""
    need(format)
    with tarfile.open(shared_data / "hymenoptera.tar") as archive:
        for part, step in (("train", 8), ("val", 5)):
            members = [m for m in archive.getmembers() if f"/{part}/" in m.name and m.name.endswith(".jpg")]
            archive.extractall(tmp_path / part, members=members[::step], filter="data")
    bvlc = shared_data / "bvlc_googlenet.npz"
    target = tmp_path / f"eight{FORMATS[format]}"
    names = ["--class-index", str(shared_data / "imagenet_class_index.json")]
    photos = next((tmp_path / "train").rglob("train"))
    more = ["--int8", "--calibration", str(photos), *names]
    assert main(["export", str(bvlc), str(target), "--format", format, *more]) == 0
    capsys.readouterr()
    paths = sorted((tmp_path / "val").rglob("*.jpg"))
    images = preprocess_input(np.stack([center_crop(read_image(path), 224) for path in paths]))
    expected = GoogLeNet(weights=bvlc).predict(images, verbose=0).argmax(axis=1)
    agree = (run(format, target, images, tmp_path).argmax(axis=1) == expected).mean()
    assert agree >= 0.9  # of 31: the whole set has its own script
    assert sum(path.stat().st_size for path in tmp_path.glob("eight.*") if path.suffix != ".json") <= 0.3 * 28_000_000

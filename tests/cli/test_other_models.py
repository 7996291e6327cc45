"""Models that are not square, RGB or ending in a softmax, and those that preprocess: every command, end to end."""

import json
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from PIL import Image
from support import deterministic
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.cli import main
from keras_googlenet.demo.predictor import Predictor
from keras_googlenet.model import loading as loaded
from keras_googlenet.visualize.diagram import TIMES

pytestmark = pytest.mark.computes

NAMES = ("ant", "bee", "wasp")
MEAN = np.array([123, 117, 104], "float32")


def build(**options):
    made = GoogLeNet(**{"weights": None, "classes": 3, "variant": SMALL, "input_shape": (64, 64, 3), **options})
    deterministic.fill(made)
    made.class_names = NAMES
    return made


def behind_rescaling():
    inputs = keras.Input((64, 64, 3))
    inner = build(aux_heads=False)
    return keras.Model(inputs, inner(layers.Rescaling(1.0, offset=[-123.0, -117.0, -104.0])(inputs)))


MODELS = {
    "gray": lambda: build(input_shape=(64, 64, 1)),
    "wide": lambda: build(input_shape=(48, 96, 3)),
    "tall gray": lambda: build(input_shape=(96, 48, 1)),
    "included": lambda: build(include_preprocessing=True),
    "gray included": lambda: build(input_shape=(64, 64, 1), include_preprocessing=True),
    "rescaling": behind_rescaling,
    "logits": lambda: build(classifier_activation=None),
    "scores": lambda: build(classifier_activation="sigmoid"),
}
SIZES = {"wide": (48, 96), "tall gray": (96, 48)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A photo of each of two classes, and every model."""
    folder, rng = tmp_path_factory.mktemp("models"), np.random.default_rng(0)
    for name in NAMES[:2]:
        (folder / "set" / name).mkdir(parents=True)
        small = Image.fromarray(rng.integers(0, 256, (7, 11, 3), "uint8"))
        small.resize((150, 100), Image.Resampling.BICUBIC).save(folder / "set" / name / "photo.png")
    for name, make in MODELS.items():
        make().save(folder / f"{name}.keras")
    return folder


def view(path, name):
    """What a model is to see, by Pillow alone: the largest central part of its proportions, gray where it is gray."""
    height, width = SIZES.get(name, (64, 64))
    with Image.open(path) as image:
        scale = min(image.width / width, image.height / height)
        left, top = (image.width - width * scale) / 2, (image.height - height * scale) / 2
        box = (left, top, left + width * scale, top + height * scale)
        part = image.resize((width, height), Image.Resampling.BILINEAR, box=box)
    return np.asarray(part.convert("L"))[..., None] if "gray" in name else np.asarray(part)


def answer(folder, path, name):
    """What the model says of a photo: its own last numbers, and where they are logits the softmax."""
    pixels = view(path, name).astype("float32")
    if "included" not in name and name != "rescaling":
        pixels = pixels - (117 if "gray" in name else MEAN)
    network = keras.saving.load_model(folder / f"{name}.keras")
    [row] = keras.ops.convert_to_numpy(keras.tree.flatten(network(pixels[None], training=False))[0])
    return np.exp(row) / np.exp(row).sum() if name == "logits" else row


def predicted(capsys, *arguments):
    assert main(["predict", *map(str, arguments), "--json"]) == 0
    said = capsys.readouterr()
    return [json.loads(line)["predictions"] for line in said.out.splitlines()], said.err


@pytest.mark.parametrize("name", MODELS)
def test_predict(name, folder, capsys):
    path = folder / "set" / "ant" / "photo.png"
    expected = answer(folder, path, name)
    assert np.ptp(expected) > 0.005
    [[*best]], notes = predicted(capsys, folder / f"{name}.keras", path)
    word = "score" if name == "scores" else "probability"
    assert {one["class"]: one[word] for one in best} == pytest.approx(dict(zip(NAMES, expected, strict=True)), abs=1e-5)
    about = {
        "logits": "its last layer gives logits, so probabilities are their softmax",
        "scores": "it ends in a sigmoid, so the scores of the classes are independent and need not sum to 1",
        "rescaling": "it begins with preprocessing of its own (Rescaling), so it is given pixels of 0-255 as they are",
    }
    assert notes == (f"keras-googlenet: note: {folder / name}.keras: {about[name]}\n" if name in about else "")


def test_scores_are_no_percentages(folder, capsys):
    path = folder / "set" / "ant" / "photo.png"
    assert main(["predict", str(folder / "scores.keras"), str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    best = sorted(zip(answer(folder, path, "scores"), NAMES, strict=True), reverse=True)
    assert lines == [f"  score {score:.4f}  {name}" for score, name in best]


@pytest.mark.parametrize("name", ["tall gray", "included", "logits"])
def test_evaluate(name, folder, capsys):
    paths = [folder / "set" / kind / "photo.png" for kind in NAMES[:2]]
    wrong = np.mean([answer(folder, path, name).argmax() != i for i, path in enumerate(paths)])
    report = folder / f"{name}.json"
    assert main(["evaluate", f"{folder / name}.keras", "--dataset", str(folder / "set"), "--json", str(report)]) == 0
    [row] = json.loads(report.read_text())["results"]
    assert row["top1_error"] == wrong


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        ("scores", [], "which ends in a sigmoid: independent scores, of which several may be right"),
        ("wide", ["--crops", "10"], "Crops are squares: .* without --crops. Received: .*, which takes 48x96 pixels"),
    ],
)
def test_what_is_not_evaluated(name, more, message, folder, capsys):
    assert main(["evaluate", f"{folder / name}.keras", "--dataset", str(folder / "set"), *more]) == 2
    assert re.search(message, capsys.readouterr().err)


def test_crops_of_a_gray_model(folder, capsys):
    assert main(["evaluate", f"{folder / 'gray'}.keras", "--dataset", str(folder / "set"), "--crops", "10"]) == 0


@pytest.mark.exports
@pytest.mark.parametrize("name", ["wide", "tall gray", "gray included", "rescaling", "logits", "scores"])
def test_what_is_served_is_what_is_predicted(name, folder, tmp_path, capsys):
    served = tmp_path / "served"
    assert main(["export", f"{folder / name}.keras", str(served), "--format", "savedmodel"]) == 0
    signatures, card = tf.saved_model.load(str(served)).signatures, json.loads((served / "model_card.json").read_text())
    word = "scores" if name == "scores" else "probabilities"
    path = folder / "set" / "bee" / "photo.png"
    expected = answer(folder, path, name)
    found = signatures["serve_bytes"](bytes=tf.constant([path.read_bytes()]))[word].numpy()
    np.testing.assert_allclose(found[0], expected, atol=1e-5)
    # As the card says.
    told = card["input"]
    assert told["shape"] == [None, *view(path, name).shape]
    assert told["colours"] == ("grey" if "gray" in name else "RGB")
    images = view(path, name)[None].astype("float32") - np.float32(told["subtract"])
    np.testing.assert_allclose(signatures["serving_default"](images=images)[word].numpy()[0], expected, atol=1e-5)
    assert (card["output"]["name"], ("logits" in card["output"]["meaning"])) == (word, name == "logits")
    assert (told["assumed"] is not None) == (name == "rescaling")
    assert ("inside the model" in told["preprocessing"]) == ("included" in name or name == "rescaling")


@pytest.mark.parametrize("name", ["tall gray", "logits", "rescaling"])
def test_visualize(name, folder, tmp_path, capsys):
    path = folder / "set" / "ant" / "photo.png"
    assert main(["visualize", f"{folder / name}.keras", "--output", str(tmp_path / "out"), str(path)]) == 0
    assert {found.name for found in (tmp_path / "out").iterdir()} == {
        "architecture.png", "architecture.svg", "filters.png", "index.html", "photo-activations.png",
        "photo-cam.png",
    }  # fmt: skip
    height, width = SIZES.get(name, (64, 64))
    channels = 1 if "gray" in name else 3
    drawn = (tmp_path / "out" / "architecture.svg").read_text(encoding="utf-8")
    assert TIMES.join(map(str, (height, width, channels))) in drawn


@pytest.mark.parametrize("name", ["tall gray", "logits", "scores"])
def test_the_demo_answers_as_predict(name, folder, capsys):
    path = folder / "set" / "ant" / "photo.png"
    answers = Predictor(keras.saving.load_model(folder / f"{name}.keras"), [(one, one) for one in NAMES])
    found = answers.predict(path.read_bytes(), path.name)
    expected = dict(zip(NAMES, answer(folder, path, name), strict=True))
    assert {label: number for _, label, number in found.best} == pytest.approx(expected, abs=1e-5)
    assert answers.independent == (name == "scores")
    height, width = SIZES.get(name, (64, 64))
    assert found.picture.shape == (448 * height // max(height, width), 448 * width // max(height, width), 3)
    assert answers.heatmap(found, 0).shape == found.picture.shape
    answers.warm_up()


@pytest.fixture
def nameless(folder, monkeypatch, tmp_path):
    """A model of ImageNet's number of classes, where no names are to be had."""

    def refused(*_, **__):
        raise Exception("URL fetch failure")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(keras.utils, "get_file", refused)
    made = GoogLeNet(weights=None, classes=1000, variant=SMALL, input_shape=(64, 64, 3))
    monkeypatch.setattr(loaded, "load_model", lambda spec, **_: made.inference_model())
    return made


@pytest.mark.filterwarnings("always:classes are called by their numbers")
def test_without_names_it_answers_by_number(nameless, folder, tmp_path, capsys):
    path = folder / "set" / "ant" / "photo.png"
    [[best]], said = predicted(capsys, "weights.npz", path, "--top", "1")
    expected = nameless.predict(view(path, "logits")[None] - MEAN, verbose=0)[0].argmax()
    assert (best["class"], best["name"]) == (str(expected), f"class {expected}")
    assert said.startswith("keras-googlenet: warning: classes are called by their numbers. The names of the ImageNet")
    assert "--class-index" in said
    more = ["--output", str(tmp_path / "out"), "--only", "cam", "--class", "7", str(path)]
    assert main(["visualize", "weights.npz", *more]) == 0
    capsys.readouterr()
    assert main(["export", "weights.npz", str(tmp_path / "x"), "--format", "savedmodel"]) == 1
    assert "could not be downloaded" in capsys.readouterr().err
    (tmp_path / "bad.json").write_text("{}")
    assert main(["predict", "weights.npz", str(path), "--class-index", str(tmp_path / "bad.json")]) == 2
    assert main(["predict", "weights.npz", str(path), "--class-index", str(tmp_path / "none.json")]) == 1


def test_weights_of_gray_filters(tmp_path, capsys, folder):
    made = GoogLeNet(weights=None, classes=3, input_shape=(224, 224, 1), aux_heads=False)
    deterministic.fill(made)
    made.save_weights(tmp_path / "gray.weights.h5")
    assert loaded.load_model(str(tmp_path / "gray.weights.h5")).input_shape == (None, 224, 224, 1)


def test_summary_has_the_models_shape(folder, capsys):
    assert main(["summary", str(folder / "tall gray.keras")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("small: 96x48x1 input, 3 classes")
    network = keras.saving.load_model(folder / "tall gray.keras").inference_model()
    assert f"{network.count_params():,} parameters" in said

"""`keras-googlenet evaluate`: against ONNX Runtime on crops made here, from files, interrupted, and misused."""

import json
import shutil
import tarfile

import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import top_k_accuracy_score
from support.small import SMALL

from keras_googlenet import GoogLeNet, preprocess_input, weights
from keras_googlenet.cli import main
from keras_googlenet.data import center_crop, read_image
from keras_googlenet.data.loading import load_split
from keras_googlenet.evaluation import Predictions

WNIDS = {"ants": "n02219486", "bees": "bee"}


@pytest.fixture(scope="module")
def photos(shared_data, tmp_path_factory):
    """24 photos of ants and bees, their folders called as ImageNet calls them."""
    folder = tmp_path_factory.mktemp("photos")
    with tarfile.open(shared_data / "hymenoptera.tar") as archive:
        for old, new in WNIDS.items():
            members = [m for m in archive.getmembers() if f"/val/{old}/" in m.name and m.name.endswith(".jpg")]
            for member in sorted(members, key=lambda m: m.name)[:12]:
                path = folder / new / member.name.rpartition("/")[2]
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(archive.extractfile(member).read())
    return folder


@pytest.mark.computes
def test_bvlc_is_as_onnx_runtime_says_image_by_image(photos, shared_data, tmp_path, capsys):
    pytest.importorskip("onnxruntime")
    from support import onnx_twin

    names = shared_data / "imagenet_class_index.json"
    arguments = ["--crops", "1", "--predictions", str(tmp_path / "p.npz"), "--json", str(tmp_path / "r.json")]
    bvlc = shared_data / "bvlc_googlenet.npz"
    assert main(["evaluate", str(bvlc), "--dataset", str(photos), "--class-index", str(names), *arguments]) == 0
    printed = capsys.readouterr().out
    assert f"{photos}: 24 images in 2 classes" in printed
    found = Predictions.read(tmp_path / "p.npz")
    arrays, expected, labels = weights.read(bvlc), [], []
    for name, label in zip(found.images, found.labels, strict=True):
        image = Image.open(photos / name).convert("RGB")
        shorter = min(image.size)
        image = image.resize([round(side * 256 / shorter) for side in image.size], Image.Resampling.BILINEAR)
        left, top = ((side - 256) // 2 + 16 for side in image.size)
        pixels = np.asarray(image.crop((left, top, left + 224, top + 224)), "float32") - (123.0, 117.0, 104.0)
        expected.append(onnx_twin.forward(arrays, pixels[None].astype("float32"))[0])
        labels.append({"n": 310, "b": 309}[name[0]])
        assert label == labels[-1]
    np.testing.assert_allclose(found.probabilities[1], expected, rtol=0, atol=1e-5)
    [row] = json.loads((tmp_path / "r.json").read_text())["results"]
    for k in (1, 5):
        right = top_k_accuracy_score(labels, np.array(expected), k=k, labels=range(1000))
        assert row[f"top{k}_error"] == pytest.approx(1 - right)
    assert row["count"] == 24
    assert row["top5_error"] < 0.3  # most ants and bees are found


@pytest.fixture(scope="module")
def colored(tmp_path_factory):
    """A folder of 6 reddish and 5 bluish pictures, and two networks for them."""
    folder, rng = tmp_path_factory.mktemp("colored"), np.random.default_rng(0)
    for name, count, channel in (("blue", 5, 2), ("red", 6, 0)):
        (folder / "data" / name).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 120, (40 + number, 52, 3), np.uint8)
            pixels[..., channel] += 100
            Image.fromarray(pixels).save(folder / "data" / name / f"{number}.png")
    for seed in range(2):
        keras.utils.set_random_seed(seed)
        model = GoogLeNet(weights=None, classes=2, input_shape=(32, 32, 3), variant=SMALL)
        model.class_names = ("blue", "red")
        model.save(folder / f"{seed}.keras")
    return folder


def evaluate(colored, *arguments, dataset="data"):
    models = [str(colored / one) if one.endswith(".keras") else one for one in arguments]
    return main(["evaluate", *models, *(["--dataset", str(colored / dataset)] if dataset else [])])


def result(path):
    return json.loads(path.read_text())["results"]


@pytest.mark.computes
def test_without_crops_it_is_what_validation_sees(colored, tmp_path):
    assert evaluate(colored, "0.keras", "--predictions", str(tmp_path / "p.npz")) == 0
    found = Predictions.read(tmp_path / "p.npz")
    split, _, _ = load_split(colored / "data")
    views = np.stack([center_crop(read_image(colored / "data" / name), 32) for name in split.names])
    outputs = keras.saving.load_model(colored / "0.keras").inference_model().predict(preprocess_input(views), verbose=0)
    np.testing.assert_allclose(found.probabilities[0], outputs, rtol=0, atol=1e-6)
    assert found.images[0] == "blue/0.png"
    assert found.labels.tolist() == [0] * 5 + [1] * 6


@pytest.mark.computes
def test_an_ensemble_now_and_from_files(colored, tmp_path, capsys):
    kept, direct, later = tmp_path / "kept", tmp_path / "direct.json", tmp_path / "later.json"
    more = ["--crops", "144", "--table3", "--batch-size", "100"]
    assert evaluate(colored, "0.keras", "1.keras", *more, "--predictions", str(kept), "--json", str(direct)) == 0
    files = sorted(map(str, kept.iterdir()))
    assert [file.rpartition("/")[2] for file in files] == ["0-0.npz", "1-1.npz"]
    assert evaluate(colored, *files, *more, "--json", str(later), dataset=None) == 0
    assert result(direct) == result(later)
    assert [(row["models"], row["crops"]) for row in result(later)] == [
        (1, 1),
        (1, 10),
        (1, 144),
        (2, 1),
        (2, 10),
        (2, 144),
    ]
    assert evaluate(colored, files[0], "1.keras", "--crops", "144", "--json", str(later)) == 0
    assert result(later) == result(direct)[5:]
    assert "11 images in 2 classes" in capsys.readouterr().out


@pytest.mark.computes
def test_an_unreadable_image(colored, tmp_path, capsys):
    """It ends the evaluation and is named; what was done before is kept, and once it is mended the rest is done."""
    folder = tmp_path / "data"
    for path in sorted((colored / "data").rglob("*.png")):
        copy = folder / path.relative_to(colored / "data")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    broken = folder / "red" / "3.png"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:200])
    file = tmp_path / "p.npz"
    arguments = ["evaluate", str(colored / "0.keras"), "--dataset", str(folder), "--crops", "10"]
    assert main([*arguments, "--batch-size", "10", "--predictions", str(file)]) == 1
    error = capsys.readouterr().err
    assert str(broken) in error
    assert "Traceback" not in error
    begun = Predictions.read(file).done.sum()
    assert 0 < begun < 11
    assert main([*arguments, "--on-corrupt", "skip"]) == 1
    assert "skipped 1 images" in capsys.readouterr().out
    broken.write_bytes(whole)
    assert main([*arguments, "--predictions", str(file)]) == 0
    assert Predictions.read(file).complete


@pytest.mark.parametrize(
    ("arguments", "dataset", "message"),
    [
        (["0.keras"], None, "with --dataset"),
        (["0.keras"], "nowhere", "no such folder"),
        (["0.keras", "--split", "test"], "data", "there is no test/ in this folder"),
        (["0.keras", "--table3"], "data", "add --crops 144"),
        (["0.keras", "--batch-size", "0"], "data", "--batch-size must be at least 1"),
        (["0.keras", "--predictions", "x.txt"], "data", "names an .npz file"),
        (["no.keras"], "data", "No such model"),
    ],
)
def test_wrong_commands(colored, arguments, dataset, message, capsys):
    assert evaluate(colored, *arguments, dataset=dataset) == 2
    assert message in capsys.readouterr().err


def test_predictions_of_something_else_are_not_touched(colored, tmp_path, capsys):
    file = tmp_path / "p.npz"
    assert evaluate(colored, "0.keras", "--predictions", str(file)) == 0
    content = file.read_bytes()
    for arguments in (["1.keras"], ["0.keras", "--crops", "1"], ["0.keras", "--pool", "max"]):
        assert evaluate(colored, *arguments, "--predictions", str(file)) == 2
        assert "another model or precision, other images or other crops" in capsys.readouterr().err
    assert file.read_bytes() == content


@pytest.mark.computes
def test_in_another_precision(colored, tmp_path, capsys):
    """What is kept of one precision is not gone on with in another; finished files of several are an ensemble."""
    whole, half = str(tmp_path / "whole.npz"), str(tmp_path / "half.npz")
    assert evaluate(colored, "0.keras", "--predictions", whole) == 0
    assert evaluate(colored, "0.keras", "--precision", "bfloat16", "--predictions", half) == 0
    one, other = (Predictions.read(path).probabilities[0] for path in (whole, half))
    assert 0 < np.abs(one - other).max() < 0.01
    np.testing.assert_allclose(other.sum(axis=1), 1, atol=1e-6)
    assert evaluate(colored, "0.keras", "--predictions", half) == 2
    assert "another model or precision" in capsys.readouterr().err
    assert evaluate(colored, whole, half, dataset=None) == 0


def test_a_place_that_cannot_be_written_is_noticed_first(colored, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(keras.Model, "predict_on_batch", lambda *_: pytest.fail("it has begun"))
    (tmp_path / "file").write_text("in the way")
    assert evaluate(colored, "0.keras", "--predictions", str(tmp_path / "file" / "p.npz")) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_a_class_that_the_model_does_not_know(colored, tmp_path, capsys):
    for name in ("blue", "green"):
        (tmp_path / "data" / name).mkdir(parents=True)
        Image.new("RGB", (40, 40)).save(tmp_path / "data" / name / "0.png")
    assert main(["evaluate", str(colored / "0.keras"), "--dataset", str(tmp_path / "data")]) == 2
    assert "does not know 1 of the 2 classes: green" in capsys.readouterr().err


def test_one_class_with_one_image_will_do(colored, tmp_path):
    (tmp_path / "data" / "red").mkdir(parents=True)
    Image.new("RGB", (40, 40)).save(tmp_path / "data" / "red" / "0.png")
    file = tmp_path / "r.json"
    assert main(["evaluate", str(colored / "0.keras"), "--dataset", str(tmp_path / "data"), "--json", str(file)]) == 0
    assert result(file)[0]["count"] == 1


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_a_folder_around_the_data_set(colored, tmp_path, command, capsys):
    """Of the two that a data set may come in, the inner one is named."""
    shutil.copytree(colored / "data", tmp_path / "colors" / "colors")
    inner = tmp_path / "colors" / "colors"
    model = [str(colored / "0.keras")] if command == "evaluate" else ["--output", str(tmp_path / "run")]
    assert main([command, *model, "--dataset", str(inner.parent)]) == 2
    said = "".join(capsys.readouterr())
    assert "only one class, colors/. It holds blue/, red/: if these are the classes or the splits, give" in said
    assert f"give {inner}\n" in said

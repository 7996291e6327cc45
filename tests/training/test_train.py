"""The main job end to end: from folders of images to a run's folder, by the command itself."""

import csv
import json
import re
import warnings

import keras
import numpy as np
import pytest
from PIL import Image
from support.small_training import small_network
from support.tiers import does

from keras_googlenet import data, preprocess_input, weights
from keras_googlenet.cli import main
from keras_googlenet.data import center_crop, read_image, worker_pool
from keras_googlenet.data.augmentation import Sampler
from keras_googlenet.data.pad_and_crop import PadAndCropSampler
from keras_googlenet.data.pipeline import preview
from keras_googlenet.training import Recipe
from keras_googlenet.training import run as runs

COLORS = {"blue": (30, 40, 220), "green": (40, 200, 50), "red": (220, 30, 30)}


def picture(path, color, seed):
    """A photo-like file of odd size: noise around a color."""
    rng = np.random.default_rng(seed)
    size = rng.integers(20, 90, 2)
    pixels = np.clip(rng.normal(color, 25, (*size, 3)), 0, 255).astype("uint8")
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for label, (name, color) in enumerate(COLORS.items()):
        for i in range(10):
            picture(folder / name / f"{i}.{'png' if i % 2 else 'jpg'}", color, 100 * label + i)
    return folder


@pytest.fixture(scope="session")
@does("trains")
def run(photos, tmp_path_factory):
    """One run of the command, whose folder the tests look at."""
    folder = tmp_path_factory.mktemp("runs") / "colors"
    arguments = ["train", "--dataset", str(photos), "--output", str(folder), "--epochs", "2", "--batch-size", "4"]
    assert main([*arguments, "--image-size", "32", "--set", "variant=plain", "--set", "averaging=0.5"]) == 0
    return folder


def test_the_run_folder_is_complete(run):
    assert sorted(path.name for path in run.iterdir()) == [
        "best.keras", "checkpoints", "curves.png", "evaluation.json", "metrics.csv", "model.keras", "recipe.json",
        "report.html", "samples.png", "tensorboard",
    ]  # fmt: skip


def test_the_recipe_is_written_resolved(run, photos):
    record = json.loads((run / "recipe.json").read_text())
    assert record["recipe"]["dataset"] == str(photos)
    assert record["recipe"]["image_size"] == 32
    assert record["recipe"]["momentum"] == 0.9
    assert record["recipe"]["sampling"] == "paper"
    assert record["classes"] == list(COLORS)
    assert record["images"] == {"train": 23, "validation": 7}
    assert record["steps_per_epoch"] == 5
    assert set(record["versions"]) == {"python", "keras-googlenet", "keras", "tensorflow", "numpy"}


def test_the_metrics_have_a_row_per_epoch(run):
    rows = list(csv.DictReader((run / "metrics.csv").read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["0", "1"]
    for head in ("predictions", "aux1", "aux2"):
        for name in (f"{head}_loss", f"{head}_accuracy", f"val_{head}_loss", f"val_{head}_accuracy"):
            assert np.isfinite(float(rows[-1][name])), name
    assert float(rows[-1]["learning_rate"]) == pytest.approx(0.02)  # the warm-up is over


def test_the_curves_are_a_picture(run):
    with Image.open(run / "curves.png") as image:
        assert image.size == (1200, 504)
        assert len(image.convert("RGB").getcolors(maxcolors=2**24)) > 50


def test_the_samples_are_a_picture_of_what_training_sees(run, photos):
    with Image.open(run / "samples.png") as image:
        pixels = np.array(image)
    cells = [pixels[4 + 132 * y :][:128, 4 + 132 * x :][:, :128] for y in range(8) for x in range(8)]
    views = preview(data.load(photos).train, image_size=32, sampler=Sampler(seed=0), seed=0)
    np.testing.assert_array_equal([cell[::4, ::4] for cell in cells], views)


@pytest.mark.trains
@pytest.mark.parametrize("sampling", ["paper", "pad_and_crop", "center"])
def test_each_epoch_samples_each_training_image_once(photos, tmp_path, monkeypatch, sampling):
    calls, drawn = [], []

    def record(kind):
        def view(sampler, image, size, epoch, index, *extent, original=kind.view):
            calls.append((kind, sampler.seed, epoch, index))
            return original(sampler, image, size, epoch, index, *extent)

        monkeypatch.setattr(kind, "view", view)

    def draw(views, path):
        drawn.append((views.shape, path.name))
        path.touch()
        calls.clear()  # those of the preview

    class CountSteps(keras.callbacks.Callback):
        steps = 0

        def on_train_batch_end(self, batch, logs=None):
            self.steps += 1

    monkeypatch.setattr(worker_pool, "available", lambda: False)  # all views are made here
    record(Sampler)
    record(PadAndCropSampler)
    monkeypatch.setattr(runs, "build", small_network)
    monkeypatch.setattr(runs, "plot_samples", draw)
    count = CountSteps()
    settings = {"image_size": 32, "batch_size": 8, "epochs": 3, "seed": 6, "averaging": None, "sampling": sampling}
    recipe = Recipe(str(photos), hold_out="rank", **settings)  # 24 images to train on
    runs.train(recipe, tmp_path / "run", callbacks=[count], verbose=0)
    assert count.steps == 3 * 3
    assert [shape for shape, _ in drawn] == [(24 if sampling == "center" else 64, 32, 32, 3)]
    assert (tmp_path / "run" / "metrics.csv").exists()
    kind = {"paper": Sampler, "pad_and_crop": PadAndCropSampler}.get(sampling)
    # The stream has no end: it is read ahead of what is trained on.
    found = [(sampler, seed, epoch, index) for sampler, seed, epoch, index in calls if epoch < 3]
    expected = [(kind, 6, epoch, index) for epoch in range(3) for index in range(24)] if kind else []
    assert sorted(found, key=str) == sorted(expected, key=str)


def test_the_saved_model_is_the_one_that_was_validated(run, photos):
    """With averaging on, what is saved must be the averaged weights, which the last row's metrics are of."""
    model = keras.saving.load_model(run / "model.keras")
    assert model.class_names == tuple(COLORS)
    assert model.output_names == ["predictions", "aux1", "aux2"]
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    split = data.load(str(photos)).validation
    logs = model.evaluate(
        data.evaluation_batches(split, image_size=32, batch_size=4, preprocess=preprocess_input),
        verbose=0,
        return_dict=True,
    )
    last = list(csv.DictReader((run / "metrics.csv").read_text().splitlines()))[-1]
    for name, value in logs.items():
        assert value == pytest.approx(float(last[f"val_{name}"]), rel=1e-4), name


def test_predict_agrees_with_the_model(run, photos, capsys):
    paths = [photos / "red" / "0.jpg", photos / "blue" / "1.png"]
    assert main(["predict", str(run / "model.keras"), *map(str, paths), "--json", "--top", "2"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    model = keras.saving.load_model(run / "model.keras").inference_model()
    views = np.stack([center_crop(read_image(path), 32) for path in paths])
    expected = model.predict(preprocess_input(views), verbose=0)
    assert [line["path"] for line in lines] == [str(path) for path in paths]
    for line, scores in zip(lines, expected, strict=True):
        best = np.argsort(-scores)[:2]
        assert [c["class"] for c in line["predictions"]] == [model.class_names[i] for i in best]
        assert [c["probability"] for c in line["predictions"]] == pytest.approx(list(scores[best]), rel=1e-5)


def test_predict_goes_on_after_an_unreadable_file(run, photos, tmp_path, capsys):
    (tmp_path / "text.jpg").write_text("not an image")
    status = main(["predict", str(run / "model.keras"), str(tmp_path / "text.jpg"), str(photos / "red" / "0.jpg")])
    printed = capsys.readouterr()
    assert status == 1
    assert re.search(r"text.jpg: not an image", printed.err)
    assert "red" in printed.out
    assert "%" in printed.out


def test_summary_reads_the_table_out_of_a_model(run, capsys):
    assert main(["summary", str(run / "model.keras")]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("plain: 32x32 input, 3 classes, 22 layers")


def test_a_run_never_writes_over_another(run, photos, capsys):
    before = (run / "recipe.json").read_bytes()
    assert main(["train", "--dataset", str(photos), "--output", str(run), "--image-size", "32"]) == 2
    assert f"must be new or empty; --resume goes on with the run in it. Received: {run}" in capsys.readouterr().err
    assert (run / "recipe.json").read_bytes() == before


def test_a_corrupt_image_ends_the_run_and_is_named(photos, tmp_path, capsys):
    for source in photos.rglob("*.png"):
        target = tmp_path / "bad" / source.relative_to(photos)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    victim = tmp_path / "bad" / "red" / "1.png"
    victim.write_bytes(victim.read_bytes()[:200])
    output = tmp_path / "run"
    arguments = ["--dataset", str(tmp_path / "bad"), "--output", str(output), "--epochs", "1", "--image-size", "32"]
    assert main(["train", *arguments, "--set", "variant=plain"]) == 1
    error = capsys.readouterr().err
    assert f"{victim}: " in error
    assert "Traceback" not in error
    assert not (output / "model.keras").exists()


@pytest.mark.trains
def test_a_loss_that_is_no_number_ends_the_run(photos, tmp_path, capsys):
    output = tmp_path / "run"
    arguments = ["--dataset", str(photos), "--output", str(output), "--epochs", "3", "--image-size", "32"]
    settings = ["learning_rate=1e30", "clip_norm=none", "warmup_steps=0", "variant=plain"]
    flags = [flag for setting in settings for flag in ("--set", setting)]
    assert main(["train", *arguments, *flags]) == 1
    error = capsys.readouterr().err
    assert re.search(r"The loss became (nan|inf) in epoch \d, .*Start a new run with a lower learning", error)
    assert not (output / "model.keras").exists()


@pytest.mark.trains
def test_a_run_can_start_from_published_weights(photos, shared_data, tmp_path, capsys):
    """The trunk is taken; what stays as initialized is said in one line."""
    output = tmp_path / "run"
    arguments = ["--dataset", str(photos), "--output", str(output), "--epochs", "1", "--image-size", "32"]
    with warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning)
        weights_and_rate = ["--weights", str(shared_data / "bvlc_googlenet.npz"), "--set", "learning_rate=0.02"]
        assert main(["train", *arguments, *weights_and_rate]) == 0
    error = capsys.readouterr().err
    said = re.findall(r"^keras-googlenet: warning: .* stay as initialized: (.*)\. Train them", error, re.MULTILINE)
    assert said == ["aux1_conv, aux2_conv, aux1_fc, aux2_fc, predictions, aux1, aux2"]
    trained = keras.saving.load_model(output / "model.keras").get_layer("conv1_7x7_s2").kernel
    published = weights.read(shared_data / "bvlc_googlenet.npz")["conv1_7x7_s2/kernel"]
    assert np.abs(keras.ops.convert_to_numpy(trained) - published).max() < 0.05


@pytest.mark.trains
def test_a_tfds_data_set(tmp_path, capsys):
    tfds = pytest.importorskip("tensorflow_datasets")
    output = tmp_path / "run"
    info = {
        "name": "cifar10",
        "version": "3.0.2",
        "splits": [{"name": split, "shardLengths": ["20"], "numBytes": "1"} for split in ("train", "test")],
        "fileFormat": "tfrecord",
    }
    (tmp_path / "cifar10" / "3.0.2").mkdir(parents=True)
    (tmp_path / "cifar10" / "3.0.2" / "dataset_info.json").write_text(json.dumps(info))
    arguments = ["--dataset", "cifar10", "--output", str(output), "--epochs", "1", "--image-size", "32"]
    with tfds.testing.mock_data(num_examples=20, data_dir=str(tmp_path)):
        assert main(["train", *arguments, "--set", "variant=plain"]) == 0
    assert "16 training, 4 validation and 20 test images" in capsys.readouterr().out
    assert json.loads((output / "evaluation.json").read_text())["split"] == "test"
    assert json.loads((output / "recipe.json").read_text())["classes"] == [str(i) for i in range(10)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "no/such/folder/at-all!"], "no/such/folder/at-all!"),
        (["--image-size", "16"], "`image_size` must be at least 32 pixels. Received: image_size=16"),
        (["--epochs", "0"], "`epochs` must be at least 1. Received: epochs=0"),
        (["--set", "lr=1"], "Expected FIELD=VALUE with a field of dataset"),
        (["--weights", "no.caffemodel"], "no.caffemodel"),
    ],
)
def test_wrong_commands_leave_nothing(arguments, message, tmp_path, capsys):
    output = tmp_path / "run"
    assert main(["train", "--output", str(output), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not output.exists()

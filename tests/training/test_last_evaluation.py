"""The evaluation at a run's end: its numbers, against NumPy and the command; and that it survives being stopped."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from support.small_training import RECIPE, small_network
from support.tiers import does

from keras_googlenet import data, preprocess_input
from keras_googlenet.cli import main
from keras_googlenet.data.splits import ListedSplit
from keras_googlenet.errors import InputError, WorkError
from keras_googlenet.evaluation import EvaluationResult, Predictions, protocol
from keras_googlenet.experiment import run
from keras_googlenet.model import load_model
from keras_googlenet.training import read_recipe, recipe_for
from keras_googlenet.training import run as runs

CLASSES = ("blue", "green", "red")
BROKEN = "green/7.png"

KILLED = """
import os, signal, sys
from keras_googlenet.data.splits import ListedSplit
from keras_googlenet.evaluation import protocol
from keras_googlenet.experiment import run
from keras_googlenet.training import read_recipe
from keras_googlenet.training import run as runs
from support.small_training import small_network

folder, after, reads, read = sys.argv[1], int(sys.argv[2]), [], ListedSplit.read

def counted(split, record):
    reads.append(record)
    if len(reads) == after:
        os.kill(os.getpid(), signal.SIGKILL)
    return read(split, record)

runs.build, ListedSplit.read, protocol.SAVE_SECONDS = small_network, counted, 0
run(read_recipe(folder), folder, resume=True, verbose=0)
"""


@pytest.fixture(scope="module", autouse=True)
def small():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "build", small_network)
        yield


@pytest.fixture(scope="module")
def colors(tmp_path_factory):
    """Noisy pictures: 24 to train on, 12 to validate, 45 to test, one of which cannot be read."""
    folder, rng = tmp_path_factory.mktemp("colors"), np.random.default_rng(0)
    for part, count in (("train", 8), ("val", 4), ("test", 15)):
        for channel, name in zip((2, 1, 0), CLASSES, strict=True):
            (folder / part / name).mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(0, 200, (40 + number, 52, 3), np.uint8)
                pixels[..., channel] += 50
                Image.fromarray(pixels).save(folder / part / name / f"{number}.png")
    broken = folder / "test" / BROKEN
    broken.write_bytes(broken.read_bytes()[:200])
    return folder


@pytest.fixture(scope="module")
@does("trains")
def whole(colors, tmp_path_factory):
    """A run that was left alone."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    changes = {**RECIPE, "epochs": 1, "batch_size": 8, "on_corrupt": "skip"}
    run(recipe_for(str(colors), **changes), folder, strategy="none", verbose=0)
    assert not (folder / "predictions.npz").exists()
    return folder


@pytest.fixture
def trained(whole, tmp_path):
    """The run before its evaluation."""
    leave_out = shutil.ignore_patterns("evaluation.json", "report.html")
    return shutil.copytree(whole, tmp_path / "run", ignore=leave_out)


def test_its_numbers_are_numpys(whole, colors):
    found = json.loads((whole / "evaluation.json").read_text())
    split = data.load(str(colors)).test
    paths = [split.path(place) for place in range(split.count)]
    assert [os.path.relpath(path, colors) for path in paths] == list(split.names)
    kept = [place for place, path in enumerate(paths) if not path.endswith(BROKEN)]
    views = np.stack([data.center_crop(data.read_image(paths[place]), 32) for place in kept]).astype("float32")
    rows = load_model(str(whole / "model.keras")).predict(preprocess_input(views), verbose=0).astype("float64")
    labels, guesses = split.labels[kept], rows.argmax(axis=1)
    assert (found["split"], found["count"], found["top5"]) == ("test", 44, None)
    assert found["top1"] == pytest.approx(np.mean(guesses == labels))
    assert found["loss"] == pytest.approx(-np.log(rows[np.arange(44), labels]).mean(), rel=1e-5)
    confusion = [[int(((labels == i) & (guesses == j)).sum()) for j in range(3)] for i in range(3)]
    assert found["confusion"] == confusion
    assert (found["class_names"], found["class_counts"]) == (list(CLASSES), [15, 14, 15])
    wrong = sorted((-rows[row].max(), kept[row]) for row in np.flatnonzero(guesses != labels))[:24]
    assert wrong
    for mistake, (probability, place) in zip(found["mistakes"], wrong, strict=True):
        assert mistake["probability"] == pytest.approx(-probability, abs=1e-5)
        row = kept.index(mistake["index"])
        assert (mistake["true"], mistake["predicted"]) == (labels[row], guesses[row])
        assert mistake["name"] == paths[mistake["index"]]
        assert rows[row].max() == pytest.approx(rows[kept.index(place)].max(), abs=1e-5)


def test_the_command_says_the_same(whole, colors, tmp_path):
    """There is one measurer: a run's last evaluation and the command agree to the last bit."""
    report, file = tmp_path / "r.json", tmp_path / "p.npz"
    options = ["--on-corrupt", "skip", "--batch-size", "8", "--json", str(report), "--predictions", str(file)]
    assert main(["evaluate", str(whole / "model.keras"), "--dataset", str(colors), *options]) == 1  # one was skipped
    [row], found = json.loads(report.read_text())["results"], json.loads((whole / "evaluation.json").read_text())
    assert row["count"] == found["count"]
    assert row["top1_error"] == pytest.approx(1 - found["top1"])
    path = data.load(str(colors)).test.path
    again = EvaluationResult.of([Predictions.read(file)], CLASSES, "test", path=path)
    assert again.to_json() == (whole / "evaluation.json").read_text()


@pytest.mark.spawns
def test_it_is_killed_at_any_moment_and_gone_on_with(trained, whole):
    after = random.randrange(1, 45)
    process = subprocess.run(
        [sys.executable, "-c", KILLED, str(trained), str(after)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert process.returncode == -signal.SIGKILL, process.stderr
    done = Predictions.read(trained / "predictions.npz").done.sum()
    assert max(0, after - 24) <= done < after  # read ahead of the network, by a batch and a few
    assert_goes_on(trained, whole, after)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_it_goes_on(trained, whole, number, monkeypatch):
    read, reads = ListedSplit.read, []

    def counted(split, record):
        reads.append(record)
        if len(reads) == 30:
            os.kill(os.getpid(), number)
        return read(split, record)

    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]
    monkeypatch.setattr(ListedSplit, "read", counted)
    with pytest.raises(WorkError, match=rf"Stopped by {number.name}. .*predictions.npz keeps .* with --resume") as end:
        run(read_recipe(trained), trained, resume=True, strategy="none", verbose=0)
    monkeypatch.undo()
    assert end.value.status == 128 + number
    assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)] == before
    assert 0 < Predictions.read(trained / "predictions.npz").done.sum() < 44
    assert_goes_on(trained, whole, number)


def test_an_unreadable_image_ends_it_until_it_is_mended(trained, whole, colors):
    """Of a run that is to stop at one."""
    record = json.loads((trained / "recipe.json").read_text())
    record["recipe"]["on_corrupt"] = "stop"
    (trained / "recipe.json").write_text(json.dumps(record))
    broken = colors / "test" / BROKEN
    content = broken.read_bytes()
    with pytest.raises(InputError, match=BROKEN) as end:
        run(read_recipe(trained), trained, resume=True, strategy="none", verbose=0)
    assert end.value.status == 1
    done = Predictions.read(trained / "predictions.npz").done
    assert 0 < done.sum() < 30
    assert not (trained / "evaluation.json").exists()
    try:
        Image.new("RGB", (40, 40)).save(broken)
        run(read_recipe(trained), trained, resume=True, strategy="none", verbose=0)
    finally:
        broken.write_bytes(content)
    assert json.loads((trained / "evaluation.json").read_text())["count"] == 45


def test_what_is_evaluated_is_not_evaluated_again(whole, monkeypatch):
    monkeypatch.setattr(protocol, "predict_crops", lambda *_: pytest.fail("it has begun"))
    (whole / "predictions.npz").write_bytes(b"of a run that was killed when its report was there")
    run(read_recipe(whole), whole, resume=True, strategy="none", verbose=0)
    assert not (whole / "predictions.npz").exists()


def assert_goes_on(folder, whole, when):
    run(read_recipe(folder), folder, resume=True, strategy="none", verbose=0)
    assert (folder / "evaluation.json").read_bytes() == (whole / "evaluation.json").read_bytes(), when
    assert (folder / "report.html").exists()
    assert not (folder / "predictions.npz").exists()

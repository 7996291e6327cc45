"""A run that is stopped and gone on with ends as one that was left alone, to the last bit."""

import os
import resource
import shutil
import signal
import sys
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
from support import small_training
from support.small_training import RECIPE, small_network

from keras_googlenet import data, training
from keras_googlenet.errors import InputError
from keras_googlenet.training import run as runs
from keras_googlenet.training.checkpoints import Checkpoints

REPOSITORY = Path(__file__).parents[2]
PROGRAM = [sys.executable, small_training.__file__]


@pytest.fixture(scope="module")
def few_digits():
    """240 of the digits, so that an epoch has 10 steps, and 40 for validation."""
    whole = data.load("digits")

    def part(split, count):
        return type(split)(split.items[:count], split.labels[:count], split.decode)

    return data.Source("digits", whole.classes, part(whole.train, 240), part(whole.validation, 40), "some")


@pytest.fixture
def small(few_digits, monkeypatch):
    monkeypatch.setattr(runs, "build", small_network)
    monkeypatch.setattr(data, "load", lambda *args, **kwargs: few_digits)


def recipe(**changes):
    return training.recipe_for("digits", **{**RECIPE, "sampling": "paper", "checkpoints_kept": 100, **changes})


FREEZE = {"weights": "imagenet", "freeze": "trunk", "freeze_epochs": 1, "head_learning_rate": 0.01}
ALONE = training.strategy_for("none")


def checkpoints_in(folder):
    return Checkpoints(folder, ALONE)


KINDS = {
    "paper": {},
    "frozen first": FREEZE,
    "accumulated": {"accumulate": 3, "averaging": None, "schedule": "cosine"},
    "float16": {"precision": "mixed_float16", "label_smoothing": 0.1},
}


def weights_of(path):
    model = keras.saving.load_model(path, compile=False)
    return {variable.path: keras.ops.convert_to_numpy(variable) for layer in model.layers for variable in layer.weights}


def assert_same_run(folder, other):
    assert (folder / "metrics.csv").read_bytes() == (other / "metrics.csv").read_bytes()
    for name in ("model.keras", "best.keras"):
        one, two = (weights_of(path / name) for path in (folder, other))
        assert one.keys() == two.keys()
        assert all(one[key].tobytes() == two[key].tobytes() for key in one), name


@pytest.mark.parametrize("kind", KINDS)
def test_from_any_checkpoint_a_run_ends_the_same(small, tmp_path, kind):
    whole = tmp_path / "whole"
    training.train(recipe(**KINDS[kind]), whole, verbose=0)
    steps = checkpoints_in(whole / "checkpoints").steps()
    assert steps == [7, 10, 14, 20]  # within the epochs, and at their ends
    for step in {"paper": steps, "frozen first": [7, 10]}.get(kind, [7]):
        part = tmp_path / f"from-{step}"
        shutil.copytree(whole, part, ignore=shutil.ignore_patterns("*.keras"))
        if step >= 10:
            shutil.copy(whole / "best.keras", part)
        checkpoints_in(part / "checkpoints").forget_after(step)
        training.train(recipe(**KINDS[kind]), part, resume=True, verbose=0)
        assert_same_run(part, whole)


def test_another_seed_is_another_run(small, tmp_path):
    """Else the comparison above would prove nothing."""
    for seed in (0, 1):
        training.train(recipe(epochs=1, seed=seed), tmp_path / str(seed), verbose=0)
    with pytest.raises(AssertionError):
        assert_same_run(tmp_path / "0", tmp_path / "1")


def test_the_last_checkpoints_are_kept(small, tmp_path):
    training.train(recipe(checkpoint_steps=3, checkpoints_kept=2), tmp_path / "run", verbose=0)
    names = {path.name for path in (tmp_path / "run" / "checkpoints").iterdir()}
    assert names == {f"step-{step}.{end}" for step in (18, 20) for end in ("index", "data-00000-of-00001")}


@pytest.fixture
def finished(small, tmp_path):
    training.train(recipe(), tmp_path / "run", verbose=0)
    return tmp_path / "run"


@pytest.mark.parametrize("damage", ["cut", "flipped", "no data", "empty index"])
def test_a_damaged_newest_checkpoint_is_passed_over(small, finished, damage, capsys):
    before = weights_of(finished / "model.keras")
    (finished / "model.keras").unlink()
    folder = finished / "checkpoints"
    file = folder / "step-20.data-00000-of-00001"
    content = bytearray(file.read_bytes())
    if damage == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif damage == "no data":
        file.unlink()
    else:
        (folder / "step-20.index").write_bytes(b"")
    with pytest.warns(UserWarning, match=r"step-20: passed over, it is damaged: "):
        training.train(recipe(), finished, resume=True, verbose=0)
    assert "going on from epoch 2, step 4 of 10" in capsys.readouterr().out
    assert all(np.array_equal(before[key], value) for key, value in weights_of(finished / "model.keras").items())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert checkpoints_in(folder).newest() == 20


def test_a_finished_run_stays_as_it_is(small, finished, capsys):
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*") if path.is_file()}
    logs = training.train(recipe(), finished, resume=True, verbose=0)
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*") if path.is_file()} == before
    assert 0 <= logs["val_predictions_accuracy"] <= 1


def test_a_run_goes_on_with_its_own_recipe_alone(small, finished):
    with pytest.raises(InputError, match=r"started with learning_rate=0.02, .* Received: learning_rate=0.03"):
        training.train(recipe(learning_rate=0.03), finished, resume=True, verbose=0)


def test_a_run_does_not_begin_where_another_one_is(small, finished):
    with pytest.raises(InputError, match=r"new or empty; --resume goes on with the run in it"):
        training.train(recipe(), finished, verbose=0)


def test_a_checkpoint_of_another_network_is_refused(small, finished, monkeypatch):
    checkpoints_in(finished / "checkpoints").forget_after(14)
    monkeypatch.setattr(runs, "build", lambda recipe, source: keras.Sequential([keras.layers.Dense(10)]))

    def other(recipe, source):
        return keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(10)])

    monkeypatch.setattr(runs, "build", other)
    monkeypatch.setattr(runs.freezing, "thaw", lambda model: None)
    with pytest.raises(training.CheckpointError, match="step-14: this checkpoint is of another network or optimizer"):
        training.train(recipe(), finished, resume=True, verbose=0)


def test_weights_that_are_not_finite_are_never_saved(small, tmp_path):
    class Spoil(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 8:
                kernel = self.model.get_layer("conv1_7x7_s2").kernel
                kernel.assign(kernel * float("inf"))

    with pytest.raises(training.TrainingError, match="loss became nan in epoch 1, batch 10. The last good .* step 7"):
        training.train(recipe(), tmp_path / "run", callbacks=[Spoil()], verbose=0)
    assert checkpoints_in(tmp_path / "run" / "checkpoints").steps() == [7]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_stops(small, finished, tmp_path, number):
    class Send(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 4:
                os.kill(os.getpid(), number)

    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]
    folder = tmp_path / "stopped"
    with pytest.raises(training.Interrupted, match=rf"Stopped by {number.name}. The last good .* step 5. Go on") as end:
        training.train(recipe(), folder, callbacks=[Send()], verbose=0)
    assert end.value.status == 128 + number
    assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)] == before
    training.train(recipe(), folder, resume=True, verbose=0)
    assert_same_run(folder, finished)


def test_a_full_disk_loses_nothing_older(small, finished, tmp_path):
    """A limit on the size of files ends each write as a full disk would."""
    folder = tmp_path / "run"
    shutil.copytree(finished, folder, ignore=shutil.ignore_patterns("*.keras"))
    checkpoints = checkpoints_in(folder / "checkpoints")
    checkpoints.forget_after(7)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(training.WorkError, match=r"(?s)could not be written: .*"):
            training.train(recipe(), folder, resume=True, verbose=0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert checkpoints.newest() == 7
    assert not [path for path in folder.rglob("*") if "partial" in path.name or "temp" in path.name]
    training.train(recipe(), folder, resume=True, verbose=0)
    assert_same_run(folder, finished)

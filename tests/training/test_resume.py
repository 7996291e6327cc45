"""A run that is stopped and gone on with ends as one that was left alone, to the last bit."""

import importlib.util
import os
import random
import resource
import shutil
import signal
import sys
from pathlib import Path

import keras
import pytest
from support import small_training
from support.few_digits import training_on
from support.small_training import RECIPE, small_network
from support.tiers import does

from keras_googlenet import training
from keras_googlenet.errors import InputError, WorkError
from keras_googlenet.training import run as runs
from keras_googlenet.training.checkpoints import CheckpointError, Checkpoints
from keras_googlenet.training.interruption import Interrupted

REPOSITORY = Path(__file__).parents[2]
PROGRAM = [sys.executable, small_training.__file__]


@pytest.fixture(scope="module", autouse=True)
def small():
    """So many that an epoch has 10 steps."""
    with training_on(240):
        yield


@pytest.fixture(scope="module")
@does("trains")
def whole(small, tmp_path_factory):
    """A run that was left alone; all its checkpoints are kept."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    training.train(recipe(), folder, verbose=0)
    return folder


@pytest.fixture
def copy(whole, tmp_path):
    """Copies a run as it would lie there after a step: `copy(step)` or `copy(step, run)`."""

    def copy(step, run=whole):
        folder = tmp_path / f"from-{step}"
        shutil.copytree(run, folder, ignore=None if step == 20 else shutil.ignore_patterns("*.keras"))
        if 10 <= step < 20:
            shutil.copy(run / "best.keras", folder)
        checkpoints_in(folder).forget_after(step)
        return folder

    return copy


def recipe(**changes):
    return training.recipe_for("digits", **{**RECIPE, "sampling": "paper", "checkpoints_kept": 100, **changes})


ALONE = training.strategy_for("none")


def checkpoints_in(folder):
    return Checkpoints(folder / "checkpoints", ALONE)


KINDS = {
    "frozen first": {"weights": "imagenet", "freeze": "trunk", "freeze_epochs": 1, "head_learning_rate": 0.01},
    "kept features": {"weights": "imagenet", "freeze": "trunk", "freeze_epochs": 2, "freeze_views": 1},
    "all else": {"accumulate": 3, "schedule": "cosine", "precision": "mixed_float16", "label_smoothing": 0.1},
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


@pytest.mark.parametrize("step", [7, 10, 14])
def test_from_any_checkpoint_a_run_ends_the_same(whole, copy, step, capsys):
    assert checkpoints_in(whole).steps() == [7, 10, 14, 20]  # within the epochs, and at their ends
    folder = copy(step)
    training.train(recipe(), folder, resume=True, verbose=0)
    assert f"going on from epoch {1 + step // 10}, step {step % 10}\n" in capsys.readouterr().out
    assert_same_run(folder, whole)


@pytest.mark.trains
@pytest.mark.parametrize("kind", KINDS)
def test_any_recipe_goes_on(tmp_path, copy, kind):
    training.train(recipe(**KINDS[kind]), tmp_path / "run", verbose=0)
    for step in (7,) if kind == "all else" else (7, 10):
        folder = copy(step, tmp_path / "run")
        training.train(recipe(**KINDS[kind]), folder, resume=True, verbose=0)
        assert_same_run(folder, tmp_path / "run")


@pytest.mark.trains
def test_another_seed_is_another_run(whole, tmp_path):
    """Else the comparison above would prove nothing."""
    training.train(recipe(seed=1), tmp_path / "run", verbose=0)
    with pytest.raises(AssertionError):
        assert_same_run(tmp_path / "run", whole)


@pytest.mark.trains
def test_the_last_checkpoints_are_kept(tmp_path):
    training.train(recipe(checkpoint_steps=3, checkpoints_kept=2), tmp_path / "run", verbose=0)
    names = {path.name for path in (tmp_path / "run" / "checkpoints").iterdir()}
    assert names == {f"step-{step}.{end}" for step in (18, 20) for end in ("index", "data-00000-of-00001")}


@pytest.mark.parametrize("damage", ["cut", "emptied", "flipped", "no data", "empty index", "cut index"])
def test_a_damaged_newest_checkpoint_is_passed_over(copy, damage):
    folder = copy(20)
    file = folder / "checkpoints" / f"step-20.{'index' if 'index' in damage else 'data-00000-of-00001'}"
    content = bytearray(file.read_bytes())
    if "cut" in damage:
        file.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif damage == "no data":
        file.unlink()
    else:
        file.write_bytes(b"")
    with pytest.warns(UserWarning, match=r"step-20: passed over, it is damaged: "):
        assert checkpoints_in(folder).newest() == 14


def test_a_run_goes_on_behind_a_damaged_checkpoint(copy, whole, capsys):
    folder = copy(14)
    (folder / "checkpoints" / "step-14.data-00000-of-00001").write_bytes(b"")
    with pytest.warns(UserWarning, match=r"step-14: passed over"):
        training.train(recipe(), folder, resume=True, verbose=0)
    assert "going on from epoch 2, step 0\n" in capsys.readouterr().out
    assert_same_run(folder, whole)
    assert checkpoints_in(folder).newest() == 20


def test_a_finished_run_stays_as_it_is(copy):
    folder = copy(20)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    logs = training.train(recipe(), folder, resume=True, verbose=0)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before
    assert 0 <= logs["val_predictions_accuracy"] <= 1


def test_a_run_that_lacks_its_model_alone_gets_it(copy, whole):
    folder = copy(20)
    (folder / "model.keras").unlink()
    training.train(recipe(), folder, resume=True, verbose=0)
    assert_same_run(folder, whole)


def test_a_run_goes_on_with_its_own_recipe_alone(whole):
    with pytest.raises(InputError, match=r"started with seed=0, .* Received: seed=1"):
        training.train(recipe(seed=1), whole, resume=True, verbose=0)


def test_a_run_does_not_begin_where_another_one_is(whole):
    with pytest.raises(InputError, match=r"new or empty; --resume goes on with the run in it"):
        training.train(recipe(), whole, verbose=0)


def test_a_checkpoint_of_another_network_is_refused(copy, monkeypatch):
    monkeypatch.setattr(runs, "build", lambda recipe, source: small_network(recipe, source, heads=False))
    with pytest.raises(CheckpointError, match="step-14: this checkpoint is of another network or optimizer"):
        training.train(recipe(), copy(14), resume=True, verbose=0)


@pytest.mark.trains
@pytest.mark.parametrize(
    ("layer", "spoilt", "message"),
    [
        ("predictions", 9, "The loss became nan in epoch 1, batch 10. {} Start a new"),
        # After the epoch's last step: the loss never sees it.
        ("conv1_7x7_s2", 10, "After step 10, conv1_7x7_s2/kernel is not finite. {}"),
    ],
)
def test_what_is_not_finite_is_never_saved(tmp_path, layer, spoilt, message):
    class Spoil(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch + 1 == spoilt:
                kernel = self.model.get_layer(layer).kernel
                kernel.assign(kernel * float("inf"))

    with pytest.raises(WorkError, match=message.format("The last good checkpoint is of step 7.")):
        training.train(recipe(), tmp_path / "run", callbacks=[Spoil()], verbose=0)
    assert checkpoints_in(tmp_path / "run").steps() == [7]


@pytest.mark.trains
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_saves_and_stops(whole, tmp_path, number):
    class Send(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 4:
                os.kill(os.getpid(), number)

    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]
    folder = tmp_path / "stopped"
    with pytest.raises(Interrupted, match=rf"Stopped by {number.name}. The last good .* step 5. Go on") as end:
        training.train(recipe(), folder, callbacks=[Send()], verbose=0)
    assert end.value.status == 128 + number
    assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)] == before
    if number == signal.SIGTERM:
        training.train(recipe(), folder, resume=True, verbose=0)
        assert_same_run(folder, whole)


@pytest.mark.trains
def test_a_full_disk_loses_nothing_older(copy, whole):
    """A limit on the size of files ends each write as a full disk would."""
    folder = copy(7)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(WorkError, match="cannot be written: File too large"):
            training.train(recipe(), folder, resume=True, verbose=0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert checkpoints_in(folder).newest() == 7
    assert not [path for path in folder.rglob("*") if "partial" in path.name or "temp" in path.name]
    training.train(recipe(), folder, resume=True, verbose=0)
    assert_same_run(folder, whole)


@pytest.mark.spawns
def test_a_killed_run_goes_on(tmp_path):
    """The short form of `benchmarks/kill_and_resume.py`: `kill -9` twice."""
    script = importlib.util.spec_from_file_location("kill_and_resume", REPOSITORY / "benchmarks" / "kill_and_resume.py")
    module = importlib.util.module_from_spec(script)
    script.loader.exec_module(module)
    assert module.compare(PROGRAM, tmp_path, 2, random.Random(0))

"""A run's folder is one process's: who has it is said, a lock that nobody holds any more is taken, none is left."""

import errno
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import keras
import pytest
from PIL import Image
from support import small_training
from support.small_training import small_network

from keras_googlenet import experiment, training
from keras_googlenet.data import load
from keras_googlenet.errors import InputError
from keras_googlenet.evaluation import protocol
from keras_googlenet.training import run as runs
from keras_googlenet.training import run_lock
from keras_googlenet.training.run_folder import RunFolder
from keras_googlenet.training.run_lock import LOCK, RunFolderError, RunLock
from keras_googlenet.utils.disk import WriteError

BUSY = r"run: another process is training here: process \d+ on \S+, since 2\d{3}-"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "run"


def test_one_at_a_time(folder):
    with RunLock(folder) as lock:
        lock.take()
        lock.take()
        record = json.loads((folder / LOCK).read_text())
        assert (record["host"], record["pid"]) == (socket.gethostname(), os.getpid())
        for attempt in (RunLock(folder).check_free, RunLock(folder).take):
            with pytest.raises(RunFolderError, match=BUSY) as busy:
                attempt()
            assert busy.value.status == 1
            assert "\n" not in str(busy.value)
            assert f"process {os.getpid()} on {socket.gethostname()}" in str(busy.value)
        assert json.loads((folder / LOCK).read_text()) == record
    assert not folder.exists()
    RunLock(folder).check_free()
    assert not folder.exists()


def test_what_was_there_stays(folder):
    folder.mkdir()
    with RunLock(folder) as lock:
        lock.take()
    assert list(folder.iterdir()) == []
    (folder / "recipe.json").write_text("{}")
    with RunLock(folder) as lock:
        lock.take()
    assert [path.name for path in folder.iterdir()] == ["recipe.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1, "host": "elsewhere", "since": "now"}'])
def test_a_lock_that_nobody_holds_is_taken(folder, content):
    """Of a process that was killed, of another machine, or of nothing that can be read."""
    folder.mkdir()
    (folder / LOCK).write_text(content)
    RunFolder(folder).check_new()
    with RunLock(folder) as lock:
        lock.check_free()
        lock.take()
        assert json.loads((folder / LOCK).read_text())["pid"] == os.getpid()


def owner(**changes):
    return {**run_lock._this_process(), **changes}


@pytest.mark.parametrize(
    ("found", "free"),
    [
        ({}, False),
        ({"pid": 2**22 + 1}, True),  # above Linux's largest
        ({"start": "1"}, True),  # the number is another process's by now
        ({"boot": "another"}, True),
        ({"host": "elsewhere", "pid": 1, "boot": "another"}, False),
    ],
)
def test_where_the_system_has_no_locks_the_file_tells(folder, monkeypatch, found, free):
    monkeypatch.setattr(run_lock, "lock", lambda descriptor: None)
    folder.mkdir()
    (folder / LOCK).write_text(json.dumps(owner(**found)))
    if free:
        with RunLock(folder) as lock:
            lock.take()
            with pytest.raises(RunFolderError, match=BUSY):
                RunLock(folder).take()
        assert not (folder / LOCK).exists()
    else:
        with pytest.raises(RunFolderError, match=BUSY + r".*; where none does, delete .*lock$"):
            RunLock(folder).take()
        assert json.loads((folder / LOCK).read_text()) == owner(
            since=json.loads((folder / LOCK).read_text())["since"], **found
        )


def test_many_at_once_are_one(folder, monkeypatch):
    """Of threads that begin together, again and again, also where the folder is made and removed meanwhile."""
    held, most, taken, errors = [0], [0], [0], []
    monkeypatch.setattr(run_lock, "_WAITS", 1)

    def begin():
        for _ in range(40):
            try:
                with RunLock(folder) as lock:
                    lock.take()
                    held[0] += 1
                    most[0] = max(most[0], held[0])
                    taken[0] += 1
                    time.sleep(0.0005)
                    held[0] -= 1
            except RunFolderError:
                pass
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=begin) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert most[0] == 1
    assert taken[0] > 6
    assert not any(folder.glob("*")), "of a lock something is left"


def test_a_folder_that_comes_and_goes_is_locked(folder, monkeypatch):
    """Another process had made it just before, and has just removed it."""
    make, tries = Path.mkdir, []

    def mkdir(path, *args, **kwargs):
        tries.append(path)
        if len(tries) == 1:
            raise FileExistsError(errno.EEXIST, "File exists")
        make(path, *args, **kwargs)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with RunLock(folder) as lock:
        lock.take()
        assert lock.is_taken


def test_a_file_is_no_folder(folder):
    folder.write_text("precious")
    with pytest.raises(WriteError, match=r"cannot be written: File exists"), RunLock(folder) as lock:
        lock.take()
    assert folder.read_text() == "precious"


def test_a_link_is_not_followed(folder, tmp_path):
    folder.mkdir()
    (tmp_path / "precious").write_text("kept")
    (folder / LOCK).symlink_to(tmp_path / "precious")
    with pytest.raises(WriteError, match=r"run/\.keras-googlenet-lock cannot be written: "), RunLock(folder) as lock:
        lock.take()
    assert (tmp_path / "precious").read_text() == "kept"


def test_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file" / "run", Path("/proc/run")):
        with pytest.raises(WriteError, match="cannot be written: "), RunLock(place) as lock:
            lock.take()


def test_a_folder_that_goes(folder):
    with RunLock(folder) as lock:
        lock.take()
        lock.check_there()
        folder.rename(folder.with_name("other"))
        with pytest.raises(RunFolderError, match="the run's folder was removed or renamed"):
            lock.check_there()
        folder.mkdir()
        with pytest.raises(RunFolderError, match="the run's folder was removed or renamed"):
            lock.check_there()
    assert list(folder.with_name("other").iterdir()) == []  # nothing is left of the lock there


def picture(path, gray=100):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (20, 20), (gray, gray, gray)).save(path)


def test_what_killed_processes_leave_is_neither_a_run_nor_an_image(tmp_path):
    for place in ("run", "photos", "photos/cat", "photos/dog"):
        picture(tmp_path / place / ".keras-googlenet-partial-x1" / "half.png")
        (tmp_path / place / LOCK).write_text("{}")
    RunFolder(tmp_path / "run").check_new()
    for name in ("cat", "dog"):
        for number in range(3):
            picture(tmp_path / "photos" / name / f"{number}.png")
    source = load(tmp_path / "photos")
    assert (source.classes, source.train.count + source.validation.count) == (("cat", "dog"), 6)
    (tmp_path / "run" / "notes.txt").write_text("")
    with pytest.raises(InputError, match="must be new or empty"):
        RunFolder(tmp_path / "run").check_new()


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Twelve to train on and more than one to validate."""
    root = tmp_path_factory.mktemp("photos")
    for label, name in enumerate(("cat", "dog")):
        for number in range(8):
            picture(root / name / f"{number}.png", 100 * label + number)
    return root


def recipe(photos):
    small = {"image_size": 32, "batch_size": 4, "epochs": 2, "aux_heads": False, "checkpoint_steps": 1}
    return training.recipe_for(str(photos), **small)


class Once(keras.callbacks.Callback):
    """Does something at a step."""

    def __init__(self, happens, step=1):
        super().__init__()
        self._happens, self._left = happens, step

    def on_train_batch_end(self, batch, logs=None):
        self._left -= 1
        if self._left == 0:
            self._happens()


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(runs, "build", small_network)


def move(folder):
    folder.rename(folder.with_name("moved"))


def exchange(folder):
    move(folder)
    folder.mkdir()


def empty(folder):
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


GONE = {"renamed": move, "emptied": empty}
"""More of them are tried on the lock itself, above."""


@pytest.mark.trains
@pytest.mark.parametrize("how", GONE)
def test_a_run_ends_where_its_folder_goes(photos, folder, how):
    """No new folder with half a run in it; what was moved can be gone on with."""
    with pytest.raises(RunFolderError, match="was removed") as gone:
        training.train(recipe(photos), folder, callbacks=[Once(lambda: GONE[how](folder))], verbose=0)
    assert (gone.value.status, str(gone.value).count("\n")) == (1, 0)
    assert not any(path.is_file() for path in folder.rglob("*"))
    if how == "renamed":
        moved = folder.with_name("moved")
        assert not (moved / LOCK).exists()
        training.train(recipe(photos), moved, resume=True, verbose=0)
        assert (moved / "model.keras").exists()


@pytest.mark.trains
def test_a_run_whose_folder_goes_before_its_evaluation(photos, folder, monkeypatch):
    report = experiment._report

    def gone(recipe, paths, *rest):
        shutil.rmtree(folder)
        report(recipe, paths, *rest)

    monkeypatch.setattr(experiment, "_report", gone)
    with pytest.raises(RunFolderError, match="was removed"):
        experiment.run(recipe(photos), folder, verbose=0)
    assert not folder.exists()


@pytest.mark.trains
def test_a_run_whose_folder_goes_in_its_evaluation(photos, folder, monkeypatch):
    cut, cuts = protocol.cut, []

    def counted(*args):
        cuts.append(args)
        if len(cuts) == 2:
            exchange(folder)
        return cut(*args)

    monkeypatch.setattr(protocol, "cut", counted)
    with pytest.raises(RunFolderError, match="was removed"):
        experiment.run(recipe(photos), folder, verbose=0)
    assert not list(folder.rglob("*"))


@pytest.mark.trains
def test_another_one_is_refused_and_changes_nothing(photos, folder):
    refused = []

    def second():
        before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
        for resume in (True, False):
            for begin in (training.train, experiment.run):
                with pytest.raises(RunFolderError, match=BUSY):
                    begin(recipe(photos), folder, resume=resume, verbose=0)
                refused.append(resume)
        assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before

    experiment.run(recipe(photos), folder, verbose=0)
    shutil.rmtree(folder / "checkpoints")
    (folder / "model.keras").unlink()
    training.train(recipe(photos), folder, resume=True, callbacks=[Once(second)], verbose=0)
    assert len(refused) == 4
    assert (folder / "model.keras").exists()
    assert not (folder / LOCK).exists()


@pytest.mark.spawns
def test_two_commands_at_once_are_one_run(folder):
    program = [sys.executable, small_training.__file__, "--epochs", "1", "--output", str(folder)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TF_CPP_MIN_LOG_LEVEL": "3"}
    options = {"env": environment, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    pair = [subprocess.Popen(program, **options) for _ in range(2)]
    ends = sorted((one.communicate(timeout=900), one.returncode) for one in pair)
    assert sorted(status for _, status in ends) == [0, 1], ends
    [errors] = [errors for (_, errors), status in ends if status]
    [line] = [line for line in errors.splitlines() if line.startswith("keras-googlenet: ")]
    assert "run: another process is training here: process " in line
    assert "Traceback" not in errors
    assert (folder / "report.html").exists()
    assert not (folder / LOCK).exists()

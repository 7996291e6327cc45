"""Signals end a command with a line, and leave nothing half written; a second one ends it at once."""

import os
import signal
import subprocess
import sys
import time

import pytest
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.cli import main, predict, signals
from keras_googlenet.errors import WorkError
from keras_googlenet.utils.writing import written_whole

SIGNALS = {signal.SIGINT: "interrupted", signal.SIGTERM: "ended by SIGTERM", signal.SIGHUP: "ended by SIGHUP"}

WAITS = """
import importlib.util, sys, time, keras_googlenet_command
# As the command does: the package without Keras.
sys.modules["keras_googlenet"] = importlib.util.module_from_spec(importlib.util.find_spec("keras_googlenet"))
from keras_googlenet.cli import predict
from keras_googlenet.utils.writing import written_whole
def run(arguments):
    with written_whole(arguments.model) as partial:
        partial.write_text("half")
        try:
            predict.say("begun")
            time.sleep(100)
        finally:
            predict.say("ending")
            if arguments.top == 1:
                time.sleep(100)
predict.run, predict.needs_keras = run, lambda arguments: False
sys.exit(keras_googlenet_command.main())
"""


@pytest.fixture
def command(monkeypatch):
    """A function that runs a command, which does what it is given."""

    def command(do):
        monkeypatch.setattr(predict, "run", lambda arguments: (do(), 0)[1])
        return main(["predict", "a", "b"])

    return command


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_command(number, command, capsys, tmp_path):
    before = [signal.getsignal(one) for one in SIGNALS]

    def do():
        with written_whole(tmp_path / "file") as partial:
            partial.write_text("half")
            signal.raise_signal(number)

    assert command(do) == 128 + number
    assert capsys.readouterr().err == f"keras-googlenet: error: {SIGNALS[number]}\n"
    assert not list(tmp_path.iterdir())
    assert [signal.getsignal(one) for one in SIGNALS] == before


def test_after_the_first_a_second_does_what_signals_do(command):
    found = []

    def do():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            found.extend(map(signal.getsignal, SIGNALS))

    assert command(do) == 143
    assert found == [signal.SIG_DFL] * 3


def test_what_is_ignored_stays_ignored(command, monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert command(lambda: signal.raise_signal(signal.SIGHUP)) == 0
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("kind", [RuntimeError, WorkError])
def test_an_error_that_a_library_made_of_it(command, capsys, kind):
    """Or that this package took for a failure of the library's."""

    def do():
        try:
            signal.raise_signal(signal.SIGTERM)
        except BaseException as error:
            raise kind("graph execution error") from error

    assert command(do) == 143
    assert capsys.readouterr().err == "keras-googlenet: error: ended by SIGTERM\n"


def test_what_says_itself_what_ended_it_does(command, capsys):
    def do():
        try:
            signal.raise_signal(signal.SIGTERM)
        except BaseException as error:
            stopped = WorkError("Stopped by SIGTERM. Go on with --resume")
            stopped.status = 143
            raise stopped from error

    assert command(do) == 143
    assert capsys.readouterr().err == "keras-googlenet: error: Stopped by SIGTERM. Go on with --resume\n"


def test_another_thread_handles_none(command):
    import threading

    found = []
    thread = threading.Thread(target=lambda: found.append(command(lambda: None)))
    thread.start()
    thread.join()
    assert found == [0]


def test_no_exception_handler_of_errors_takes_it():
    assert not issubclass(signals.Ended, Exception)
    assert issubclass(signals.Ended, KeyboardInterrupt)


def started(*arguments, code=WAITS, **more):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, **more,
    )  # fmt: skip


@pytest.mark.spawns
@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("twice", [False, True])
def test_a_process(number, twice, tmp_path):
    process = started("predict", "file", "y", *(["--top", "1"] if twice else []), cwd=tmp_path)
    assert process.stdout.readline() == "begun\n"
    process.send_signal(number)
    assert process.stdout.readline() == "ending\n"
    if twice:
        process.send_signal(number)
    _, err = process.communicate(timeout=100)
    assert process.returncode == (-number if twice else 128 + number)
    assert err == ("" if twice else f"keras-googlenet: error: {SIGNALS[number]}\n")
    if not twice:
        assert not list(tmp_path.iterdir())


@pytest.mark.spawns
def test_nohup(tmp_path):
    process = started(
        "predict", "file", "y", cwd=tmp_path, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
    )
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGHUP)
    time.sleep(1)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=100)
    assert process.returncode == 143


EXPORTS = """
import os, signal, sys, tempfile, keras_googlenet_command
def hooked(*arguments, before=tempfile.mkdtemp, **more):
    found = before(*arguments, **more)
    signal.setitimer(signal.ITIMER_REAL, float(os.environ["AFTER"]))
    return found
tempfile.mkdtemp = hooked
signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
try:
    sys.exit(keras_googlenet_command.main())
finally:
    signal.setitimer(signal.ITIMER_REAL, 0)  # a Python that ends handles no signals, and would be ended by this one
"""
"""SIGTERM comes a while after a folder was made to write in."""


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "m.keras"
    model = GoogLeNet(weights=None, classes=2, input_shape=(32, 32, 3), variant=SMALL)
    model.class_names = ("a", "b")
    model.save(path)
    return path


@pytest.mark.spawns
@pytest.mark.exports
@pytest.mark.parametrize(
    "arguments",
    [["convert", "x.npz"], ["export", "x", "--format", "savedmodel"], ["export", "x.tflite", "--format", "litert"]],
)
@pytest.mark.parametrize("after", ["0.001", "2"])
def test_what_is_ended_leaves_nothing(arguments, after, network, tmp_path, monkeypatch):
    monkeypatch.setenv("AFTER", after)
    command, target, *options = arguments
    process = started(command, str(network), target, *options, code=EXPORTS, cwd=tmp_path)
    _, err = process.communicate(timeout=300)
    if process.returncode == 0 and after != "0.001":  # it was faster
        assert (tmp_path / target).exists()
        return
    assert process.returncode == 143, err
    assert err == "keras-googlenet: error: ended by SIGTERM\n"
    assert not list(tmp_path.iterdir())

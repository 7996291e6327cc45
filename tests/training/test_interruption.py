"""Signals: the first one is noted, the second of any kind ends the process, what is ignored stays so."""

import os
import signal
import subprocess
import sys

import pytest

from keras_googlenet.training.interruption import SIGNALS, Interrupted, interruption

SECOND = """
import os, signal, sys, time
from keras_googlenet.training.interruption import interruption

with interruption() as noted:
    os.kill(os.getpid(), int(sys.argv[1]))
    assert noted.signal == int(sys.argv[1])
    print("noted", flush=True)
    os.kill(os.getpid(), int(sys.argv[2]))
    time.sleep(60)
"""


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_is_noted(number):
    before = [signal.getsignal(each) for each in SIGNALS]
    with interruption() as noted:
        assert noted.signal is None
        os.kill(os.getpid(), number)
        assert noted.signal == number
    assert [signal.getsignal(each) for each in SIGNALS] == before
    assert Interrupted(number, "").status == 128 + number


def test_a_closed_session_is_among_them():
    assert Interrupted(signal.SIGHUP, "").status == 129
    assert set(SIGNALS) == {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


@pytest.mark.parametrize("number", SIGNALS)
def test_what_is_ignored_stays_ignored(number):
    """As `nohup`, and a shell's `&`, have it."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with interruption() as noted:
            os.kill(os.getpid(), number)
            other = next(each for each in SIGNALS if each != number)
            os.kill(os.getpid(), other)
            assert noted.signal == other
            assert signal.getsignal(number) == signal.SIG_IGN
        assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_in_a_notebook_a_second_ctrl_c_leaves_the_notebook(monkeypatch):
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    with interruption():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.spawns
@pytest.mark.parametrize(
    ("first", "second"),
    [("SIGTERM", "SIGTERM"), ("SIGHUP", "SIGINT"), ("SIGINT", "SIGTERM"), ("SIGINT", "SIGINT"), ("SIGTERM", "SIGHUP")],
)
def test_the_second_ends_at_once(first, second):
    numbers = [signal.Signals[name] for name in (first, second)]
    command = [sys.executable, "-c", SECOND, *(str(int(number)) for number in numbers)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert (process.returncode, process.stdout) == (-numbers[1], "noted\n"), process.stderr

"""Fixtures shared by the whole suite."""

import signal
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

collect_ignore = ["support"]
"""What tests import, for doctests: no test is there, and the oracles among them need packages of the extra `peers`."""


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real weights and images, which is not part of the repository."""
    if not SHARED_DATA.is_dir():
        pytest.skip("needs the real weights and images of ../shared/data")
    return SHARED_DATA


@pytest.fixture(scope="session", autouse=True)
def signals_of_a_terminal():
    """Signals as a terminal's programs have them: what a shell runs in the background may ignore SIGINT and SIGHUP."""
    usual = {"SIGINT": signal.default_int_handler, "SIGHUP": signal.SIG_DFL}
    before = {
        getattr(signal, name): signal.signal(getattr(signal, name), handler)
        for name, handler in usual.items()
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) == signal.SIG_IGN
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)

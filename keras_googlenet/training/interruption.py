"""Signals that ask a run to end, of a cluster, a keyboard or a closed session: the run saves and stops."""

import signal
import sys
import threading
from contextlib import contextmanager

from keras_googlenet.errors import WorkError

SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name))
"""A cluster takes a machine away, Ctrl-C, the terminal or the ssh session was closed."""


class Interrupted(WorkError):
    """A signal ended the run.

    Args:
        number: The signal.
        message: What was saved, and how to go on.

    Attributes:
        status: The exit status that shells give such an end: 128 and the signal's number.
    """

    def __init__(self, number, message):
        super().__init__(f"Stopped by {signal.Signals(number).name}. {message}")
        self.status = 128 + number


class Interruption:
    """Whether a signal has come.

    Attributes:
        signal: Its number, or None.
    """

    def __init__(self):
        self.signal = None

    def note(self, number, frame):
        """A signal handler. A second signal, of whichever kind, ends the process at once.

        In a notebook or a console Ctrl-C ends what runs there, not the console.
        """
        self.signal = number
        for each in SIGNALS:
            if signal.getsignal(each) == self.note:
                keeps = each == signal.SIGINT and hasattr(sys, "ps1")
                signal.signal(each, signal.default_int_handler if keeps else signal.SIG_DFL)


@contextmanager
def interruption():
    """Notes signals instead of dying of them, for as long as a run lasts.

    A signal that the process was started to ignore, as `nohup` has it ignore SIGHUP, stays ignored. Outside the main
    thread Python handles no signals, and this does nothing.

    Returns:
        A context manager that gives an `Interruption`.
    """
    noted = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    heard = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, noted.note) for number in heard}
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)  # None: not one of Python's

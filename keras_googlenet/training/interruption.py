"""SIGTERM, which a cluster sends before it takes a machine away, and Ctrl-C: the run saves and stops."""

import signal
import threading
from contextlib import contextmanager

from keras_googlenet.errors import WorkError

SIGNALS = (signal.SIGTERM, signal.SIGINT)


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
        """A signal handler. The second signal of a kind does what it would have done without this."""
        self.signal = number
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.default_int_handler)


@contextmanager
def interruption():
    """Notes signals instead of dying of them, for as long as a run lasts.

    Outside the main thread Python handles no signals, and this does nothing.

    Returns:
        A context manager that gives an `Interruption`.
    """
    noted = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    before = {number: signal.signal(number, noted.note) for number in SIGNALS}
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""Signals that end a command: what it was writing is cleared away, and a line says what ended it."""

import contextlib
import signal
import threading

SIGNALS = tuple(
    number for number in (getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")) if number
)


class Ended(KeyboardInterrupt):
    """A signal has come. It is no `Exception`: nothing takes it for a failure of what it was doing.

    Args:
        number: The signal.
    """

    def __init__(self, number):
        super().__init__(signal.Signals(number).name)
        self.number = number


class Noted:
    """The signal that has come.

    Attributes:
        number: Its number, or None.
    """

    number: int | None = None


@contextlib.contextmanager
def raised():
    """Raises `Ended` at the first signal; another ends the process at once.

    A signal that is ignored, as `nohup` has SIGHUP ignored, stays so. Training handles signals itself while it lasts.
    Outside the main thread Python handles no signals, and this does nothing.

    Returns:
        A context manager that gives what is `Noted`: libraries may make another error of `Ended`.
    """
    noted, before = Noted(), {}

    def end(number, frame):
        noted.number = number
        for one in before:
            signal.signal(one, signal.SIG_DFL)
        raise Ended(number)

    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in SIGNALS}
        before = {number: old for number, old in before.items() if old not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, end)
    try:
        yield noted
    finally:
        for number, old in before.items():
            signal.signal(number, old)

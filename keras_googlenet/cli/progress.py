"""A progress bar that leaves the output alone: on standard error, and only where that is a terminal."""

import contextlib
import sys


class Progress:
    """Keras's progress bar; it gives way to lines that are printed meanwhile.

    Args:
        count: What there is to do.
        unit: What it is called.
        shown: Whether it is worth showing.
    """

    def __init__(self, count, unit, shown=True):
        self._bar = None
        if shown and sys.stderr.isatty():
            import keras

            with contextlib.redirect_stdout(sys.stderr):
                self._bar = keras.utils.Progbar(count, unit_name=unit)

    def update(self, done):
        """Shows how much is done."""
        if self._bar is not None:
            with contextlib.redirect_stdout(sys.stderr):
                self._bar.update(done)

    def clear(self):
        """Empties the bar's line; to be called before anything else is printed."""
        if self._bar is not None:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

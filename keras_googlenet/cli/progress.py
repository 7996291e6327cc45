"""A progress bar that leaves the output alone: on standard error, and only where that is a terminal."""

import sys


class Progress:
    """Keras's progress bar, which `streams` takes to standard error; it gives way to lines that are printed meanwhile.

    Args:
        count: Images to go through.
        shown: Whether it is worth showing.
        unit: What is counted, if not images.
    """

    def __init__(self, count: int, shown: bool = True, unit: str = "image"):
        import keras

        self._shown = shown and sys.stderr.isatty()
        self._bar = keras.utils.Progbar(count, verbose=int(self._shown), unit_name=unit)

    def update(self, done: int) -> None:
        """Shows how much is done."""
        self._bar.update(done)

    def clear(self) -> None:
        """Empties the bar's line; to be called before anything else is printed."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

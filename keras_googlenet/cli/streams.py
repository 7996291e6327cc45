"""Standard output for answers, standard error for all else; nothing that controls a terminal reaches either.

While a command runs, `sys.stdout` is standard error: what libraries print is no answer. Answers go by `say`, notes and
errors by `tell`. Where nobody reads standard error any more, work goes on in silence. Where nobody reads standard
output, a command whose work is files goes on, too; one that only answers ends.
"""

import contextlib
import errno
import os
import re
import stat
import sys

from keras_googlenet.errors import WorkError
from keras_googlenet.utils.messages import one_line, shortened

LONGEST = 1000
"""Characters of a line on standard error."""

_BARS = re.compile(r"((?:\x1b\[[\d;]*[mK]|[\b\r])+)")
"""What progress bars are drawn with."""


class ReaderLeft(BrokenPipeError):
    """Whatever read standard output has ended, as `head` does, or the terminal was closed."""


class _Stream:
    """A text stream that nothing unprintable passes, but the colors and returns of progress bars to a terminal.

    Args:
        inner: The stream; None, where the process was started without: then nobody reads what is written.
    """

    def __init__(self, inner):
        self.inner = inner

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def write(self, text):
        """Writes a text; whole lines at once."""
        if self.inner is not None:
            with self._losing():
                shown = _printable(text, self.inner.isatty())
                self.inner.write(shown.encode(self.encoding, "backslashreplace").decode(self.encoding))
                if "\n" in text:
                    self.inner.flush()
        return len(text)

    def writelines(self, lines):
        """Writes several texts."""
        for line in lines:
            self.write(line)

    def flush(self):
        """Writes what is held back."""
        if self.inner is not None:
            with self._losing():
                self.inner.flush()

    def isatty(self):
        """Whether it is a terminal."""
        return self.inner is not None and self.inner.isatty()

    @property
    def encoding(self):
        """In which text is written."""
        return getattr(self.inner, "encoding", None) or "utf-8"

    @property
    def errors(self):
        """What becomes of text that the encoding lacks."""
        return getattr(self.inner, "errors", None) or "backslashreplace"

    @contextlib.contextmanager
    def _losing(self):
        try:
            yield
        except (OSError, ValueError) as error:  # ValueError: it is closed
            left = isinstance(error, BrokenPipeError) or self._is_hung_up(error)
            with contextlib.suppress(OSError, ValueError):  # else Python would try to write the rest at exit
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self.inner.fileno())
                os.close(nowhere)
            self._lost(error, left)

    def _is_hung_up(self, error):
        """Whether it was a terminal: a closed one is no terminal any more, and a file's such error is the disk's."""
        with contextlib.suppress(OSError, ValueError):
            return getattr(error, "errno", None) == errno.EIO and stat.S_ISCHR(os.fstat(self.inner.fileno()).st_mode)
        return False

    def _lost(self, error, left):
        """Standard error: there is nobody to tell."""


class Answers(_Stream):
    """Standard output.

    Attributes:
        needed: Whether a command is worth nothing without; else its work is files, and it goes on.
        failed: Whether an answer could not be written, though somebody wanted it.
    """

    needed, failed = True, False

    def check(self):
        """Says at once that there is no standard output, before any work is done for it.

        Raises:
            WorkError: It is closed, and needed.
        """
        if self.inner is None and self.needed:
            raise WorkError("standard output is closed: there is nowhere to answer to")

    def _lost(self, error, left):
        if left:
            if self.needed:
                raise ReaderLeft from None
            return
        self.failed, message = True, f"standard output cannot be written: {getattr(error, 'strerror', None) or error}"
        if self.needed:
            raise WorkError(message) from None
        tell(f"warning: {message}; the work goes on")


_current: list[Answers] = []


@contextlib.contextmanager
def guarded():
    """Guards both streams for as long as a command runs.

    Returns:
        A context manager that gives `Answers`.
    """
    _open_closed()
    before, answers = sys.stdout, Answers(sys.stdout)
    _current.append(answers)
    try:
        guard_errors()
        yield answers
    finally:
        with contextlib.suppress(ReaderLeft, WorkError):
            answers.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before, getattr(sys.stderr, "inner", sys.stderr)
        _current.remove(answers)


def guard_errors():
    """Guards standard error; to be called again where it has been replaced.

    Where it is None, too: `print` to that would print to standard output.
    """
    if not isinstance(sys.stderr, _Stream):
        sys.stderr = _Stream(sys.stderr)
    sys.stdout = sys.stderr


def answers():
    """Standard output: of the command that runs, else the process's."""
    return _current[-1] if _current else sys.stdout


def say(*lines):
    """Prints lines of an answer at once.

    Args:
        *lines: Anything, a line each whatever is in it.
    """
    print(*map(one_line, lines), sep="\n", file=answers(), flush=True)


def tell(message):
    """Prints a note, a warning or an error on standard error, as one line of a length that can be read.

    Args:
        message: Anything.
    """
    line = one_line(re.sub(r"\s*[\r\n]+\s*", " ", str(message).strip()))
    print(f"keras-googlenet: {shortened(line, LONGEST)}", file=sys.stderr, flush=True)


def _open_closed():
    """Opens what the process was started without: else the next file would take its number, and its output."""
    with contextlib.suppress(OSError):
        while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
            os.set_inheritable(descriptor, True)
        os.close(descriptor)


def _printable(text, terminal):
    if text.isprintable():
        return text
    parts = _BARS.split(text.replace("\r\n", "\n"))
    if not terminal:  # a bar's states are lines of a log
        parts[1::2] = ["\n" if "\r" in part else "" for part in parts[1::2]]
    parts[::2] = [_lines(part) for part in parts[::2]]
    return "".join(parts)


def _lines(text):
    return "\n".join("\t".join(map(one_line, line.split("\t"))) for line in text.split("\n"))

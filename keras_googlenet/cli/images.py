"""Images of the command line, one at a time: as the network sees them, or an error that says why not."""

import contextlib
import os
import sys
from functools import partial

from keras_googlenet.cli.paths import STDIN
from keras_googlenet.cli.streams import tell
from keras_googlenet.data.errors import ImageError
from keras_googlenet.data.images import decode_view, read_view

MAX_STDIN = 2**28  # bytes


def views(path, *sizes):
    """Reads an image, in each of some sizes.

    Args:
        path: Of a file, a string; `STDIN` reads the bytes of standard input.
        sizes: Sides in pixels.

    Returns:
        For each size the central square of the image, `uint8` of `(size, size, 3)`.

    Raises:
        ImageError: It can't be read; the message names it.
    """
    view = partial(decode_view, _standard_input(), "standard input") if path == STDIN else partial(read_view, path)
    with _quiet_libraries():
        return [view(size) for size in sizes]


class Failures:
    """Called with what went wrong, it says so on standard error; it is true once it was called."""

    _any = False

    def __call__(self, message):
        """Says it."""
        self._any = True
        tell(message)

    def __bool__(self):
        return self._any


def _standard_input():
    try:
        content = sys.stdin.buffer.read(MAX_STDIN + 1) if sys.stdin else b""
    except OSError as error:
        raise ImageError(f"standard input: {error.strerror}") from error
    if len(content) > MAX_STDIN:
        raise ImageError(f"standard input: more than {MAX_STDIN:,} bytes; save the image and give the file")
    return content


@contextlib.contextmanager
def _quiet_libraries():
    """Keeps off standard error what libtiff writes there of a damaged file, past Python; the error raised says it."""
    try:
        kept = os.dup(2)
    except OSError:  # there is none
        yield
        return
    with open(os.devnull, "wb") as silence:
        os.dup2(silence.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)

"""A terminal that is closed does not end a long command: what it prints afterwards goes nowhere."""

import errno
import os
import sys


def survive():
    """Makes standard output and standard error outlive their terminal."""
    sys.stdout, sys.stderr = _Outliving(sys.stdout), _Outliving(sys.stderr)


class _Outliving:
    """A stream that goes on to the null device once its terminal is gone (EIO)."""

    def __init__(self, stream):
        self._stream = stream

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def write(self, text):
        """Writes, unless nobody is there."""
        return self._tried(self._stream.write, text)

    def flush(self):
        """Flushes, unless nobody is there."""
        return self._tried(self._stream.flush)

    def _tried(self, call, *arguments):
        try:
            return call(*arguments)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
            return call(*arguments)

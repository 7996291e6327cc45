"""How long this process waits for another one."""

import contextlib
import math
import socket
import struct
import time
from collections.abc import Iterator

_GLANCE = 1  # seconds from one look at the clock to the next


class TooLong(Exception):
    """The time is over."""


class Clock:
    """Waits no longer than it has seconds left.

    A second that lasts longer, as where all were stopped for the night, counts as two. The system does the waiting, in
    the call itself: with a timeout of Python's, each call would let go of the global lock three times instead of once.

    Args:
        seconds: to wait in all.
    """

    def __init__(self, seconds: float):
        self.left = seconds

    def receive(self, source: socket.socket, view: memoryview) -> int:
        """Waits for bytes.

        Args:
            source: where they come from.
            view: where they go.

        Returns:
            How many came; 0 where no more will.

        Raises:
            TooLong: none came in time.
        """
        _limit(source, socket.SO_RCVTIMEO, _GLANCE)
        while self.left > 0:
            begun = time.monotonic()
            try:
                return source.recv_into(view)
            except ConnectionError:
                return 0
            except BlockingIOError:
                continue
            finally:
                self.left -= min(time.monotonic() - begun, 2 * _GLANCE)
        raise TooLong

    @contextlib.contextmanager
    def sending(self, to: socket.socket) -> Iterator[None]:
        """Limits what is sent to the time that is left.

        Args:
            to: where it goes.

        Raises:
            EOFError: nobody takes it any more.
            TooLong: it was not taken in time.
        """
        _limit(to, socket.SO_SNDTIMEO, max(1, math.ceil(self.left)))
        try:
            yield
        except BlockingIOError as error:
            raise TooLong from error
        except ConnectionError as error:
            raise EOFError from error


def _limit(of: socket.socket, which: int, seconds: int) -> None:
    of.setsockopt(socket.SOL_SOCKET, which, struct.pack("@ll", seconds, 0))

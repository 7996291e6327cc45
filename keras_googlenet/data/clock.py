"""How long this process waits for another one."""

import socket
import time

_GLANCE = 1.0  # seconds from one look at the clock to the next


class TooLong(Exception):
    """The time is over."""


class Clock:
    """Waits no longer than it has seconds left.

    A second that lasts longer, as where all were stopped for the night, counts as two.

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
        while self.left > 0:
            source.settimeout(min(_GLANCE, self.left))
            begun = time.monotonic()
            try:
                return source.recv_into(view)
            except ConnectionError:
                return 0
            except TimeoutError:
                continue
            finally:
                self.left -= min(time.monotonic() - begun, 2 * _GLANCE)
        raise TooLong

"""Decodes in processes what may take long or much: one that takes too long is ended, as no thread can be.

A file may be made to keep its decoder busy for hours, or to fill the memory. A process is started where there is
something to decode and none is idle. Each has a limit of memory (on Linux) and decodes one image after another.
"""

import atexit
import os
import socket
import threading
from functools import cache

import numpy as np

from keras_googlenet.data.errors import ImageError
from keras_googlenet.data.worker_process import TIMED_OUT, Clock, Job, TooLong, WorkerProcess
from keras_googlenet.utils.messages import one_line

SECONDS = 10
"""Of processor time. An image that takes longer is refused; other work on the machine does not count."""

PATIENCE = 5
"""Times that by the clock, after which an image is refused however little processor time it got."""


def available() -> bool:
    """Whether the system can do this: Linux and macOS can, Windows can't."""
    return hasattr(socket, "send_fds")


def decode(job: Job, seconds: float | None = None) -> list[np.ndarray]:
    """Decodes an image in another process.

    Args:
        job: the image.
        seconds: of processor time that it may take; `None` for `SECONDS`.

    Returns:
        uint8 arrays of shape (height, width, 3): the image, or its views.

    Raises:
        ImageError: it can't be decoded, not in time, or not with the memory that a process has; or no process
            can be started.
    """
    pool, name, seconds = _pool(), one_line(job.name), seconds or SECONDS
    too_long = f"{name}: decoding takes longer than {seconds:g} seconds; save it as JPEG or PNG"
    with pool.free:
        clock = Clock(seconds * PATIENCE)
        while True:
            worker, keep = pool.take(name), False
            try:
                images = worker.decode(job, seconds, clock)
                keep = True
                return images
            except ImageError:
                keep = True
                raise
            except TooLong as error:
                raise ImageError(too_long) from error
            except EOFError as error:
                how = worker.how_it_ended()
                if how == TIMED_OUT:
                    raise ImageError(too_long) from error
                if worker.served == 1:  # another may have been ended before, for what it did before
                    raise ImageError(f"{name}: the process that decoded it {how}") from error
            except MemoryError as error:
                raise ImageError(f"{name}: there is not enough memory for it") from error
            finally:
                if keep:
                    pool.idle.append(worker)
                else:
                    pool.end(worker)


class _Pool:
    """As many processes as threads that ask for one at a time, but no more than there are processors."""

    def __init__(self):
        self.free, self.idle = threading.Semaphore(max(2, os.cpu_count() or 1)), []
        self._all = set()

    def take(self, name: str) -> WorkerProcess:
        try:
            return self.idle.pop()
        except IndexError:
            pass
        try:
            worker = WorkerProcess()
        except OSError as error:
            why = one_line(error.strerror or error)
            raise ImageError(f"{name}: no process can be started to decode such an image: {why}") from error
        self._all.add(worker)
        return worker

    def end(self, worker: WorkerProcess) -> None:
        self._all.discard(worker)
        worker.end()

    def end_all(self) -> None:
        while self._all:
            self._all.pop().end()

    def forget_all(self) -> None:
        """In a process that was forked from this one, whose own they are not."""
        for worker in self._all:
            worker.forget()
        _pool.cache_clear()


@cache
def _pool() -> _Pool:
    pool = _Pool()
    atexit.register(pool.end_all)
    os.register_at_fork(after_in_child=pool.forget_all)
    return pool

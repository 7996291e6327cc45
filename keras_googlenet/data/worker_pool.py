"""Decodes in processes what may take long or much: one that takes too long is ended, as no thread can be.

A file may be made to keep its decoder busy for hours, or to fill the memory. A process is started where there is
something to decode and none is idle. Each has a limit of memory (on Linux) and decodes one image after another.
"""

import atexit
import contextlib
import os
import socket
from collections.abc import Callable
from functools import cache
from queue import SimpleQueue
from typing import TypeVar

import numpy as np

from keras_googlenet.data.clock import Clock, TooLong
from keras_googlenet.data.errors import ImageError
from keras_googlenet.data.frames import too_much
from keras_googlenet.data.tasks import Job, Task
from keras_googlenet.data.views import Answer
from keras_googlenet.data.worker_process import OUT_OF_MEMORY, TIMED_OUT, WorkerProcess
from keras_googlenet.utils.messages import one_line

SECONDS = 10
"""Of processor time. An image that takes longer is refused; other work on the machine does not count."""

PATIENCE = 5
"""Times that by the clock, after which an image is refused however little processor time it got."""

VIEWS_PATIENCE = 100
"""The same for processes that make views, and let others run first: beside busy ones they may get a hundredth."""

T = TypeVar("T")


def available() -> bool:
    """Whether the system can do this: Linux and macOS can, Windows can't."""
    return hasattr(socket, "send_fds")


def processes() -> int:
    """How many processes work at a time: one for each processor that this one may use, but for one processor two."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(2, count or 1)


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
    limit = seconds or SECONDS
    try:
        return _ask(job.name, limit, lambda worker, clock: worker.decode(job, limit, clock))
    except (CannotStart, _Failed) as error:
        raise ImageError(str(error)) from error  # `reading_errors` knows it by its name


def views(task: Task, pixels: np.ndarray) -> list[int | str]:
    """Has views made by another process.

    What may take long or much is made alone, within limits. So is each of the views whose process ended: one of them
    may have been the cause.

    Args:
        task: the views.
        pixels: uint8 array of shape (views, size, size, 3), to be filled.

    Returns:
        For each view an `Answer`'s number, or why its image cannot be read.

    Raises:
        CannotStart: no process can be started.
    """
    answers: list[int | str] = [Answer.LIMITED] * len(task.numbers)
    with contextlib.suppress(_Failed):
        answers = _ask(
            "images",
            SECONDS * len(answers),
            lambda worker, clock: worker.views(task, pixels, None, clock),
            VIEWS_PATIENCE,
        )
    for place, answer in enumerate(answers):
        if answer == Answer.LIMITED:
            answers[place] = _alone(task.alone(place), pixels[place : place + 1])
    return answers


def _alone(task: Task, pixels: np.ndarray) -> int | str:
    try:
        [answer] = _ask(
            task.images.names[0],
            SECONDS,
            lambda worker, clock: worker.views(task, pixels, SECONDS, clock),
            VIEWS_PATIENCE,
        )
    except _Failed as error:
        return str(error)
    return answer


class CannotStart(ImageError):
    """No process can be started."""


class _Failed(ImageError):
    """What a process was asked for has ended it, or it had to be ended."""


def _ask(name: str, seconds: float, ask: Callable[[WorkerProcess, Clock], T], patience: int = PATIENCE) -> T:
    """What a process answers.

    Args:
        name: what an error calls the image.
        seconds: of processor time that it may take.
        ask: asks a process.
        patience: times `seconds` by the clock.
    """
    pool, name = _pool(), one_line(name)
    too_long = f"{name}: decoding takes longer than {seconds:g} seconds; save it as JPEG or PNG"
    with pool.free:
        clock = None
        while True:
            worker, keep = pool.take(name), False
            clock = clock or Clock(seconds * (VIEWS_PATIENCE if worker.yields else patience))
            try:
                answer = ask(worker, clock)
                keep = True
                return answer
            except ImageError:
                keep = True
                raise
            except TooLong as error:
                raise _Failed(too_long) from error
            except EOFError as error:
                how = worker.how_it_ended()
                if how == TIMED_OUT:
                    raise _Failed(too_long) from error
                if worker.served == 1:  # another may have been ended before, for what it did before
                    why = too_much(name) if how == OUT_OF_MEMORY else f"{name}: the process that decoded it {how}"
                    raise _Failed(why) from error
            except (MemoryError, OSError) as error:
                raise _Failed(f"{name}: there is not enough memory for it") from error
            finally:
                if keep:
                    pool.idle.append(worker)
                else:
                    pool.end(worker)


class Turns:
    """A semaphore that does nothing in Python, while all other threads wait.

    Args:
        count: threads that have their turn at a time.
    """

    def __init__(self, count: int):
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(count):
            self._free.put(None)

    def __enter__(self) -> None:
        self._free.get()

    def __exit__(self, *raised: object) -> None:
        self._free.put(None)


class _Pool:
    """As many processes as threads that ask for one at a time, but no more than there are processors.

    Attributes:
        free: gives a thread its turn, once there is one.
        idle: processes that have nothing to do.
    """

    def __init__(self):
        self.free, self.idle = Turns(processes()), []
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
            raise CannotStart(f"{name}: no process can be started to decode such an image: {why}") from error
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

"""One process that decodes images, seen from the process that wants them."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from keras_googlenet.data import colors, frames
from keras_googlenet.data.clock import Clock, TooLong
from keras_googlenet.data.errors import ImageError
from keras_googlenet.data.shared_pixels import SharedPixels
from keras_googlenet.data.tasks import Job, Task

_SECONDS_TO_START = 60.0  # slow disks
_SECONDS_TO_END = 10.0  # memory is given back

# Imports `data.worker` without running the `__init__` of the packages it is in, which takes seconds, and without
# looking for anything in the current folder.
_PROGRAM = """
import json, sys, types
given = json.loads(sys.argv[1])
sys.path[:] = given["path"]
for name, path in given["packages"].items():
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = path
from keras_googlenet.data import worker
worker.main()
"""

TIMED_OUT = "was ended by SIGPROF"
"""How a process ended that took too much processor time."""

OUT_OF_MEMORY = f"ended with status {frames.OUT_OF_MEMORY}"
"""How one ended that took too much memory, and could not say so."""

# Threads and arenas that a single decoder does not use would count as its memory. What an image took is kept for the
# next one, up to 64 MiB: to give it back to the system and to get it anew takes a fifth of the time (glibc).
_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(2**25),
    "MALLOC_TRIM_THRESHOLD_": str(2**26),
}


class WorkerProcess:
    """A process of its own, ready to decode.

    Attributes:
        served: how many tasks it was given.
        yields: whether it lets others run first, as it does once it has made views.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self):
        if not sys.executable or getattr(sys, "frozen", False):
            raise OSError("this Python is part of another program")
        packages = (__package__.partition(".")[0], __package__)
        given = {
            "path": [folder for folder in sys.path if os.path.isabs(folder)],
            "packages": {name: list(map(os.path.abspath, sys.modules[name].__path__)) for name in packages},
        }
        self.served, self.yields, self._pixels = 0, False, SharedPixels()
        self._socket, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-ISBc", _PROGRAM, json.dumps(given)],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd="/",
                    env=os.environ | _ENVIRONMENT,
                    process_group=0,  # what a terminal signals is meant for this process
                )
        except BaseException:
            self._socket.close()
            raise
        try:
            frames.receive_head(partial(Clock(_SECONDS_TO_START).receive, self._socket))
        except EOFError as error:
            raise OSError(f"it {self.how_it_ended()} at once") from error
        except TooLong as error:
            self.end()
            raise OSError(f"it took more than {_SECONDS_TO_START:.0f} seconds") from error
        except BaseException:
            self.end()
            raise

    def decode(self, job: Job, seconds: float, clock: Clock) -> list[np.ndarray]:
        """Has an image decoded. After any error but the first the process is of no more use.

        Args:
            job: the image.
            seconds: of processor time that it may take.
            clock: how long it may take.

        Returns:
            uint8 arrays of shape (height, width, 3): the image, or its views.

        Raises:
            ImageError: it can't be.
            EOFError: the process has ended.
            TooLong: the time is over.
        """
        self.served += 1
        length = None if job.data is None else len(job.data)
        request = {"name": job.name, "sizes": job.sizes, "settings": job.settings, "length": length, "seconds": seconds}
        descriptors = () if job.descriptor is None else (job.descriptor,)
        self._send(frames.REQUEST, request, job.data or b"", descriptors, clock)
        receive = partial(clock.receive, self._socket)
        return [_image(receive) for _ in job.sizes or (None,)]

    def views(self, task: Task, pixels: np.ndarray, seconds: float | None, clock: Clock) -> list[int | str]:
        """Has views made. After any error the process is of no more use.

        Args:
            task: the views.
            pixels: uint8 array of shape (views, size, size, 3), to be filled; with anything, where there is no view.
            seconds: of processor time that they may take; `None` where only images are decoded that can't take long.
            clock: how long they may take.

        Returns:
            For each view an `Answer`'s number, or why its image cannot be read.

        Raises:
            EOFError: the process has ended.
            TooLong: the time is over.
            OSError: there is no memory to share.
        """
        self.served += 1
        self.yields = True
        descriptors = self._pixels.descriptors(pixels.nbytes)
        try:
            self._send(frames.VIEWS, task.request() | {"seconds": seconds}, task.data(), descriptors, clock)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        answers: list[int | str] = frames.receive_json(partial(clock.receive, self._socket))
        self._pixels.copy(pixels)
        return answers

    def _send(self, letter: bytes, request: Any, data: bytes, descriptors: tuple[int, ...], clock: Clock) -> None:
        with clock.sending(self._socket):
            frames.send_json(self._socket, letter, request, descriptors)
            if data:
                self._socket.sendall(data)

    def end(self) -> None:
        """Ends it, whatever it does."""
        self._socket.close()
        self._process.kill()
        self._process.wait()

    def how_it_ended(self) -> str:
        """Ends it, where it has closed its end of the socket and so is ending by itself.

        Returns:
            How it ended, in words.
        """
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_SECONDS_TO_END)
        self.end()
        status = self._process.returncode
        return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"

    def forget(self) -> None:
        """Leaves it to the process that this one was forked from."""
        self._socket.close()
        self._pixels = SharedPixels()
        self._process.returncode = 0


def _image(receive: frames.Receive) -> np.ndarray:
    """The image that the next frames hold: its shape, then its rows as they are stored."""
    shape = _content(receive, *frames.receive_head(receive))
    width, height, turn = shape["width"], shape["height"], shape["turn"]
    upright, stored = colors.canvas(width, height, None if turn is None else Image.Transpose(turn))
    row = 0
    while row < height:
        letter, length = frames.receive_head(receive)
        if letter == frames.ERROR:
            _content(receive, letter, length)
        rows = stored[row : row + length // (3 * width)]
        strip = rows if rows.flags.c_contiguous else np.empty(rows.shape, np.uint8)
        frames.receive_into(receive, strip.data.cast("B"))
        if strip is not rows:
            rows[:] = strip
        row += len(rows)
    return upright


def _content(receive: frames.Receive, letter: bytes, length: int) -> Any:
    content = bytearray(length)
    frames.receive_into(receive, memoryview(content))
    if letter == frames.ERROR:
        raise ImageError(json.loads(content))
    return json.loads(content)

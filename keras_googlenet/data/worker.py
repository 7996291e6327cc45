"""The process that makes views for training, and decodes what may take long or much; it ends with its parent.

It imports neither Keras nor TensorFlow. `data.worker_pool` starts it, hands it a few views or one image at a time, and
ends it where an image takes too long. For an image that may take much, its memory is limited.
"""

import contextlib
import fcntl
import mmap
import os
import resource
import select
import signal
import socket
import sys
import warnings
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np
from PIL import AvifImagePlugin, Image

from keras_googlenet.data import frames, image_formats, views
from keras_googlenet.data.center_crop import center_crop_image
from keras_googlenet.data.colors import rgb_strips
from keras_googlenet.data.decoding import decode_here
from keras_googlenet.data.errors import ImageError
from keras_googlenet.data.sampling import sampler_for
from keras_googlenet.data.tasks import Task
from keras_googlenet.utils.messages import one_line

NICE = 19
"""What training itself does comes first: views are made ahead of it, and are no use beside it.

A thread that is given Python's lock has to run at once, since all others wait for it: beside processes of a smaller
number it waits for milliseconds until there is a processor for it. Only the processes of the same session or container
come before these ones, so that what other users do on the machine costs them nothing (Linux weighs groups first).
"""

_THREADS = 4  # of the one decoder that has several; each takes memory


def main() -> None:
    """Decodes images until the parent closes the other end of standard input, a socket."""
    try:
        _serve()
    except MemoryError:  # too little is left even to say so
        os._exit(frames.OUT_OF_MEMORY)


def _serve() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # whatever the thread that started this had blocked
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the parent may have images left when it gets one
    for number in (signal.SIGIO, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)  # end the process, even within a decoder
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    image_formats.formats()
    for name in image_formats.NOT_DECODED & Image.OPEN.keys():  # one format may hold any other
        Image.OPEN.pop(name)
        Image.ID.remove(name)
    AvifImagePlugin.DEFAULT_MAX_THREADS = min(_THREADS, os.cpu_count() or 1)
    with socket.socket(fileno=0) as parent, contextlib.suppress(ConnectionError, EOFError):
        frames.send(parent, frames.READY)
        canvas, more = mmap.mmap(-1, 1), NICE
        while True:
            letter, request, descriptors = frames.receive_request(parent)
            for module, name, value in request["settings"]:
                setattr(sys.modules[module], name, value)
            if letter == frames.VIEWS:
                os.nice(more)
                more = 0
                canvas = _canvas(descriptors) or canvas
                _make(parent, canvas, request)
            else:
                length = request["length"]
                file = os.fdopen(descriptors[0], "rb") if length is None else BytesIO(frames.receive(parent, length))
                with file:
                    _answer(parent, file, request)
            signal.setitimer(signal.ITIMER_PROF, 0)


def _canvas(descriptors: list[int]) -> mmap.mmap | None:
    """The memory, shared with the parent, that came with a request."""
    for descriptor in descriptors:
        canvas = mmap.mmap(descriptor, 0)
        os.close(descriptor)
        return canvas
    return None


def _make(parent: socket.socket, canvas: mmap.mmap, request: dict[str, Any]) -> None:
    """Makes views, one after the other into the memory that is shared; answers what became of each."""
    seconds, folder = request.pop("seconds"), request.pop("folder")
    names, lengths, stamps = request.pop("images")
    data = None if lengths is None else [bytes(frames.receive(parent, length)) for length in lengths]
    task = Task(views.Encoded(names, data, stamps), **request)
    sampler, each = sampler_for(*task.sampler), 3 * task.size**2
    answers: list[str | views.Answer] = []

    def limit(file: BinaryIO) -> bool:
        if seconds is not None:
            _limit(file, seconds)
        return seconds is not None

    _end_with(parent, True)
    for place, name in enumerate(names):
        try:
            found = views.make(task.view(place), os.path.join(folder, name), task.size, sampler, limit)
        except ImageError as error:
            answers.append(_why(error, name))
            continue
        if isinstance(found, bytes):
            canvas[place * each : (place + 1) * each] = found
            found = views.Answer.MADE
        answers.append(found)
    _end_with(parent, False)
    frames.send_json(parent, frames.ANSWERS, answers)


def _answer(parent: socket.socket, file: BinaryIO, request: dict[str, Any]) -> None:
    name, sizes = request["name"], request["sizes"]

    def finish(image: Image.Image, turn: Image.Transpose | None) -> None:
        if sizes is not None:
            views = [center_crop_image(image, tuple(size) if isinstance(size, list) else size, turn) for size in sizes]
            _end_with(parent, False)
            for view in views:
                frames.send_json(parent, frames.SHAPE, {"height": view.shape[0], "width": view.shape[1], "turn": None})
                frames.send(parent, frames.PIXELS, view)
            return
        _end_with(parent, False)
        frames.send_json(parent, frames.SHAPE, {"height": image.height, "width": image.width, "turn": turn})
        for _, strip in rgb_strips(image, 0, image.height):
            frames.send(parent, frames.PIXELS, np.asarray(strip))

    _limit(file, request["seconds"])
    _end_with(parent, True)
    try:
        decode_here(file, name, finish)
    except ImageError as error:
        _end_with(parent, False)
        frames.send_json(parent, frames.ERROR, _why(error, name))


def _why(error: ImageError, name: str) -> str:
    return frames.too_much(one_line(name)) if isinstance(error.__cause__, MemoryError) else str(error)


def _limit(file: BinaryIO, seconds: float) -> None:
    """Bounds the processor time and memory that decoding a file takes."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    with contextlib.suppress(OSError, ValueError):  # only Linux tells; macOS takes such limits and ignores them
        with open("/proc/self/statm", encoding="ascii") as status:
            taken = int(status.read().split()[0]) * resource.getpagesize()
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        wanted = taken + frames.MEMORY + size
        resource.setrlimit(resource.RLIMIT_AS, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))


def _end_with(parent: socket.socket, whether: bool) -> None:
    """Lets the system end this process when the parent ends, while nothing else happens to the socket.

    A decoder may not return to Python for long, so no thread could look.
    """
    descriptor = parent.fileno()
    fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_ASYNC if whether else flags & ~os.O_ASYNC)
    poll = select.poll()
    poll.register(descriptor, 0)
    if poll.poll(0):  # it had ended before
        raise EOFError

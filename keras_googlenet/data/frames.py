"""What `data.worker_pool` and `data.worker` say to each other through a socket: a letter, a length, so many bytes."""

import json
import socket
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

REQUEST, VIEWS, READY, SHAPE, PIXELS, ERROR, ANSWERS = b"R", b"V", b"Y", b"S", b"P", b"E", b"A"

MEMORY = 2**30
"""Bytes that decoding an image may take, beside its file."""

OUT_OF_MEMORY = 3
"""Exit status of a process that had no memory left to answer."""

Receive = Callable[[memoryview], int]
"""Puts bytes into the beginning of a buffer, at least one, and returns how many; 0 where no more will come."""

_HEAD = struct.Struct(">cQ")
_AT_ONCE = 4096  # bytes: what is said of some dozens of views


def too_much(name: str) -> str:
    """Why an image cannot be read that takes too much memory."""
    return f"{name}: decoding takes more than {MEMORY // 2**20:,} MiB of memory; save it as JPEG or PNG"


def send(
    to: socket.socket, letter: bytes, content: bytes | np.ndarray = b"", descriptors: tuple[int, ...] = ()
) -> None:
    """Sends a frame.

    Args:
        to: the other process.
        letter: what kind of frame it is.
        content: its bytes, or an array's.
        descriptors: of open files to go with it.
    """
    view = memoryview(content) if isinstance(content, bytes) else content.data.cast("B")
    sent = socket.send_fds(to, [_HEAD.pack(letter, len(view)), view], descriptors) - _HEAD.size
    if sent < len(view):
        to.sendall(view[max(sent, 0) :])


def send_json(to: socket.socket, letter: bytes, content: Any, descriptors: tuple[int, ...] = ()) -> None:
    """Sends a frame of anything that JSON holds; as `send`.

    Args:
        to: the other process.
        letter: what kind of frame it is.
        content: to be sent.
        descriptors: of open files to go with it.
    """
    send(to, letter, json.dumps(content).encode("ascii"), descriptors)


def receive(source: socket.socket, length: int) -> bytearray:
    """Waits for so many bytes.

    Args:
        source: the other process.
        length: how many.

    Raises:
        EOFError: the other process has ended.
    """
    content = bytearray(length)
    receive_into(source.recv_into, memoryview(content))
    return content


def receive_into(receive: Receive, view: memoryview) -> None:
    """Waits until a buffer is full.

    Args:
        receive: where they come from.
        view: the buffer.

    Raises:
        EOFError: the other process has ended.
    """
    while view:
        if not (count := receive(view)):
            raise EOFError
        view = view[count:]


def receive_head(receive: Receive) -> tuple[bytes, int]:
    """Waits for the next frame.

    Args:
        receive: as in `receive_into`.

    Returns:
        Its letter, and how many bytes are to come.

    Raises:
        EOFError: the other process has ended.
    """
    head = bytearray(_HEAD.size)
    receive_into(receive, memoryview(head))
    return _HEAD.unpack(head)


def receive_json(receive: Receive) -> Any:
    """Waits for a frame of JSON after which nothing comes unasked: most need one call alone.

    Args:
        receive: as in `receive_into`.

    Returns:
        What it holds.

    Raises:
        EOFError: the other process has ended.
    """
    start = bytearray(_AT_ONCE)
    count = 0
    while count < _HEAD.size:
        if not (came := receive(memoryview(start)[count:])):
            raise EOFError
        count += came
    _, length = _HEAD.unpack_from(start)
    content = bytearray(length)
    came = count - _HEAD.size
    content[:came] = start[_HEAD.size : count]
    receive_into(receive, memoryview(content)[came:])
    return json.loads(content)


def receive_request(source: socket.socket) -> tuple[bytes, dict[str, Any], list[int]]:
    """Waits for a frame of JSON, and the files that go with it.

    Args:
        source: the other process.

    Returns:
        Its letter, what it holds, and descriptors.

    Raises:
        EOFError: the other process has ended.
    """
    head, descriptors, _, _ = socket.recv_fds(source, _HEAD.size, 1)
    if not head:
        raise EOFError
    letter, length = _HEAD.unpack(head + receive(source, _HEAD.size - len(head)))
    return letter, json.loads(receive(source, length)), descriptors

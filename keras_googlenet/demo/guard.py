"""What stands before the page: whom it answers, how much it takes, and a line in the log for all that it refuses.

A page on this machine can be reached by any site that a visitor's browser shows: its name may suddenly mean this
machine's address ("DNS rebinding"). So requests must call this machine by a name that it goes by, and come from pages
that do.
"""

import ipaddress
import os
import re
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from keras_googlenet.utils.messages import one_line

LOCAL = ("localhost", "127.0.0.1", "::1")
"""What a machine is called from within, whatever address is served on."""

ROOM = 50
"""All that is uploaded may take so many times the largest file on the disk, until it is deleted."""

MAX_BODY = 2**20
"""Bytes that a request other than an upload may have."""

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^\s:\[\]@/]+))(?::\d+)?")
_UPLOAD = "/gradio_api/upload"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def log(line: object) -> None:
    """Writes a line to the log, which is standard error.

    Args:
        line: What was refused, and why.
    """
    print(f"keras-googlenet: refused: {one_line(line)}", file=sys.stderr, flush=True)


def is_called(name: str, host: str) -> bool:
    """Whether a machine that serves on an address may be called so.

    Args:
        name: A `Host` header, or what an `Origin` header has behind `//`.
        host: The name or address that is served on. On all of them (`0.0.0.0`, `::`) any numeric address is right, for
            which no name server is asked.

    Example:
        >>> is_called("localhost:7860", "127.0.0.1"), is_called("evil.example", "127.0.0.1")
        (True, False)
        >>> is_called("192.168.1.7:7860", "127.0.0.1"), is_called("192.168.1.7:7860", "0.0.0.0")
        (False, True)
    """
    found = _HOST.fullmatch(name.lower())
    if found is None:
        return False
    called = found[1] or found[2].removesuffix(".")
    return called in (*LOCAL, host.lower()) or (_is_any(host) and _address(called) is not None)


def _is_any(host: str) -> bool:
    address = _address(host)
    return address is not None and address.is_unspecified


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


class Guard:
    """ASGI middleware that refuses requests under foreign names, from foreign pages, and beyond what there is room for.

    Args:
        app: The application behind it.
        host: The name or address that is served on.
        folder: Where uploads lie.
        largest: Bytes of the largest file that is taken; None means any, and no limit on all of them.
    """

    def __init__(self, app: Callable[..., Awaitable[None]], host: str, folder: str, largest: int | None):
        self._app, self._host, self._folder = app, host, Path(folder)
        self._room = None if largest is None else largest * ROOM
        self._arriving = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers a request."""
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        size = max(map(int, filter(str.isdecimal, headers.get("content-length", ()))), default=0)
        if refusal := self._refusal(scope, headers, size):
            return await _refuse(scope, send, *refusal)
        self._arriving += size

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 400:
                log(_what(scope, message["status"]))
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            self._arriving -= size

    def _refusal(self, scope: Message, headers: dict[str, list[str]], size: int) -> tuple[int, str] | None:
        hosts, origins = headers.get("host", [""]), headers.get("origin", [])
        if not all(is_called(host, self._host) for host in hosts):
            return 403, f"this page does not go by the name of {', '.join(hosts)!r}"
        if not all(is_called(origin.partition("//")[2], self._host) for origin in origins):
            return 403, f"a request from the page of {', '.join(origins)!r}"
        if "transfer-encoding" in headers:
            return 411, "a request that does not tell its size"
        if scope.get("path", "").endswith(_UPLOAD):
            if self._room is not None and size + self._arriving + _used(self._folder) > self._room:
                return 507, f"there is no room for {size:,} bytes: uploads take at most {self._room:,}. Try again later"
        elif size > MAX_BODY:
            return 413, f"{size:,} bytes are more than the {MAX_BODY:,} of a request"
        return None


def _used(folder: Path) -> int:
    sizes = 0
    for current, _, files in os.walk(folder):
        for file in files:
            try:
                sizes += os.lstat(os.path.join(current, file)).st_size
            except OSError:  # just deleted
                continue
    return sizes


async def _refuse(scope: Message, send: Send, status: int, why: str) -> None:
    log(f"{_what(scope, status)}: {why}")
    if scope["type"] == "websocket":
        return await send({"type": "websocket.close", "code": 1008})
    body = one_line(why).encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": body})


def _what(scope: Message, status: int) -> str:
    client = (scope.get("client") or ("somebody",))[0]
    return f"{client}: {scope.get('method', 'WebSocket')} {scope.get('path', '')}: {status}"

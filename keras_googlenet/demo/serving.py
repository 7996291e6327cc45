"""Serves the page until it is told to end, with a folder of its own for what is uploaded."""

import contextlib
import errno
import logging
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Sequence

from keras_googlenet.demo.channels import Channels
from keras_googlenet.demo.guard import Guard
from keras_googlenet.demo.page import CSS, FONT, FONT_MONO, build_page
from keras_googlenet.demo.predictor import Example, Predictor
from keras_googlenet.errors import InputError, WorkError


def check_address(host: str, port: int) -> int:
    """Refuses an address that the page could not be served on, before anything slow is done.

    Args:
        host: Name or address of one of this machine's interfaces.
        port: Number; 0 means any that is free.

    Returns:
        The port.

    Raises:
        InputError: This machine has no such address, or the number is none of a port.
        WorkError: The port is taken.

    Example:
        >>> with socket.create_server(("127.0.0.1", 0)) as taken:
        ...     check_address("127.0.0.1", taken.getsockname()[1])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        keras_googlenet.errors.WorkError: 127.0.0.1:... is in use: end what listens there, or choose another --port
    """
    if not 0 <= port <= 65535:
        raise InputError(f"--port must be in 0 to 65535. Received: {port}")
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.create_server(address, family=family) as server:
            return server.getsockname()[1]
    except (OSError, UnicodeError) as error:
        match getattr(error, "errno", None):
            case errno.EADDRINUSE:
                raise WorkError(f"{host}:{port} is in use: end what listens there, or choose another --port") from error
            case errno.EACCES:
                raise WorkError(f"{host}:{port} may not be listened on by this user: choose another --port") from error
        raise InputError(f"--host must be an address of this machine. Received: {host!r} ({error})") from error


def serve(
    predictor: Predictor,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    title: str = "GoogLeNet",
    examples: Sequence[Example] = (),
    channels: Channels | None = None,
    started: Callable[[str], object] = print,
) -> None:
    """Serves the page until SIGINT or SIGTERM.

    What is uploaded lies in a folder of its own, which is deleted at the end. The page asks no other machine for
    anything, and tells none of anything.

    Args:
        predictor: The network's; its `max_bytes` limits what is uploaded.
        host: As in `check_address`.
        port: Likewise, but not 0.
        title: The page's heading.
        examples: As in `build_page`.
        channels: Likewise.
        started: Called with the page's address when it can be opened.

    Raises:
        OSError: The port has been taken meanwhile.
    """
    import gradio as gr
    from starlette.middleware import Middleware

    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="keras-googlenet-demo-"))
        stack.callback(os.environ.update, dict(os.environ))
        stack.callback(os.environ.clear)
        # Gradio asks its own page whether it is there: not by way of a proxy.
        os.environ.update(GRADIO_TEMP_DIR=folder, NO_PROXY="*", no_proxy="*")
        page = build_page(predictor, title, examples, channels)
        stack.callback(_close, page)
        stack.enter_context(contextlib.suppress(KeyboardInterrupt))
        # SIGTERM, too, raises KeyboardInterrupt, so that what is cleared away is cleared away.
        stack.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, signal.default_int_handler))
        # Not mounted into an application of our own: Gradio lets a mounted page read files that nobody uploaded.
        page.launch(
            server_name=f"[{host}]" if ":" in host else host,
            server_port=port,
            max_file_size=predictor.max_bytes,
            app_kwargs={"middleware": [Middleware(Guard, host=host, folder=folder, largest=predictor.max_bytes)]},
            css_paths=[CSS],
            theme=gr.themes.Default(font=FONT, font_mono=FONT_MONO),
            footer_links=[],
            prevent_thread_lock=True,
            quiet=True,
            # What else the environment could turn on:
            share=False,
            inbrowser=False,
            show_error=False,
            ssr_mode=False,
            enable_monitoring=False,
            pwa=False,
            mcp_server=False,
            run_history=False,
        )
        started(page.local_url)
        threading.Event().wait()


def _close(page):
    """Ends at once: each page that is open keeps a connection, which would be waited for, or else be an error."""
    if page.server is not None:
        page.server.force_exit = True
        logging.getLogger("uvicorn.error").disabled = True
    page.close(verbose=False)

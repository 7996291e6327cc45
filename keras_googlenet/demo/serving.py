"""Serves the page: on an address that was free, from a folder of its own, until it is told to end."""

import contextlib
import errno
import importlib.util
import os
import signal
import socket
import tempfile

from keras_googlenet.demo.page import CSS, FONT, FONT_MONO, build_page
from keras_googlenet.errors import InputError, WorkError

_TAKEN = {
    errno.EADDRINUSE: "{host}:{port} is in use: end what listens there, or choose another --port",
    errno.EACCES: "{host}:{port} may not be listened on by this user: choose another --port, of 1024 or more",
}


def listen(host, port):
    """A socket that the page will be served on: taken before anything slow is done.

    Args:
        host: Name or address of one of this machine's interfaces.
        port: Number; 0 takes any that is free.

    Returns:
        A bound `socket.socket`.

    Raises:
        InputError: This machine has no such address, or the number is none of a port.
        WorkError: The port is taken.

    Example:
        >>> with listen("127.0.0.1", 0) as taken:
        ...     listen("127.0.0.1", taken.getsockname()[1])
        Traceback (most recent call last):
            ...
        keras_googlenet.errors.WorkError: ... in use: end what listens there, or choose another --port
    """
    if not 0 <= port <= 65535:
        raise InputError(f"--port must be in 0 to 65535. Received: {port}")
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address, family=family)
    except (OSError, UnicodeError) as error:
        if isinstance(error, OSError) and error.errno in _TAKEN:
            raise WorkError(_TAKEN[error.errno].format(host=host, port=port)) from error
        raise InputError(f"--host must be an address of this machine. Received: {host!r} ({error})") from error


def check_installed():
    """Refuses to go on without Gradio.

    Raises:
        InputError: It is not installed.
    """
    if importlib.util.find_spec("gradio") is None:
        raise InputError('The demo needs Gradio: pip install "keras-googlenet[demo]". Received: it is not installed')


def serve(answers, listening, *, title="GoogLeNet", examples=(), started=lambda: None):
    """Serves the page until SIGINT or SIGTERM.

    What is uploaded lies in a folder of its own, which is deleted at the end. The page asks no other machine for
    anything, and tells none of anything.

    Args:
        answers: The network's `Answers`; their `max_bytes` limits what is uploaded.
        listening: What `listen` returned.
        title: The page's heading.
        examples: As in `build_page`.
        started: Called when the page can be opened.
    """
    import fastapi
    import gradio as gr
    import uvicorn

    with tempfile.TemporaryDirectory(prefix="keras-googlenet-demo-") as folder, _environment(GRADIO_TEMP_DIR=folder):
        app = gr.mount_gradio_app(
            fastapi.FastAPI(lifespan=_then(started), openapi_url=None),
            build_page(answers, title, examples),
            "/",
            max_file_size=answers.max_bytes,
            show_error=False,
            ssr_mode=False,
            enable_monitoring=False,
            pwa=False,
            mcp_server=False,
            run_history=False,
            footer_links=[],
            css=CSS,
            theme=gr.themes.Default(font=FONT, font_mono=FONT_MONO),
        )
        config = uvicorn.Config(app, log_level="error", ws="none", timeout_graceful_shutdown=2)
        with contextlib.suppress(KeyboardInterrupt), _terminated_as_interrupted():
            uvicorn.Server(config).run(sockets=[listening])


def _then(started):
    @contextlib.asynccontextmanager
    async def lifespan(app):
        started()
        yield

    return lifespan


@contextlib.contextmanager
def _environment(**variables):
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _terminated_as_interrupted():
    """Uvicorn ends in order and then sends itself the signal that ended it: SIGTERM must not cut off what follows."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

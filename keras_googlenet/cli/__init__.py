"""The `keras-googlenet` command: one short file per sub-command, each with `add_arguments` and `run`.

Nothing heavy is imported before a command runs: help and mistakes in the arguments are answered at once.
"""

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Callable, Sequence

from keras_googlenet.cli import convert, demo, evaluate, export, predict, summary, train, visualize
from keras_googlenet.cli.parser import parser
from keras_googlenet.errors import InputError, WorkError

_MODULES = (train, evaluate, predict, convert, export, summary, visualize, demo)
COMMANDS = {module.__name__.rpartition(".")[2]: module for module in _MODULES}

DONE, PARTLY_FAILED, WRONG_COMMAND, INTERRUPTED, CLOSED_PIPE = 0, 1, 2, 130, 141


def main(argv: Sequence[str] | None = None, *, load: Callable[[], None] = lambda: None) -> int:
    """Runs one command.

    Args:
        argv: Arguments; None takes the process's.
        load: Called when the arguments have been found to be right, before a command that needs Keras runs; see
            `keras_googlenet_command`.

    Returns:
        The exit status: 0 done; 1 a part of the work failed, and which part was said; 2 the command was wrong; 128
        and a signal's number if that ended it.
    """
    try:
        arguments = parser(COMMANDS).parse_args(argv)
        if arguments.needs_keras(arguments):
            load()
        logging.getLogger("PIL").addHandler(logging.NullHandler())  # the error that is raised says it
        with _plain_warnings():
            status = arguments.run(arguments)
            sys.stdout.flush()
            return status
    except BrokenPipeError:  # quietly, as `yes | head` ends: what reads the output wants no more
        return CLOSED_PIPE
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    except (InputError, WorkError, OSError) as error:
        return _fail(error, getattr(error, "status", PARTLY_FAILED))
    finally:
        _flush()


def _flush():
    try:
        sys.stdout.flush()
    except OSError:  # said already; Python would try to write the rest at exit, and complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def _plain_warnings():
    """Prints a warning on one line, without the line of code that it came from.

    `FutureWarning`s are left out: they tell other packages' developers of changes, such as NumPy's to tf2onnx.
    """

    def show(message, category, *_, **__):
        if not issubclass(category, FutureWarning):
            print(f"keras-googlenet: warning: {message}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def _fail(message, status):
    print(f"keras-googlenet: error: {message}", file=sys.stderr)
    return status

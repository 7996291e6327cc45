"""The `keras-googlenet` command: one short file per sub-command, each with `add_arguments` and `run`.

Nothing heavy is imported before a command runs: help and mistakes in the arguments are answered at once.
"""

import contextlib
import logging
import warnings
from collections.abc import Callable, Sequence

from keras_googlenet.cli import (
    benchmark,
    convert,
    demo,
    evaluate,
    export,
    features,
    predict,
    signals,
    streams,
    summary,
    train,
    visualize,
)
from keras_googlenet.cli.boundary import CLOSED_PIPE, DEFECT, DONE, INTERRUPTED, PARTLY_FAILED, WRONG_COMMAND, fail
from keras_googlenet.cli.parser import parser

__all__ = ["CLOSED_PIPE", "COMMANDS", "DEFECT", "DONE", "INTERRUPTED", "PARTLY_FAILED", "WRONG_COMMAND", "main"]

_MODULES = (train, evaluate, predict, features, convert, export, summary, visualize, demo, benchmark)
COMMANDS = {module.__name__.rpartition(".")[2]: module for module in _MODULES}


def main(argv: Sequence[str] | None = None, *, load: Callable[[], None] = lambda: None) -> int:
    """Runs one command.

    Args:
        argv: Arguments; None takes the process's.
        load: Called when the arguments have been found to be right, before a command that needs Keras runs; see
            `keras_googlenet_command`.

    Returns:
        The exit status: 0 done; 1 a part of the work failed, and which part was said; 2 the command was wrong; 70 a
        defect; 128 and a signal's number if that ended it, of which 141 is a standard output that nobody reads.
    """
    arguments = None
    with signals.raised() as noted, streams.guarded() as answers, _plain_warnings():
        try:
            arguments = parser(COMMANDS).parse_args(argv)
            answers.needed = not arguments.leaves_files(arguments)
            answers.check()
            if arguments.needs_keras(arguments):
                load()
                streams.guard_errors()
            logging.getLogger("PIL").addHandler(logging.NullHandler())  # the error that is raised says it
            status = arguments.run(arguments)
            answers.flush()
            return max(status, PARTLY_FAILED if answers.failed else DONE)
        except (Exception, KeyboardInterrupt) as error:
            return fail(error, arguments, noted)


@contextlib.contextmanager
def _plain_warnings():
    """Prints a warning on one line, without the line of code that it came from.

    `FutureWarning`s are left out: they tell other packages' developers of changes, such as NumPy's to tf2onnx.
    """

    def show(message, category, *_, **__):
        if not issubclass(category, FutureWarning):
            streams.tell(f"warning: {message}")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield

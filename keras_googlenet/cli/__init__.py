"""The `keras-googlenet` command: one short file per sub-command, each with `add_arguments` and `run`."""

import argparse
import contextlib
import sys
import warnings

from keras_googlenet.cli import convert, evaluate, export, predict, summary, train, visualize
from keras_googlenet.errors import InputError, WorkError

COMMANDS = {
    "train": train,
    "evaluate": evaluate,
    "predict": predict,
    "convert": convert,
    "export": export,
    "summary": summary,
    "visualize": visualize,
}

DONE, PARTLY_FAILED, WRONG_COMMAND, INTERRUPTED = 0, 1, 2, 130


def main(argv=None):
    """Runs one command.

    Args:
        argv: Arguments; None takes the process's.

    Returns:
        The exit status: 0 done; 1 a part of the work failed, and which part was said; 2 the command was wrong; 128
        and a signal's number if that ended it.
    """
    arguments = _parser().parse_args(argv)
    from keras_googlenet.data import ImageError

    try:
        with _plain_warnings():
            return arguments.run(arguments)
    except WorkError as error:
        return _fail(error, error.status)
    except (ImageError, OSError) as error:
        return _fail(error, PARTLY_FAILED)
    except InputError as error:
        return _fail(error, WRONG_COMMAND)
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)


@contextlib.contextmanager
def _plain_warnings():
    """Says what is warned of in one line, without the line of code that it came from."""

    def show(message, *_, **__):
        print(f"keras-googlenet: warning: {message}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def _fail(message, status):
    print(f"keras-googlenet: error: {message}", file=sys.stderr)
    return status


def _parser():
    parser = argparse.ArgumentParser(
        prog="keras-googlenet",
        description='GoogLeNet ("Going Deeper with Convolutions", 2014) for Keras: train, classify, convert, explain.',
        epilog="`keras-googlenet COMMAND --help` explains a command, with an example.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        summary_line, _, rest = module.__doc__.partition("\n")
        command = commands.add_parser(
            name,
            help=summary_line.rstrip("."),
            description=summary_line,
            epilog=rest.strip(),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser

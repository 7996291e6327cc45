"""The parser of arguments: help with examples, and errors that name what may have been meant."""

import argparse
import itertools
from pathlib import Path

from keras_googlenet.cli.streams import LONGEST, answers
from keras_googlenet.keras_compat.argparse import OpenParser
from keras_googlenet.utils.messages import nearest, shortened, shown
from keras_googlenet.utils.precision import PRECISIONS


class Parser(OpenParser):
    """As argparse's, but a misspelt command, option or choice is answered with the nearest that there is."""

    def print_help(self, file=None):
        """Help is an answer."""
        super().print_help(file or answers())

    def error(self, message):
        """As argparse's, but of a length that can be read."""
        super().error(shortened(message, LONGEST))

    def add_debug(self, **more):
        """Declares the option of all commands."""
        self.add_argument("--debug", action="store_true", help="show where in the program an error arose", **more)

    def parse_known_args(self, args=None, namespace=None):
        """As argparse's; what is unknown is an error of the command that it was given to."""
        namespace, unknown = super().parse_known_args(args, namespace)
        self._refuse(unknown)
        return namespace, unknown

    def _refuse(self, unknown):
        if unknown:
            options = [option for option in self.options() if option.startswith("--")]
            meant = nearest(unknown[0].partition("=")[0], options) if unknown[0].startswith("-") else ""
            self.error(f"unrecognized arguments. Received: {shown(' '.join(unknown))}.{meant}")

    def no_choice(self, value, choices):
        """Names all choices, and the nearest."""
        meant = nearest(value, choices) if isinstance(value, str) else ""
        return f"must be one of {', '.join(choices)}. Received: {shown(value)}.{meant}".rstrip(".")


class Command(Parser):
    """A command's parser: files may stand before, between and behind its options."""

    _mixing = False  # argparse parses such a line in two rounds, each of which knows a part of it

    def add_class_index(self):
        """Declares the option of the commands that may have to name ImageNet's classes."""
        wanted = "imagenet_class_index.json, on a machine without a network"
        self.add_argument("--class-index", type=Path, metavar="FILE", help=wanted)

    def add_precision(self, unasked):
        """Declares the option of the commands that compute.

        Args:
            unasked: What is done without it.
        """
        text = f"what to compute in; auto: the fastest on this device (default: {unasked})"
        self.add_argument("--precision", choices=PRECISIONS, help=text)

    def parse_known_args(self, args=None, namespace=None):
        """As `Parser`'s; no option's value may be empty."""
        if self._mixing:
            return argparse.ArgumentParser.parse_known_args(self, args, namespace)
        for option, value in _given(args or ()):
            if not value:
                self.error(f"{option} is given nothing. Expected: a value, which a variable of the shell may lack")
        self._mixing = True
        try:
            namespace, unknown = self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixing = False
        self._refuse(unknown)
        return namespace, unknown


def _given(arguments):
    """What looks like an option and its value."""
    for argument, following in itertools.zip_longest(arguments, arguments[1:]):
        option, equals, value = argument.partition("=")
        if option.startswith("--") and (equals or following == ""):
            yield option, value


def parser(commands):
    """The parser of the whole command line.

    Args:
        commands: For each command the module with its `add_arguments` and `run`, whose docstring is its help: a line
            that says what it does, more about it, and examples.

    Returns:
        A `Parser`; what it parses has the command's `run`; its `needs_keras`: whether, with these arguments, the whole
        package has to be there, as it has for a command that does not say; and its `leaves_files`: whether the work
        is worth something without standard output, as it is not for a command that does not say.
    """
    whole = Parser(
        prog="keras-googlenet",
        description='GoogLeNet ("Going Deeper with Convolutions", 2014) for Keras: train, classify, convert, explain.',
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_debug()
    subparsers = whole.add_subparsers(metavar="COMMAND", required=True, parser_class=Command)
    for name, module in commands.items():
        summary, _, rest = module.__doc__.partition("\n")
        command = subparsers.add_parser(
            name,
            help=summary.rstrip("."),
            description=summary,
            epilog=rest.strip(),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.add_debug(default=argparse.SUPPRESS)
        command.set_defaults(
            run=module.run,
            needs_keras=getattr(module, "needs_keras", lambda arguments: True),
            leaves_files=getattr(module, "leaves_files", lambda arguments: False),
        )
    return whole


_EPILOG = """\
MODEL, in every command but summary, is a .keras file, a weights file (.weights.h5, .caffemodel, .npz, .onnx, .pth,
.safetensors, .ckpt or .pb), or a name of published weights (imagenet or imagenet_torchvision or imagenet_slim
or inception5h).

Examples:
  keras-googlenet train                                   on embedded digits, in two minutes
  keras-googlenet train --dataset photos/ --preset transfer
  keras-googlenet predict imagenet photo.jpg more/
  keras-googlenet evaluate imagenet --dataset val/ --crops 144
  keras-googlenet export imagenet googlenet.onnx --format onnx
  keras-googlenet predict --help                          more about a command, with examples

Standard output has the answers, standard error all else: notes, warnings, progress, errors of one line. Where standard
output is not read to its end (| head), a command that leaves files finishes them, and any other ends.

Exit status: 0 done; 1 a part of the work failed, and which part was said; 2 the command was wrong; 70 a defect of the
program, whose traceback is in a file that is named; 128 and a signal's number where that ended it: 130 Ctrl-C, 143
SIGTERM, 129 SIGHUP, 141 a standard output that nobody reads. What was being written is cleared away, but for what a
command says that it keeps. A second signal ends at once; nohup's SIGHUP is ignored."""

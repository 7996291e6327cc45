"""The parser of arguments: help with examples, and errors that name what may have been meant."""

import argparse
from pathlib import Path

from keras_googlenet.keras_compat.argparse import OpenParser
from keras_googlenet.utils.messages import nearest


class Parser(OpenParser):
    """As argparse's, but a misspelt command, option or choice is answered with the nearest that there is."""

    def parse_known_args(self, args=None, namespace=None):
        """As argparse's; what is unknown is an error of the command that it was given to."""
        namespace, unknown = super().parse_known_args(args, namespace)
        self._refuse(unknown)
        return namespace, unknown

    def _refuse(self, unknown):
        if unknown:
            options = [option for option in self.options() if option.startswith("--")]
            meant = nearest(unknown[0].partition("=")[0], options) if unknown[0].startswith("-") else ""
            self.error(f"unrecognized arguments. Received: {' '.join(unknown)!r}.{meant}")

    def no_choice(self, value, choices):
        """Names all choices, and the nearest."""
        meant = nearest(value, choices) if isinstance(value, str) else ""
        return f"must be one of {', '.join(choices)}. Received: {value!r}.{meant}".rstrip(".")


class Command(Parser):
    """A command's parser: files may stand before, between and behind its options."""

    _mixing = False  # argparse parses such a line in two rounds, each of which knows a part of it

    def add_class_index(self):
        """Declares the option of the commands that may have to name ImageNet's classes."""
        wanted = "imagenet_class_index.json, on a machine without a network"
        self.add_argument("--class-index", type=Path, metavar="FILE", help=wanted)

    def parse_known_args(self, args=None, namespace=None):
        """As `Parser`'s."""
        if self._mixing:
            return argparse.ArgumentParser.parse_known_args(self, args, namespace)
        self._mixing = True
        try:
            namespace, unknown = self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixing = False
        self._refuse(unknown)
        return namespace, unknown


def parser(commands):
    """The parser of the whole command line.

    Args:
        commands: For each command the module with its `add_arguments` and `run`, whose docstring is its help: a line
            that says what it does, more about it, and examples.

    Returns:
        A `Parser`; what it parses has the command's `run`, and its `needs_keras`: whether, with these arguments, the
        whole package has to be there, as it has for a command that does not say.
    """
    whole = Parser(
        prog="keras-googlenet",
        description='GoogLeNet ("Going Deeper with Convolutions", 2014) for Keras: train, classify, convert, explain.',
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
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
        command.set_defaults(run=module.run, needs_keras=getattr(module, "needs_keras", lambda arguments: True))
    return whole


_EPILOG = """\
MODEL, in every command but summary, is a .keras file, a weights file (.weights.h5, .caffemodel, .npz, .onnx, .pth,
.safetensors or .ckpt), or a name of published weights (imagenet or imagenet_torchvision or imagenet_slim).

Examples:
  keras-googlenet train                                   on embedded digits, in two minutes
  keras-googlenet train --dataset photos/ --preset transfer
  keras-googlenet predict imagenet photo.jpg more/
  keras-googlenet evaluate imagenet --dataset val/ --crops 144
  keras-googlenet export imagenet googlenet.onnx --format onnx
  keras-googlenet predict --help                          more about a command, with examples

Exit status: 0 done; 1 a part of the work failed, and which part was said; 2 the command was wrong."""

"""Where the command `keras-googlenet` begins, outside the package so that it need not wait for it.

Importing `keras_googlenet` imports Keras, so that `keras.models.load_model` knows its classes: several seconds. Help
and mistakes in the arguments are answered without: the package is made, but its `__init__` runs only when the
arguments have been found to be right, and to need it.
"""

import importlib
import importlib.util
import signal
import sys

PACKAGE = "keras_googlenet"


def main():
    """Runs the command with the process's arguments.

    Returns:
        The exit status.
    """
    try:
        return _run()
    except KeyboardInterrupt as error:  # before or after the command's own handlers
        return 128 + getattr(error, "number", signal.SIGINT)


def _run():
    if PACKAGE in sys.modules:
        return importlib.import_module(f"{PACKAGE}.cli").main()
    spec = importlib.util.find_spec(PACKAGE)
    package = sys.modules[PACKAGE] = importlib.util.module_from_spec(spec)
    silence = importlib.import_module(f"{PACKAGE}.cli.silence")

    def load():
        silence.begin()
        spec.loader.exec_module(package)
        silence.tell_of_unused_device()

    return importlib.import_module(f"{PACKAGE}.cli").main(load=load)

"""Where the command `keras-googlenet` begins, outside the package so that it need not wait for it.

Importing `keras_googlenet` imports Keras, so that `keras.models.load_model` knows its classes: several seconds. Help
and mistakes in the arguments are answered without: the package is made, but its `__init__` runs only when the
arguments have been found to be right.
"""

import importlib
import importlib.util
import sys

PACKAGE = "keras_googlenet"


def main():
    """Runs the command with the process's arguments.

    Returns:
        The exit status.
    """
    if PACKAGE in sys.modules:
        return importlib.import_module(f"{PACKAGE}.cli").main()
    spec = importlib.util.find_spec(PACKAGE)
    package = sys.modules[PACKAGE] = importlib.util.module_from_spec(spec)
    return importlib.import_module(f"{PACKAGE}.cli").main(load=lambda: spec.loader.exec_module(package))

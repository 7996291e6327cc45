"""Packages that only an extra of this one installs."""

import importlib

from keras_googlenet.errors import InputError


def optional(package, needed, extra, error=InputError):
    """Imports a package that may not be installed.

    Args:
        package: What to import.
        needed: What needs what, for the message: "Reading .onnx files needs the onnx package".
        extra: The extra that brings it.
        error: The kind of error, `InputError` or one of its own.

    Returns:
        The package.

    Raises:
        InputError: It cannot be imported; the message says how to install it.

    Example:
        >>> optional("no_such", "The example needs no_such", extra="example")
        Traceback (most recent call last):
            ...
        keras_googlenet.errors.InputError: The example needs no_such, which is not installed. Install it with pip install "keras-googlenet[example]". Received: No module named 'no_such'
    """  # noqa: E501
    try:
        return importlib.import_module(package)
    except ImportError as reason:
        raise error(
            f'{needed}, which is not installed. Install it with pip install "keras-googlenet[{extra}]". '
            f"Received: {reason}"
        ) from reason

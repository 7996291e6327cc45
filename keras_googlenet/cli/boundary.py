"""What ended a command, in a line and a status; a defect, in two, and where to report it."""

import contextlib
import os
import platform
import sys
import tempfile
import traceback
from importlib import metadata

from keras_googlenet.cli.signals import Ended
from keras_googlenet.cli.streams import ReaderLeft, tell
from keras_googlenet.errors import InputError, WorkError
from keras_googlenet.utils import memory
from keras_googlenet.utils.messages import shown

DONE, PARTLY_FAILED, WRONG_COMMAND, DEFECT, INTERRUPTED, CLOSED_PIPE = 0, 1, 2, 70, 130, 141

_TOO_LARGE = ("integer string conversion", "array is too big", "Maximum allowed dimension exceeded")
_OF_TENSORFLOW = (
    "NotFoundError", "PermissionDeniedError", "ResourceExhaustedError", "DataLossError", "UnavailableError",
)  # fmt: skip
_LOWERED = {"batch_size": "--batch-size", "image_size": "--image-size", "size": "--size"}


def fail(error, arguments=None, noted=None):
    """Says what ended a command.

    Args:
        error: Any exception.
        arguments: The command's, where they could be parsed.
        noted: The signal that has come, as `signals.raised` gives it.

    Returns:
        The exit status.
    """
    if noted is not None and noted.number is not None and getattr(error, "status", None) != 128 + noted.number:
        error = Ended(noted.number)  # of which a library has made something else
    if isinstance(error, ReaderLeft):  # quietly, as `yes | head` ends
        return CLOSED_PIPE
    debug = getattr(arguments, "debug", False)
    if debug:
        with contextlib.suppress(RecursionError):
            traceback.print_exception(error)
    found = _explained(error, arguments)
    if found is None:
        tell(f"error: a defect of keras-googlenet, not of the command: {_named(error)}")
        tell(f"please report it {_where()}, with {'the traceback above' if debug else _kept(error)}")
        return DEFECT
    status, message = found
    tell(f"error: {message}")
    return status


def _explained(error, arguments):
    """The status and the words for an error that is none of the program's; None for a defect."""
    if isinstance(error, KeyboardInterrupt):
        number = getattr(error, "number", INTERRUPTED - 128)
        return 128 + number, "interrupted" if 128 + number == INTERRUPTED else f"ended by {error}"
    if isinstance(error, (InputError, WorkError)):
        return error.status, error
    if memory.is_shortage(error):
        options = [option for name, option in _LOWERED.items() if hasattr(arguments, name)]
        lower = f"lower {' or '.join(options)}" if options else "use a machine with more"
        return PARTLY_FAILED, f"there is not enough memory: {lower}, or end other programs ({_named(error)})"
    if isinstance(error, UnicodeError):
        text = f". Received: {shown(error.object)}" if isinstance(error, UnicodeEncodeError) else ""
        return WRONG_COMMAND, f"a name or a text is no UTF-8, which is needed here: {error.reason}{text}"
    if isinstance(error, RecursionError):
        return WRONG_COMMAND, "what was read is nested too deep"
    if isinstance(error, OverflowError) or any(words in str(error) for words in _TOO_LARGE):
        return WRONG_COMMAND, f"a number is too large: {error}"
    if isinstance(error, ValueError) and "embedded null" in str(error):
        return WRONG_COMMAND, "a name has a NUL character, which no file has"
    if isinstance(error, OSError):
        return PARTLY_FAILED, _of_system(error)
    if isinstance(error, RuntimeError) and "home directory" in str(error):
        return PARTLY_FAILED, "this user's home directory is not known: set HOME"
    if isinstance(error, ImportError):
        return PARTLY_FAILED, f"a package that is needed cannot be imported, install it again: {error}"
    if type(error).__name__ in _OF_TENSORFLOW and type(error).__module__.startswith("tensorflow"):
        return PARTLY_FAILED, error.message.partition("\n")[0]
    return None


def _of_system(error):
    names = " to ".join(os.fsdecode(one) for one in (error.filename, error.filename2) if isinstance(one, (str, bytes)))
    return f"{names}: {error.strerror}" if names and error.strerror else error.strerror or _named(error)


def _named(error):
    """The error's kind and the first line of its words."""
    words = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _kept(error):
    """Writes the traceback into a file; says where it is to be found."""
    try:
        descriptor, path = tempfile.mkstemp(prefix="keras-googlenet-defect-", suffix=".txt")
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{sys.argv!r}\n{platform.platform()}, Python {platform.python_version()}\n")
            file.write("".join(f"{name} {version}\n" for name, version in _versions()))
            traceback.print_exception(error, file=file)
    except (OSError, RecursionError):
        return "the traceback, which --debug shows"
    return f"the traceback in {path}, which --debug shows"


def _versions():
    for name in ("keras-googlenet", "keras", "tensorflow", "numpy"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            yield name, metadata.version(name)


def _where():
    """The address that `pyproject.toml` gives for it."""
    with contextlib.suppress(metadata.PackageNotFoundError):
        for entry in metadata.metadata("keras-googlenet").get_all("Project-URL") or ():
            label, _, address = entry.partition(", ")
            if label.lower() in ("issues", "bug tracker", "tracker", "repository", "source", "homepage"):
                return f"at {address}"
    return "where you got this program"

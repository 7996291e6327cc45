"""A disk that takes no more, or is not there any more: what made writing fail, in the system's words."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from keras_googlenet.errors import InputError, WorkError
from keras_googlenet.utils.messages import one_line

_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.ESTALE)
"""What a disk says that cannot take more, or is not there any more."""

_NAMES = (errno.ENAMETOOLONG, errno.ELOOP)
"""What is wrong with a name, wherever it leads."""

_PROBE = 2**20
"""Bytes that are tried to be written where a library does not say why it could not."""


class WriteError(WorkError, OSError):
    """Something could not be written; the message names it and says why. What was there before is as it was.

    Attributes:
        reason: Why, in the system's words.
    """

    reason = ""


@contextmanager
def naming(path: str | Path, folder: str | Path | None = None) -> Iterator[None]:
    """Makes a line of what the disk refuses, which names what was to be written.

    Args:
        path: What is written, for the message.
        folder: Where the bytes go first; None means beside the path.

    Raises:
        InputError: The path is no name of a file.
        WriteError: In the place of any error that the disk was the cause of.
    """
    try:
        _check_name(path)
        yield
    except (InputError, WriteError):
        raise
    except Exception as error:
        if reason := why_unwritable(error, folder or Path(path).parent):
            failed = WriteError(f"{one_line(path)} cannot be written: {reason}. What was there before is as it was")
            failed.reason = reason
            raise failed from error
        raise


def _check_name(path: str | Path) -> None:
    try:
        if b"\0" in os.fsencode(path):
            raise ValueError("a zero byte in it")
    except ValueError as error:
        raise InputError(f"Expected the name of a file. Received: {one_line(path)!r}, {one_line(error)}") from error


def why_unwritable(error: BaseException, folder: str | Path) -> str | None:
    """What is wrong with the disk, if that is what made writing fail.

    Libraries say it in many ways, or not at all: then it is tried.

    Args:
        error: What was raised.
        folder: Where something was being written.

    Returns:
        The system's words, such as `No space left on device`, and which other place they are about; None where the
        disk is well.
    """
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, OSError) and chain.errno is not None:
            inside = _within(chain, folder)
            if inside or chain.errno in (*_DISK, *_NAMES):
                elsewhere = "" if inside or not isinstance(chain.filename, str) else f": {one_line(chain.filename)}"
                return os.strerror(chain.errno) + elsewhere
        said = str(chain)
        if found := next((os.strerror(code) for code in _DISK if os.strerror(code) in said), None):
            return found
        chain = chain.__cause__ or chain.__context__
    return _at_limit(folder) or _tried(folder)


def _within(error: OSError, folder: str | Path) -> bool:
    """Whether an error is about a file in a folder, or about the folder."""
    return any(
        isinstance(name, (str, os.PathLike)) and Path(folder) in (Path(name), *Path(name).parents)
        for name in (error.filename, error.filename2)
    )


def _at_limit(folder: str | Path) -> str | None:
    """Whether a file has become as large as this process may make one (`ulimit -f`)."""
    with suppress(ImportError, OSError):
        import resource

        limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
        if limit != resource.RLIM_INFINITY:
            sizes = (path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
            return os.strerror(errno.EFBIG) if max(sizes, default=0) >= limit else None
    return None


def _tried(folder: str | Path) -> str | None:
    """What the system says to a mebibyte."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_PROBE))
            file.flush()
    except OSError as error:
        return os.strerror(error.errno or errno.EIO)
    return None

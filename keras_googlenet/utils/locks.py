"""Locks on files and folders that the system takes away from a process that ends, however it ends."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

WAIT = 60.0
"""Seconds that a file's lock is waited for: whoever holds it is only writing the file."""


def lock(descriptor: int) -> bool | None:
    """Locks what a descriptor has opened, against every other descriptor of it, also of other processes.

    Args:
        descriptor: Of a file or a folder. To close it is to unlock.

    Returns:
        True where it is locked now, False where another has locked it, None where the system cannot tell: Windows, and
        some network file systems.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryFile() as file:
        ...     lock(file.fileno())
        True
    """
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return None
    return True


def open_folder(path: str | os.PathLike) -> int:
    """Opens a folder, for `lock`.

    Args:
        path: The folder.

    Returns:
        A descriptor, to be closed. Windows opens no folders; there it is of nothing.
    """
    return os.open(os.devnull if os.name == "nt" else path, os.O_RDONLY)


@contextmanager
def locked_file(path: str | os.PathLike, wait: float = WAIT) -> Iterator[bool]:
    """Holds the lock of a file that is never written into but replaced, by those who hold its lock.

    Args:
        path: The file.
        wait: Seconds to wait for another process that holds it; then it is gone on without.

    Yields:
        Whether the file is there; where it is not, nothing is locked.
    """
    until = time.monotonic() + wait
    while True:
        try:
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # which does not wait at a pipe
        except FileNotFoundError:
            yield False
            return
        try:
            late = time.monotonic() > until
            if (lock(descriptor) is not False or late) and _is_at(descriptor, path):
                yield True
                return
        finally:
            os.close(descriptor)
        time.sleep(0.02)


def _is_at(descriptor: int, path: str | os.PathLike) -> bool:
    """Whether what a descriptor has opened is still what is there."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False

"""Locks on files and folders that the system takes away from a process that ends, however it ends."""

import os


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
        A descriptor, to be closed.
    """
    return os.open(path, os.O_RDONLY)

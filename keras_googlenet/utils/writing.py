"""How files are written here: whole or not at all, by several processes at a time too, and onto a disk that is full."""

import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from keras_googlenet.errors import InputError
from keras_googlenet.utils.disk import naming
from keras_googlenet.utils.messages import one_line
from keras_googlenet.utils.partial import partial_folder, place_together


@contextmanager
def written_whole(path: str | Path, *, new: bool = False) -> Iterator[Path]:
    """A path to write to, which becomes `path` once it is written; on an error `path` stays as it was.

    A link is followed. What is no regular file, such as a pipe or `/dev/null`, receives the bytes once they are all
    there. What else is made beside the file is placed beside `path`, before it.

    Args:
        path: The file to write. Its folder is made where there is none.
        new: Whether it may not be there yet.

    Raises:
        InputError: There is a folder of that name, or it is no name.
        ExistsError: It is there, though it had to be new, or what belongs beside it is.
        WriteError: The disk is full, or the folder cannot be written to.
    """
    path = Path(path)
    with naming(path):
        special = _is_special(path)
        place = path if special else path.resolve()
    with partial_folder(None if special else place.parent, path) as folder:
        partial = folder / place.name
        yield partial
        if special:
            with naming(path, path), suppress(BrokenPipeError), partial.open("rb") as source, _opened(path) as target:
                shutil.copyfileobj(source, target)  # unless who reads it has had enough
        else:
            place_together(folder, place, () if new else (place.name,))


def real(path: str | Path) -> Path:
    """Where a path leads, if it is a link; else the path as it is.

    Args:
        path: Of what is to be written.

    Raises:
        InputError: It is no name.
        WriteError: It is a link that goes in circles, or there is no such folder.
    """
    path = Path(path)
    with naming(path):
        with suppress(FileNotFoundError):
            path.stat()  # which says more of circles than `resolve` does
        return path.resolve() if path.is_symlink() else path


def check_writable(path: str | Path) -> None:
    """Says what will keep a file from being written, before the work is done.

    Args:
        path: The file.

    Raises:
        InputError: As `written_whole`.
        WriteError: As `written_whole`.
    """
    path = Path(path)
    with naming(path):
        if _is_special(path):
            return
        folders = path.resolve().parents
        nearest = next(folder for folder in folders if os.path.lexists(folder))
    with partial_folder(nearest, path):
        pass


def _is_special(path: Path) -> bool:
    """Whether what is there is to be written into rather than replaced.

    Raises:
        InputError: It is a folder.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(mode):
        raise InputError(f"Expected a file to write. Received: {one_line(path)}, which is a folder")
    return not stat.S_ISREG(mode) or _descriptor(path) is not None


def _opened(path: Path) -> BinaryIO:
    """Opens what is no regular file; what stands for a descriptor of this process goes on from where that is."""
    descriptor = _descriptor(path)
    if descriptor is None:
        return path.open("wb")
    sys.stdout.flush()
    return os.fdopen(os.dup(descriptor), "wb")


def _descriptor(path: Path) -> int | None:
    """The descriptor of this process that a path stands for: of standard output and error, by whatever name."""
    for stream in (1, 2):
        with suppress(OSError):
            if os.path.samestat(os.fstat(stream), path.stat()):
                return stream
    found = re.fullmatch(rf"(?:/dev/fd|/proc/(?:self|thread-self|{os.getpid()})/fd)/(\d+)", os.path.abspath(path))
    return None if found is None else int(found[1])

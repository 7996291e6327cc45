"""How files are written here: whole or not at all, also by several processes at a time, also onto a disk that is full.

What is being written lies in a folder of its own beside its place, `.keras-googlenet-partial-...`, which the process
holds locked. Where a process was killed, the next one that writes there finds its folder unlocked and clears it away.
"""

import errno
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from keras_googlenet.errors import InputError, WorkError
from keras_googlenet.utils.locks import lock, open_folder

PARTIAL = ".keras-googlenet-partial-"

_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.ESTALE)
"""What a disk says that cannot take more, or is not there any more."""

_STREAMS = {"/dev/stdout": "/dev/fd/1", "/dev/stderr": "/dev/fd/2"}

_PROBE = 2**20
"""Bytes that are tried to be written where a library does not say why it could not."""


class WriteError(WorkError, OSError):
    """Something could not be written; the message names it and says why. What was there before is as it was."""


@contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """A path to write to, which becomes `path` once it is written; on an error `path` stays as it was.

    A link is followed. What is no regular file, such as a pipe or `/dev/null`, receives the bytes once they are all
    there.

    Args:
        path: The file to write. Its folder is made where there is none.

    Raises:
        InputError: There is a folder of that name.
        WriteError: The disk is full, or the folder cannot be written to.
    """
    path = Path(path)
    with _named(path):
        special = _is_special(path)
        place = path if special else path.resolve()
        if not special:
            place.parent.mkdir(parents=True, exist_ok=True)
    with partial_folder(None if special else place.parent, path) as folder:
        partial = folder / place.name
        yield partial
        if special:
            with partial.open("rb") as source, _opened(path) as target:
                shutil.copyfileobj(source, target)
        else:
            _flush(partial)
            partial.replace(place)


@contextmanager
def partial_folder(beside: str | Path | None, path: str | Path) -> Iterator[Path]:
    """A folder of this process's own to make something in; it is gone at the end, with what is left in it.

    What killed processes left beside it is cleared away.

    Args:
        beside: The folder to make it in; None means where the system keeps temporary files.
        path: What is being written, for the message.

    Raises:
        WriteError: The block failed since the disk is full, or since the folder cannot be written to.
    """
    with _named(path, beside):
        folder, descriptor = _locked(beside)
    try:
        with _named(path, folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def clear_partial(folder: str | Path) -> None:
    """Removes what killed processes left half written in a folder; what other processes are writing stays.

    Args:
        folder: Any folder.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in list(entries):
            if not (entry.name.startswith(PARTIAL) and entry.is_dir(follow_symlinks=False)):
                continue
            with suppress(OSError):
                descriptor = open_folder(entry.path)
                try:
                    if lock(descriptor):
                        shutil.rmtree(entry.path, ignore_errors=True)
                finally:
                    os.close(descriptor)


def why_unwritable(error: BaseException, folder: str | Path | None) -> str | None:
    """What is wrong with the disk, if that is what made writing fail.

    Libraries say it in many ways, or not at all: then a mebibyte is tried.

    Args:
        error: What was raised.
        folder: Where something was being written.

    Returns:
        The system's words, such as `No space left on device`; None where the disk is well.
    """
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, OSError) and chain.errno is not None and (chain.errno in _DISK or _within(chain, folder)):
            return os.strerror(chain.errno)
        said = str(chain)
        if found := next((os.strerror(code) for code in _DISK if os.strerror(code) in said), None):
            return found
        chain = chain.__cause__ or chain.__context__
    return None if folder is None else _probed(folder)


@contextmanager
def _named(path: str | Path, folder: str | Path | None = None) -> Iterator[None]:
    """Turns what the disk refuses into a `WriteError` that names the file."""
    try:
        yield
    except (InputError, WorkError):
        raise
    except Exception as error:
        if reason := why_unwritable(error, folder or Path(path).parent):
            raise WriteError(f"{path} cannot be written: {reason}. What was there before is as it was") from error
        raise


def _within(error: OSError, folder: str | Path | None) -> bool:
    """Whether an error is about a file in a folder, or about the folder."""
    return folder is not None and any(
        isinstance(name, (str, os.PathLike)) and Path(folder) in (Path(name), *Path(name).parents)
        for name in (error.filename, error.filename2)
    )


def _probed(folder: str | Path) -> str | None:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_PROBE))
            file.flush()
    except OSError as error:
        return os.strerror(error.errno or errno.EIO)
    return None


def _locked(beside: str | Path | None) -> tuple[Path, int]:
    """Makes a folder and locks it, before another process takes it for one that was left behind."""
    if beside is not None:
        clear_partial(beside)
    while True:
        folder = Path(tempfile.mkdtemp(dir=beside, prefix=PARTIAL))
        try:
            descriptor = open_folder(folder)
        except FileNotFoundError:
            continue
        if lock(descriptor) is not False and folder.exists():
            return folder, descriptor
        os.close(descriptor)


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
        raise InputError(f"Expected a file to write. Received: {path}, which is a folder")
    return not stat.S_ISREG(mode) or _descriptor(path) is not None


def _opened(path: Path) -> BinaryIO:
    """Opens what is no regular file; what stands for a descriptor of this process goes on from where that is."""
    descriptor = _descriptor(path)
    if descriptor is None:
        return path.open("wb")
    sys.stdout.flush()
    return os.fdopen(os.dup(descriptor), "wb")


def _descriptor(path: Path) -> int | None:
    name = os.path.abspath(path)
    found = re.fullmatch(r"(?:/dev/fd|/proc/(?:self|thread-self|\d+)/fd)/(\d+)", _STREAMS.get(name, name))
    return None if found is None else int(found[1])


def _flush(path: Path) -> None:
    """Waits until a file is on the disk; one that does not get there is noticed before it takes another's place."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

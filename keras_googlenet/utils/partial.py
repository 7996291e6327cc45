"""The folder of its own in which a process makes a file, or several that belong together, until they are whole.

It is called `.keras-googlenet-partial-...`, lies beside their place, and is locked. Where a process was killed, the
next one that writes there finds its folder unlocked and clears it away.
"""

import errno
import os
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from keras_googlenet.errors import InputError
from keras_googlenet.utils.disk import naming
from keras_googlenet.utils.locks import lock, open_folder
from keras_googlenet.utils.messages import one_line

_PREFIX = ".keras-googlenet-partial-"

_OLD = 86_400
"""Seconds after which a folder is taken for a killed process's where the file system has no locks."""

_ELSEWHERE = threading.Lock()
"""Held while Python's temporary files go into a partial folder."""

_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES, errno.EINVAL, errno.EXDEV)
"""What file systems say that have no hard links."""


class ExistsError(InputError):
    """What is to be written exists already, and is not to be replaced.

    Args:
        place: What exists.
    """

    def __init__(self, place: Path):
        super().__init__(f"{one_line(place)} exists already; remove it or choose another name")
        self.place = place


@contextmanager
def partial_folder(beside: str | Path | None, path: str | Path) -> Iterator[Path]:
    """A folder of this process's own to make something in; it is gone at the end, with what is left in it.

    What killed processes left beside it is cleared away.

    Args:
        beside: The folder to make it in, which is made where there is none, and gone again on an error. None means
            where the system keeps temporary files.
        path: What is being written, for the message.

    Raises:
        WriteError: The block failed since the disk is full, or since the folder cannot be written to.
    """
    place = Path(beside or tempfile.gettempdir())
    with _made(place, path):
        with naming(path, place):
            folder, descriptor = _locked(place)
        try:
            with naming(path, folder):
                yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)


def place_together(folder: Path, main: Path, replacing: Collection[str] = ()) -> None:
    """Gives what was made in a partial folder its names, the main one's last; on an error none of them.

    Files keep their names in the folder, too, until it is gone: of a process that is killed in between, the next one
    sees what has to be taken back.

    Args:
        folder: The partial folder. It holds nothing else.
        main: The place of what is nothing without the others; theirs are beside it.
        replacing: Names of those that may replace what is there.

    Raises:
        ExistsError: Another one is there already.
    """
    given: list[Path] = []
    try:
        for made in sorted(folder.iterdir(), key=lambda path: (path.name == main.name, path.name)):
            place = main.with_name(made.name)
            _flush(made)
            if made.is_dir():
                made.rename(place)
            else:
                _give(made, place, made.name in replacing)
            given.append(made)
    except BaseException:
        for made in given:
            _take_back(made, main.with_name(made.name))
        raise


@contextmanager
def temporary_files_in(folder: Path) -> Iterator[Path]:
    """Has Python's temporary files, those of libraries too, made in a partial folder, so that nothing of them is left.

    Args:
        folder: The partial folder. They are made in a folder inside it, which is yielded, and gone at the end.
    """
    own, before = Path(tempfile.mkdtemp(dir=folder)), tempfile.tempdir
    mine = _ELSEWHERE.acquire(blocking=False)  # another thread's are in its own folder, and may be there too
    if mine:
        tempfile.tempdir = str(own)
    try:
        yield own
    finally:
        if mine:
            tempfile.tempdir = before
            _ELSEWHERE.release()
        shutil.rmtree(own, ignore_errors=True)


def clear_partial(folder: str | Path) -> None:
    """Removes what killed processes left half written in a folder; what other processes are writing stays.

    Args:
        folder: Any folder.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in list(entries):
            if not is_partial(entry):
                continue
            with suppress(OSError):
                descriptor = open_folder(entry.path)
                try:
                    held = lock(descriptor)
                    if held or (held is None and _is_old(Path(entry.path))):
                        _undo(Path(entry.path))
                        shutil.rmtree(entry.path, ignore_errors=True)
                finally:
                    os.close(descriptor)


def is_partial(path: Path | os.DirEntry) -> bool:
    """Whether a path is that of a partial folder, of a process that writes there or was killed: nothing to be read.

    Args:
        path: Any path.
    """
    return path.name.startswith(_PREFIX) and path.is_dir() and not path.is_symlink()


def _is_old(folder: Path) -> bool:
    """Whether nobody has touched a folder, or what is in it, for so long that its process must have ended."""
    return max(path.stat().st_mtime for path in (folder, *folder.rglob("*"))) < time.time() - _OLD


def _undo(left: Path) -> None:
    """Takes back the names that `place_together` had given, where it had not come to the last."""
    files = [path for path in left.iterdir() if path.is_file()]
    given = [path for path in files if _is_given(path, left.parent / path.name)]
    if len(given) < len(files):
        for path in given:
            (left.parent / path.name).unlink()


def _is_given(made: Path, place: Path) -> bool:
    try:
        return made.samefile(place)
    except OSError:
        return False


def _take_back(made: Path, place: Path) -> None:
    if not made.exists():  # without hard links, and folders
        place.rename(made)
    elif _is_given(made, place):
        place.unlink()


def _give(made: Path, place: Path, replace: bool) -> None:
    """Gives a file another name, beside the one that it has if the file system can do that.

    What replaces a file is as readable as that was, and for the same people.
    """
    if replace:
        with suppress(OSError):  # there is none, or the file system has no permissions
            made.chmod(stat.S_IMODE(place.stat().st_mode) & 0o777)
    try:
        if replace:
            second = made.with_name(".placed")  # names may be as long as can be
            second.hardlink_to(made)
            second.replace(place)
        else:
            place.hardlink_to(made)
        return
    except FileExistsError:
        pass
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    if not replace and os.path.lexists(place):
        raise ExistsError(place)
    made.replace(place)


@contextmanager
def _made(folder: Path, path: str | Path) -> Iterator[None]:
    """Makes a folder, and those above it; on an error those are gone again that nothing is in."""
    with naming(path, folder):
        missing = [above for above in (folder, *folder.parents) if not above.exists()]
    try:
        with naming(path, folder):
            folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for made in missing:
            with suppress(OSError):
                made.rmdir()
        raise


def _locked(beside: Path) -> tuple[Path, int]:
    """Makes a folder and locks it, before another process takes it for one that was left behind."""
    clear_partial(beside)
    while True:
        folder = Path(tempfile.mkdtemp(dir=beside, prefix=_PREFIX))
        try:
            descriptor = open_folder(folder)
        except FileNotFoundError:
            continue
        if lock(descriptor) is not False and folder.exists():
            return folder, descriptor
        os.close(descriptor)


def _flush(path: Path) -> None:
    """Waits until a file, or a folder's files, are on the disk: what does not get there is noticed before it is named.

    Args:
        path: The file or the folder.
    """
    for file in path.rglob("*") if path.is_dir() else [path]:
        if not file.is_dir():
            descriptor = os.open(file, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

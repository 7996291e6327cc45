"""One process at a time in a run's folder: it holds a lock there from its first file to its last."""

import datetime
import errno
import json
import os
import socket
import time
from contextlib import suppress
from pathlib import Path

from keras_googlenet.errors import WorkError
from keras_googlenet.utils.disk import WriteError
from keras_googlenet.utils.locks import lock, open_folder
from keras_googlenet.utils.messages import one_line

LOCK = ".keras-googlenet-lock"
"""The file that is locked. It says who trains; the lock is the system's, which takes it from a killed process."""

_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ESTALE)
_TRIES = 10
_WAITS = 20  # of a twentieth of a second
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


class RunFolderError(WorkError):
    """The run's folder is another process's, or it is there no more."""


class RunLock:
    """The lock of one run's folder; leaving it as a context gives it back.

    Where the system has no such locks (`utils.locks.lock` cannot tell), the file alone stands for it: it is another's
    as long as the process that it names lives. One of another machine has to be deleted by hand.

    Args:
        folder: The run's folder; it need not exist yet.
    """

    def __init__(self, folder):
        self._folder, self._path = Path(folder), Path(folder, LOCK)
        self._file = self._directory = None
        self._made = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.is_taken:
            self._remove()
        for descriptor in filter(None, (self._file, self._directory)):
            os.close(descriptor)
        self._file = self._directory = None
        for folder in reversed(self._made):  # those that this process made, and left empty
            with suppress(OSError):
                folder.rmdir()

    @property
    def is_taken(self):
        """Whether this process has the lock."""
        return self._file is not None

    def check_free(self):
        """Looks whether another process trains here; nothing is written.

        Raises:
            RunFolderError: One does.
        """
        if not self.is_taken:
            with suppress(OSError):
                descriptor = os.open(self._path, os.O_RDWR)
                try:
                    _refuse_other(descriptor, self._path)
                finally:
                    os.close(descriptor)

    def take(self):
        """Locks the folder, which is made if there is none. Who has the lock may take it again.

        Raises:
            RunFolderError: Another process trains here.
            WriteError: Nothing can be written here.
        """
        for left in reversed(range(_TRIES)):
            if self.is_taken:
                return
            try:
                self._take()
            except OSError as error:
                # Another one that gave up may just have removed the folder or the file.
                if not left or not isinstance(error, (FileNotFoundError, FileExistsError)):
                    raise WriteError(f"{self._path} cannot be written: {os.strerror(error.errno)}") from error

    def check_there(self):
        """Looks whether the folder is still the one that was locked, or, for who has not locked it, is there at all.

        Raises:
            RunFolderError: It was removed or renamed.
        """
        try:
            found = os.stat(self._folder)
            there = self._directory is None or os.path.samestat(found, os.fstat(self._directory))
        except OSError as error:
            there = error.errno not in _GONE
        if not there:
            raise RunFolderError(
                f"{one_line(self._folder)}: the run's folder was removed or renamed while the run went on, which "
                "stopped. Where it is still there under another name, go on with --resume --output NAME."
            )

    def _take(self):
        missing = [folder for folder in (self._folder, *self._folder.parents) if not folder.exists()]
        self._folder.mkdir(parents=True, exist_ok=True)
        self._made += reversed(missing)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | _NO_LINK, 0o644)
        try:
            _refuse_other(descriptor, self._path)
            if not os.path.samestat(os.fstat(descriptor), os.stat(self._path)):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        except BaseException:
            os.close(descriptor)
            raise
        self._file = descriptor
        with suppress(OSError):  # Windows opens no folders
            self._directory = open_folder(self._folder)
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, json.dumps(_this_process()).encode())

    def _remove(self):
        """Removes the file, where it lies now: the folder may have been renamed."""
        with suppress(OSError):
            if self._directory is not None:
                os.unlink(LOCK, dir_fd=self._directory)
            else:
                self._path.unlink()


def _refuse_other(descriptor, path):
    """Locks a file, or says whose it is."""
    locked = lock(descriptor)
    owner = _read(descriptor, wait=locked is False)
    if locked is False or (locked is None and _is_alive(owner)):
        who = f"process {owner['pid']} on {one_line(owner['host'])}, since {one_line(owner['since'])}" if owner else "?"
        by_hand = "" if locked is False else f"; where none does, delete {one_line(path)}"
        raise RunFolderError(
            f"{one_line(path.parent)}: another process is training here: {who}. Wait until it has ended, or name "
            f"another folder with --output{by_hand}"
        )


def _read(descriptor, wait):
    """What a lock's file says; None where it says nothing. Who has just locked it needs a moment to write."""
    for _ in range(_WAITS if wait else 1):
        with suppress(OSError, ValueError, KeyError, TypeError):
            os.lseek(descriptor, 0, os.SEEK_SET)
            found = json.loads(os.read(descriptor, 4096))
            return {"pid": int(found["pid"]), **{name: str(found[name]) for name in ("host", "since", "boot", "start")}}
        time.sleep(0.05 if wait else 0)
    return None


def _this_process():
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "since": datetime.datetime.now().astimezone().isoformat(sep=" ", timespec="seconds"),
        "boot": _boot(),
        "start": _start(os.getpid()),
    }


def _is_alive(owner):
    """Whether the process that a lock names may live: on this machine, since it was last started, under this number."""
    if owner is None:
        return False
    if owner["host"] != socket.gethostname():
        return True
    return owner["boot"] == _boot() and owner["start"] == _start(owner["pid"])


def _boot():
    """What tells this start of the machine from others."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def _start(pid):
    """When a process was started, in the machine's own count; empty where none of that number lives."""
    with suppress(OSError, IndexError):
        if Path("/proc/self/stat").exists() or os.name == "nt":
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
        os.kill(pid, 0)  # signals nobody
        return "unknown"
    return ""

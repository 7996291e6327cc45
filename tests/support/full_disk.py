"""A disk that fills: a small file system of its own, in memory, of which a part is taken already."""

import contextlib
import errno
import gc
import os
import subprocess

import pytest


@contextlib.contextmanager
def small_disk(folder, size):
    """Mounts a file system of `size` bytes at a folder; skips the test where that is not allowed."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("needs a superuser who may mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def room(disk, left):
    """Fills a small disk but for so many bytes."""
    gc.collect()  # a deleted file takes its room as long as OpenVINO has it mapped
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(2**16))
    with ballast.open("r+b") as file:
        file.truncate(max(0, ballast.stat().st_size - left))
    try:
        yield
    finally:
        ballast.unlink()


@contextlib.contextmanager
def read_only(disk):
    """Takes away the right to write from a small disk, of the superuser too."""
    gc.collect()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)


@contextlib.contextmanager
def file_size_limit(size):
    """Ends files at `size` bytes, as `ulimit -f` does."""
    import resource
    import signal

    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


FULL = os.strerror(errno.ENOSPC)

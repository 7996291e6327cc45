"""Named weights: from the network into Keras's cache, once, as an `.npz` file of this package's arrays.

The sources are tried in their order, `KERAS_GOOGLENET_MIRROR` (a base address or a folder) before them. What arrives is
believed only if its size and SHA-256 are those of the registry. All work is done
in a folder of the process's own inside the cache, so that whatever fails leaves nothing behind, and the
finished file appears there at once, also for a second process doing the same: the last one's stays.
"""

import contextlib
import hashlib
import socket
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from keras_googlenet.errors import WorkError
from keras_googlenet.utils import downloads
from keras_googlenet.utils.cache import mirror, models_dir
from keras_googlenet.utils.disk import why_unwritable
from keras_googlenet.utils.partial import temporary_files_in
from keras_googlenet.utils.writing import written_whole
from keras_googlenet.weights.formats import read
from keras_googlenet.weights.reader import WeightsError, existing_file
from keras_googlenet.weights.registry import Download, Weights

TIMEOUT = 30
"""Seconds that a server may be silent: behind a firewall that drops packets, that is all it ever is."""


class CacheError(WeightsError):
    """Keras's cache cannot be written to."""

    status = WorkError.status


def fetch(weights: Weights) -> Path:
    """Returns the file of named weights, downloading and converting them the first time.

    A source file that the user has put into the cache goes before any download, and stays there. Next comes the file of
    that name at `KERAS_GOOGLENET_MIRROR`, a base address or a folder.

    Args:
        weights: The entry of the registry.

    Returns:
        The converted `.npz` in Keras's cache, with all arrays of the source, or the `.weights.h5` that a version until
        0.1.0 has left there.

    Raises:
        WeightsError: If no source could be had, with the reason for each and which file to put
            where; if a source in the cache is not what it should be; if the cache is not writable or
            full (`CacheError`).
    """
    folder = models_dir()
    converted = folder / f"googlenet_{weights.name}.npz"
    for cached in (converted, converted.with_suffix(".weights.h5")):
        if cached.exists():
            return cached
    try:
        with written_whole(converted) as finished, temporary_files_in(finished.parent) as work:
            raw = _placed(weights, folder) or _download(weights, folder, work)
            np.savez(finished, **read(raw))  # type: ignore[arg-type]  # none is called `allow_pickle`
    except OSError as error:
        raise CacheError(
            f"Cannot write to Keras's cache {folder}. Expected a folder with room for the "
            "weights; make it writable, or set KERAS_HOME to a folder that is. "
            f"Received: {getattr(error, 'reason', error)}"
        ) from error
    return converted


def _placed(weights: Weights, folder: Path) -> Path | None:
    """Returns a usable source file that the user has put into the cache."""
    for source in _files(weights):
        path = folder / source.filename
        if path.exists():
            if wrong := _mismatch(path, source):
                raise WeightsError(
                    f"{path} is not the file that weights={weights.name!r} are made from. "
                    f"Expected {_described(source)}. Received: {wrong}. Delete or replace it"
                )
            return path
    return None


def _download(weights: Weights, folder: Path, work: Path) -> Path:
    """Takes the first source that has the right file."""
    downloads.check("weights", weights.name)
    base = mirror()
    mirrored = [replace(source, url=f"{base}/{source.filename}") for source in _files(weights)] if base else []
    reasons = []
    for source in (*mirrored, *(source for source in weights.sources if source.url)):
        try:
            reason = _mismatch(path := _get_file(source, work), source)
        except Exception as error:  # get_file raises bare Exceptions
            if why_unwritable(error, work):
                raise
            reason = str(error)
        if reason is None:
            return path
        reasons.append(f"- {source.url}: {reason}")
    files = " or ".join(map(_described, _files(weights)))
    raise WeightsError(
        f"Could not download weights={weights.name!r}. Expected one of these to answer with the right file:\n"
        + "\n".join(reasons)
        + f"\nWithout a network, put {files} into {folder}, or pass the path of such a file as `weights`. "
        f"Received: none of {len(reasons)} sources"
    )


def _files(weights: Weights) -> list[Download]:
    """The different files that weights can be made from, each with its first source."""
    return list({source.filename: source for source in reversed(weights.sources)}.values())[::-1]


def _get_file(source: Download, work: Path) -> Path:
    url = source.url or ""
    if "://" not in url:  # of a mirror that is a folder
        return existing_file(Path(url).expanduser())
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(before or TIMEOUT)  # get_file has no timeout of its own
    try:
        # Size and digest are checked by our own _mismatch, which tells more than get_file would.
        with contextlib.redirect_stdout(sys.stderr):  # its progress
            return Path(keras.utils.get_file(source.filename, url, cache_dir=str(work), force_download=True))
    finally:
        socket.setdefaulttimeout(before)


def _mismatch(path: Path, source: Download) -> str | None:
    """Returns in what a file differs from its source."""
    size = path.stat().st_size
    if source.size not in (None, size):
        return f"a file of {size:,} bytes"
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return None if digest.startswith(source.sha256) else f"a file with sha256 {digest}"


def _described(source: Download) -> str:
    size = "" if source.size is None else f"{source.size:,} bytes, "
    more = "" if len(source.sha256) == 64 else "..."
    return f"{source.filename} ({size}sha256 {source.sha256}{more})"

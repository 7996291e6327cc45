"""What every reader of weights shares: one kind of error, and a limit on what a file may claim.

A weights file comes from somewhere else. Whatever is wrong with it, its reader raises a
`WeightsError` that names the file and says what to do; nothing else escapes.
"""

import itertools
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from keras_googlenet.errors import InputError
from keras_googlenet.utils import memory

Arrays = Mapping[str, np.ndarray]
"""Arrays by `"<layer>/<variable>"`, or by a file's own names."""

Named = Iterable[tuple[str, np.ndarray]]
"""The same as pairs, among which a name may come twice."""

MAX_BYTES = 512 << 20
"""Most bytes that a weights file may have, or claim to have once it is decompressed, unless `OPTION` says otherwise.

512 MiB is 1.7 times the largest network known, GoogLeNet with 21,841 classes and both auxiliary heads, and ten times
BVLC's file. Every reader checks what a file declares against it before decoding; its memory is at most three times
that.
"""

OPTION = "KERAS_GOOGLENET_MAX_BYTES"
"""The environment variable that sets another limit than `MAX_BYTES`."""

MAX_ARRAYS, MAX_NAME = 10_000, 1_000
"""Most arrays in a file, and most characters in the name of one. GoogLeNet has some 300 arrays, of up to 50."""

REASON = 200
"""Characters of what a library says about a damaged file."""


class WeightsError(InputError):
    """Weights could not be found, read or assigned; the model is as it was."""


def existing_file(path: str | Path) -> Path:
    """Returns `path` as a `Path` that is known to be a file.

    Args:
        path: Path of a weights file. Of a TensorFlow checkpoint it may be what the names of its files begin with.

    Returns:
        The same path; of such a checkpoint, that of its index.

    Raises:
        WeightsError: If there is no such file, or if it is a folder.
    """
    path = Path(path)
    if path.is_dir():
        raise WeightsError(f"{path} is a folder. Expected a weights file. Received: path={path}")
    index = path.with_name(f"{path.name}.index")
    path = index if path.suffix.lower() == ".ckpt" and index.is_file() else path
    if not path.is_file():
        raise WeightsError(
            f"There is no weights file at {path}. Expected an existing file; check the path. Received: path={path}"
        )
    return path


@contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Turns whatever goes wrong while `path` is read into one `WeightsError`.

    The libraries underneath raise many kinds of errors on damaged files (`OSError`, `KeyError`,
    `RuntimeError`, `struct.error`, `zlib.error`, `DecodeError`, ...), hence the broad `except`.

    Args:
        path: The file that is read in the `with` block.
        kind: What the file ought to be, for the message.

    Raises:
        WeightsError: If the block raises any exception. A `WeightsError` passes as it is, and so does a lack of memory.
    """
    try:
        yield
    except WeightsError:
        raise
    except Exception as error:
        if memory.is_shortage(error):  # which is not the file's fault
            raise
        # One line, and not all of the file that some errors quote.
        reason = " ".join(f"{type(error).__name__}: {error}".strip(": ").split())[:REASON]
        raise WeightsError(
            f"Cannot read {path}. Expected {kind}; it may be truncated, damaged or of another format: download or save "
            "it again, or delete it if it is in Keras's cache, where it will be made anew. "
            f"Received: {path.stat().st_size:,} bytes ({reason})"
        ) from error


def max_bytes() -> int:
    """The limit on what a file may hold: `MAX_BYTES`, or what the environment variable `OPTION` says.

    Raises:
        WeightsError: The variable is no number of bytes.
    """
    value = os.environ.get(OPTION, "").strip()
    if not value:
        return MAX_BYTES
    if not re.fullmatch("[1-9][0-9]{0,17}", value):
        raise WeightsError(f"{OPTION} must be a number of bytes, such as {MAX_BYTES}. Received: {value[:50]!r}")
    return int(value)


def check_size(path: Path, size: int) -> None:
    """Refuses a file whose numbers would fill the memory.

    Args:
        path: The file, for the message.
        size: Bytes that it holds, or claims to hold once decompressed.

    Raises:
        WeightsError: If `size` is beyond `max_bytes()`.
    """
    if size > (most := max_bytes()):
        raise WeightsError(
            f"{path} claims to hold more than a network of this kind can. Expected at most {most:,} bytes. Received: "
            f"{size:,} bytes. Don't trust the file; get it again from its source. If it is known to be well, set the "
            f"environment variable {OPTION} to what it may take"
        )


def content(path: Path) -> memoryview:
    """All bytes of a file that is not too large. Slices of it are no copies.

    Args:
        path: The file.

    Raises:
        WeightsError: If it is larger than `max_bytes()`.
    """
    check_size(path, path.stat().st_size)
    return memoryview(path.read_bytes())


def check_names(names: Iterable[object]) -> None:
    """Refuses more names than a network can have, and those that are too long for messages.

    Raises:
        ValueError: There are more than `MAX_ARRAYS`, or one has more than `MAX_NAME` characters.
    """
    for count, name in enumerate(names):
        if count == MAX_ARRAYS or len(str(name)) > MAX_NAME:
            raise ValueError(f"it has more than {MAX_ARRAYS:,} arrays, or a name of more than {MAX_NAME:,} characters")


def collect(path: Path, entries: Named) -> dict[str, np.ndarray]:
    """Gathers the arrays of a file, each under a name of its own.

    Args:
        path: The file, for the messages.
        entries: Names and arrays.

    Returns:
        The arrays by name.

    Raises:
        WeightsError: If a name occurs twice, or if there is no array at all.
        ValueError: There are more arrays than in any network, or a name is too long.
    """
    arrays: dict[str, np.ndarray] = {}
    entries = list(itertools.islice(entries, MAX_ARRAYS + 1))
    check_names(name for name, _ in entries)
    for name, array in entries:
        if name in arrays:
            raise WeightsError(
                f"{path} holds two arrays for one target. Expected each name once; save the file again. "
                f"Received: {name!r} twice"
            )
        arrays[name] = array
    if not arrays:
        raise WeightsError(
            f"{path} holds no weights. Expected an array for each layer; download or save it again. "
            f"Received: {path.stat().st_size:,} bytes without any array"
        )
    return arrays

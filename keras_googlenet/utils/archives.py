"""Zip archives that are not trusted: what one declares is compared with its bytes before anything is decoded."""

import io
import math
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

MAX_DIRECTORY = 4 << 20
"""Most bytes of an archive's directory, in which each member takes about a hundred."""

EXPANSION = 1100
"""How many bytes a deflated one can become: 1,032, and the beginning of a stream."""

HEADER = (1 << 16) + 16
"""Most bytes before the numbers of an `.npy` member."""


class _File(io.FileIO):
    """A file of which an archive's directory can be read only where it is short."""

    most = MAX_DIRECTORY

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:  # to the end, where the directory is looked for
            size = os.fstat(self.fileno()).st_size - self.tell()
        if self.most and size > self.most:
            raise zipfile.BadZipFile(f"the archive's directory takes {size:,} bytes")
        return super().read(size)


@contextmanager
def opened(path: str | Path, check_size: Callable[[int], object]) -> Iterator[zipfile.ZipFile]:
    """Opens an archive whose members are what they declare, in a `with` block.

    Args:
        path: The file.
        check_size: Called with the bytes that all members take once they are decompressed; raises where these are too
            many.

    Yields:
        The archive. `content` reads its members.

    Raises:
        zipfile.BadZipFile: The file is no archive, or declares what cannot be: members that overlap, or that are longer
            than their bytes can become.
    """
    with _File(path) as file, zipfile.ZipFile(file) as archive:
        file.most = 0
        members = archive.infolist()
        for member in members:
            if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise zipfile.BadZipFile(f"{member.filename[:100]!r} is encrypted, or compressed by another method")
            most = member.compress_size * (EXPANSION if member.compress_type else 1)
            if member.file_size > most:
                raise zipfile.BadZipFile(f"{member.filename[:100]!r} declares more bytes than it can have")
        if sum(member.compress_size for member in members) > Path(path).stat().st_size:
            raise zipfile.BadZipFile("its members overlap")
        check_size(sum(member.file_size for member in members))
        yield archive


def content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> memoryview:
    """A member's bytes, without a second copy of them on the way.

    Args:
        archive: What `opened` yields.
        member: Of the archive.

    Raises:
        Exception: Of many kinds, if the archive is damaged. The member is read to its end, which checks its CRC.
    """
    whole = np.empty(member.file_size, "uint8").data  # the memory that is not written to is not taken
    with archive.open(member) as stream:
        at = 0
        while piece := stream.read(1 << 20):
            whole[at : at + len(piece)] = piece
            at += len(piece)
    if at != len(whole):
        raise zipfile.BadZipFile(f"{member.filename[:100]!r} is shorter than it declares")
    return whole


def arrays_in(archive: zipfile.ZipFile) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of an `.npz` archive. Pickled ones are refused: they could run code.

    Args:
        archive: What `opened` yields.

    Yields:
        Each member's name, without the `.npy` that NumPy appends (whole if it does not end so), and its array.

    Raises:
        Exception: Of many kinds, if the archive is damaged.
    """
    for member in archive.infolist():
        yield member.filename.removesuffix(".npy"), _array(content(archive, member))


def _array(whole: memoryview) -> np.ndarray:
    """The array of an `.npy` file: a view of its bytes."""
    head = io.BytesIO(whole[:HEADER])
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if (version := np.lib.format.read_magic(head)) not in readers:
        raise ValueError(f"it has an array of NumPy's format {version}")
    shape, transposed, dtype = readers[version](head)
    if dtype.hasobject:
        raise ValueError("Object arrays cannot be loaded: they are pickled")
    if dtype.kind not in "biufc":
        raise ValueError(f"it has an array of {dtype}, which are no numbers")
    size = len(whole) - head.tell()
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != size:
        raise ValueError(f"it has an array of the shape {shape} in {size:,} bytes")
    numbers = np.frombuffer(whole, dtype, math.prod(shape), head.tell())
    return numbers.reshape(shape[::-1]).T if transposed else numbers.reshape(shape)

"""`.tar.gz` archives that are not trusted: regular files alone, in memory, within what the limit allows."""

import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

MAX_MEMBERS = 1_000
"""Most members of an archive, and most streams that its compression is made of."""

_CHUNK = 1 << 20

_GZIP = 31
"""Of zlib: a stream as gzip writes it."""

_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE)

_EMPTY = (tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE)


def files(path: Path, wanted: Callable[[str], object], check_size: Callable[[int], object]) -> dict[str, memoryview]:
    """Reads files of an archive.

    Links, devices and folders are passed over. So are names of more than 100 characters, which other
    members hold.

    Args:
        path: The archive.
        wanted: Whether a file is to be read, by its path in the archive.
        check_size: Called with the bytes of the archive as far as it is decompressed; raises where these are too many.

    Returns:
        The files' bytes by their paths.

    Raises:
        Exception: Of many kinds, if the archive is damaged, or larger than a checkpoint's.
    """
    found = dict[str, memoryview]()
    with path.open("rb") as file:
        stream = _Stream(file)
        for _ in range(MAX_MEMBERS):
            header = bytes(stream.read(tarfile.BLOCKSIZE))
            if not any(header):  # the end of the archive
                stream.finish(check_size)
                return found
            member = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
            if member.size < 0 or member.type == tarfile.GNUTYPE_SPARSE:
                raise ValueError("it has a sparse file")
            size = 0 if member.type in _EMPTY else member.size
            check_size(stream.position + size)
            if member.type in _FILES and wanted(member.name):
                if member.name in found:
                    raise ValueError(f"it has two files {member.name[:100]!r}")
                found[member.name] = stream.read(size)
            else:
                stream.skip(size)
            stream.skip(-size % tarfile.BLOCKSIZE)
    raise ValueError(f"it has more than {MAX_MEMBERS:,} members")


class _Stream:
    """What a compressed file decompresses to, as far as it has been read."""

    def __init__(self, file: BinaryIO) -> None:
        self.position = 0
        self._pieces, self._piece = _decompressed(file), memoryview(b"")

    def read(self, size: int) -> memoryview:
        """Reads so many bytes."""
        whole, at = np.empty(size, "uint8").data, 0
        while at < size:
            piece = self._next(size - at)
            whole[at : at + len(piece)] = piece
            at += len(piece)
        return whole

    def skip(self, size: int) -> None:
        """Reads so many bytes, and keeps none."""
        while size:
            size -= len(self._next(size))

    def finish(self, check_size: Callable[[int], object]) -> None:
        """Reads what is left: at its end is the checksum."""
        for piece in self._pieces:
            self.position += len(piece)
            check_size(self.position)

    def _next(self, most: int) -> memoryview:
        if not self._piece:
            self._piece = memoryview(next(self._pieces, b""))
        if not self._piece:
            raise EOFError("it ends within a file")
        piece, self._piece = self._piece[:most], self._piece[most:]
        self.position += len(piece)
        return piece


def _decompressed(file: BinaryIO) -> Iterator[bytes]:
    """What the streams of a file decompress to, one after the other, a piece at a time."""
    left = file.read(_CHUNK >> 4)
    for _ in range(MAX_MEMBERS):
        decoder = zlib.decompressobj(_GZIP)
        while not decoder.eof:
            left = left or file.read(_CHUNK >> 4)
            if not left:
                raise EOFError("it ends within a file")
            if piece := decoder.decompress(left, _CHUNK):
                yield piece
            left = decoder.unconsumed_tail
        left = decoder.unused_data.lstrip(b"\0")  # a file may be padded with zeros
        while not left and (more := file.read(_CHUNK >> 4)):
            left = more.lstrip(b"\0")
        if not left:
            return
    raise ValueError(f"it is made of more than {MAX_MEMBERS:,} streams")

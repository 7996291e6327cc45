"""Files that claim what they have not, or become far more than their bytes: each of them is to be refused."""

import importlib
import os
import struct
import zipfile
import zlib

MANY = 60_000_000
"""Bytes of the largest files, below 64 MiB."""

CASES = {}
"""By what a file is called: how it is made."""

WELL = {"many_classes.npz"}
"""Those that are not hostile: to be loaded."""


def case(suffix):
    """Enters a function that writes a file under its own name."""
    return lambda function: CASES.setdefault(f"{function.__name__}{suffix}", function)


def zeros(count, head=b""):
    """Pieces of many zeros, of which a deflated file has few bytes."""
    yield head
    for _ in range(count >> 20):
        yield bytes(1 << 20)


def deflated(pieces):
    """Raw deflate of pieces, equal ones compressed once: bytes, a checksum, and how many bytes there were."""
    made, stream, checksum, size = {}, [], 0, 0
    for piece in pieces:
        if piece not in made:
            compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
            made[piece] = compressor.compress(piece) + compressor.flush(zlib.Z_FULL_FLUSH)
        stream.append(made[piece])
        checksum, size = zlib.crc32(piece, checksum), size + len(piece)
    return b"".join(stream) + b"\3\0", checksum, size


def zipped(path, members, compression=zipfile.ZIP_STORED):
    """An archive of members, which are bytes or pieces of them."""
    files, directory = b"", b""
    for name, content in members.items():
        data, checksum, size = deflated([content] if isinstance(content, bytes) else content)
        if not compression:
            data = content
        long = struct.pack("<HHQQ", 1, 16, size, len(data))
        head = struct.pack("<HHHHHI", 45, 0, compression, 0, 33, checksum) + b"\xff" * 8
        head += struct.pack("<HH", len(name), len(long))
        place = struct.pack("<HHHII", 0, 0, 0, 0, len(files))
        directory += b"PK\1\2" + struct.pack("<H", 45) + head + place + name.encode() + long
        files += b"PK\3\4" + head + name.encode() + long + data
    count = len(members)
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(files), 0)
    path.write_bytes(files + directory + end)


def cases():
    """The names of all files."""
    for part in ("classifiers", "npz", "pytorch", "messages", "tensorflow", "graphs", "predictions"):
        importlib.import_module(f"hostile_{part}")
    return sorted(set(CASES) - WELL)


def make(name, folder):
    """Writes one of the `CASES`, and returns its path."""
    cases()
    path = folder / name
    CASES[name](path)
    files = [path] if path.exists() else list(folder.glob(f"{name}.*"))
    assert all(os.path.getsize(file) < 64 << 20 for file in files)
    return path

"""TensorFlow's table files (of LevelDB's format): what checkpoints are, or begin with.

A table is blocks of sorted keys with values, and an index of the blocks at its end. Source: `tensorflow/tsl/lib/io`.
"""

from collections.abc import Iterator

from keras_googlenet.weights.crc32c import masked
from keras_googlenet.weights.protobuf import varint
from keras_googlenet.weights.reader import MAX_ARRAYS, MAX_NAME

_FOOTER, _MAGIC = 48, 0xDB4775248B80FB57

_TRAILER = 5
"""Bytes behind a block: how it is compressed, and a checksum."""


def entries(table: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Reads a table.

    Args:
        table: Its bytes.

    Yields:
        Each key and its value, which is no copy.

    Raises:
        ValueError: It is no table, damaged, or larger than that of a network.
    """
    if len(table) < _FOOTER or int.from_bytes(table[-8:], "little") != _MAGIC:
        raise ValueError("it does not end as TensorFlow's tables do")
    footer, at = table[-_FOOTER:-8], 0
    for _ in range(2):  # of another index, which is empty, and of the index
        (start, at), size_at = varint(footer, at), 0
        size, at = varint(footer, at)
    taken, count = 0, 0
    for _, handle in _block(table, start, size):
        start, size_at = varint(handle, 0)
        size, _ = varint(handle, size_at)
        taken += size + _TRAILER
        if taken > len(table):
            raise ValueError("its blocks overlap")
        for entry in _block(table, start, size):
            count += 1
            if count > MAX_ARRAYS:
                raise ValueError(f"it has more than {MAX_ARRAYS:,} entries")
            yield entry


def _block(table: memoryview, start: int, size: int) -> Iterator[tuple[bytes, memoryview]]:
    end = start + size
    if end + _TRAILER > len(table) - _FOOTER:
        raise ValueError("it ends within a block")
    if table[end]:
        raise ValueError("its blocks are compressed, as those of no saver are")
    if int.from_bytes(table[end + 1 : end + _TRAILER], "little") != masked(table[start : end + 1]):
        raise ValueError("a block has another checksum than it should")
    restarts = int.from_bytes(table[end - 4 : end], "little") if size >= 4 else 0
    entries, at, key = table[start : max(start, end - 4 * (restarts + 1))], 0, b""
    while at < len(entries):
        shared, at = varint(entries, at)
        own, at = varint(entries, at)
        length, at = varint(entries, at)
        if shared > len(key) or own + length > len(entries) - at or shared + own > 2 * MAX_NAME:
            raise ValueError("it has a key or a value that is longer than its block, or a name that is too long")
        key = key[:shared] + bytes(entries[at : at + own])
        yield key, entries[at + own : at + own + length]
        at += own + length

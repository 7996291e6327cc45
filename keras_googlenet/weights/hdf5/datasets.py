"""The numbers of an HDF5 dataset: what they would take, and then they themselves; and texts that attributes hold."""

import math
import zlib
from collections.abc import Iterator

import ml_dtypes
import numpy as np

from keras_googlenet.weights.hdf5 import blocks as b
from keras_googlenet.weights.hdf5.blocks import Blocks, Cursor, Hdf5Error
from keras_googlenet.weights.hdf5.groups import leaves

DEFLATE, SHUFFLE, FLETCHER = 1, 2, 3

MAX_CHUNK = 1 << 26
"""Most bytes of a chunk: 64 MiB, while h5py's own have one at most."""

MAX_RANK = 32

COMPACT, CONTIGUOUS, CHUNKED, VIRTUAL = range(4)

_LAYOUTS = {(3, COMPACT), (3, CONTIGUOUS), (3, CHUNKED), (4, COMPACT), (4, CONTIGUOUS)}
"""Versions and classes; the fourth's chunks are found in five other ways."""


class Dataset:
    """An array of the file, not yet read.

    Args:
        file: The file's `Blocks`.
        messages: Of its header.
        attributes: Its attributes' texts by name.

    Attributes:
        shape: A tuple.
        dtype: What it is read as.
        nbytes: What it takes in memory.
    """

    def __init__(self, file: Blocks, messages: list[tuple[int, memoryview]], attributes: dict[str, str]):
        found = dict(messages)
        if b.EXTERNAL in found:
            raise Hdf5Error("an external dataset, whose numbers are in another file")
        self._file, self._layout, self._filters = file, found[b.LAYOUT], _filters(found.get(b.FILTERS))
        self.shape = _shape(found[b.DATASPACE])
        self._stored = _dtype(found[b.DATATYPE])
        bfloat = attributes.get("dtype") == "bfloat16" and self._stored.itemsize == 2  # which HDF5 lacks
        self.dtype = np.dtype("float32") if bfloat else self._stored.newbyteorder("=")
        if self.dtype.kind == "V":
            raise Hdf5Error("numbers of an unknown type")
        self.nbytes = math.prod(self.shape) * max(self.dtype.itemsize, 1)
        self._read = ml_dtypes.bfloat16 if bfloat else self._stored
        version, self._class = Cursor(self._layout).numbers(1, 1)
        if (version, self._class) not in _LAYOUTS or (self._filters and self._class != CHUNKED):
            virtual = "virtual " * (self._class == VIRTUAL)
            raise Hdf5Error(f"a {virtual}dataset, laid out as Keras lays out none; load it in Keras and save it again")

    def read(self) -> np.ndarray:
        """The numbers: a view of the file's bytes where they lie there as they are.

        Raises:
            Hdf5Error: Fewer are stored than are declared, or other ones.
        """
        size = math.prod(self.shape) * self._stored.itemsize
        layout = Cursor(self._layout, 2)
        if self._class == CHUNKED:
            return self._finished(self._chunked(layout))
        if self._class == COMPACT:
            content = layout.take(layout.number(2))
        else:
            address = self._file.address(layout)
            content = b"" if address is None or not size else self._file.block(address, size)
        if len(content) < size:
            raise Hdf5Error(f"{size:,} bytes declared, and {len(content):,} stored")
        return self._finished(np.frombuffer(content[:size], self._read).reshape(self.shape))

    def _finished(self, array):
        return array if array.dtype == self.dtype else array.astype(self.dtype)

    def _chunked(self, layout) -> np.ndarray:
        rank = layout.number(1) - 1
        tree = self._file.address(layout)
        *chunk, _ = layout.numbers(*(4,) * (rank + 1))
        item = self._stored.itemsize
        if rank != len(self.shape) or not all(chunk) or math.prod(chunk) * item > MAX_CHUNK:
            raise Hdf5Error(f"chunks of {math.prod(chunk) * item:,} bytes; {MAX_CHUNK:,} are the most")
        wanted = math.prod(-(-side // part) for side, part in zip(self.shape, chunk, strict=True))
        if wanted > b.MAX_PARTS:
            raise Hdf5Error(f"{wanted:,} chunks")
        if not wanted:
            return np.empty(self.shape, self._read)
        # All are there, and hold what they should, before there is an array for them.
        found = {key[2]: (key[0], key[1], address) for key, address in self._chunks(tree, rank)}
        places = [corner for corner in found if all(not at % part for at, part in zip(corner, chunk, strict=True))]
        if len(places) != wanted or len(found) != wanted:
            raise Hdf5Error(f"{wanted:,} chunks declared, and {len(found):,} stored")
        array = np.empty(self.shape, self._read)
        for corner, (size, mask, address) in found.items():
            content = self._decoded(self._file.block(address, size), mask, math.prod(chunk) * item)
            part = np.frombuffer(content, self._read).reshape(chunk)
            inside = tuple(slice(at, at + side) for at, side in zip(corner, chunk, strict=True))
            target = array[inside]
            target[...] = part[tuple(map(slice, target.shape))]
        return array

    def _chunks(self, tree, rank) -> Iterator[tuple]:
        def key(cursor):
            size, mask = cursor.numbers(4, 4)
            return size, mask, tuple(cursor.numbers(*(8,) * (rank + 1))[:-1])

        return leaves(self._file, tree, 1, key)

    def _decoded(self, content, mask, size):
        """A chunk's bytes without its filters, the last of them first."""
        for place in reversed(range(len(self._filters))):
            if mask >> place & 1:
                continue
            if self._filters[place] == DEFLATE:
                decoder = zlib.decompressobj()
                content = decoder.decompress(content, size + 4)  # and no more; Fletcher's sum may follow
            elif self._filters[place] == SHUFFLE:
                item = self._stored.itemsize
                content = np.frombuffer(content, "u1").reshape(item, -1).T.tobytes()
            else:
                content = content[:-4]
        if len(content) != size:
            raise Hdf5Error(f"a chunk of {len(content):,} bytes where {size:,} are declared")
        return content


def attribute(file: Blocks, message: memoryview) -> tuple[str, str | None]:
    """The name of an attribute, and its text; None where it is anything else (IV.A.2.m).

    Args:
        file: The file's `Blocks`.
        message: Of the object's header.
    """
    cursor = Cursor(message)
    version, _, *sizes = cursor.numbers(1, 1, 2, 2, 2)
    cursor.take(version == 3)
    name, kind, space = (cursor.take(-(-size // 8) * 8 if version == 1 else size)[:size] for size in sizes)
    text = None
    if space[1] == 0:  # one, not an array of some
        if kind[0] & 15 == 3:
            text = bytes(cursor.take(Cursor(kind, 4).number(4)))
        elif kind[0] & 15 == 9 and kind[1] & 15 == 1:
            text = _from_heap(file, *cursor.numbers(4, file.offset_size, 4))
    return _plain(bytes(name)), None if text is None else _plain(text)


def _from_heap(file, size, address, index):
    """A text of any length, in the heap that a file's objects share (III.E)."""
    cursor = Cursor(file.content, address)
    cursor.expect(b"GCOL\x01")
    cursor.take(3)
    left = file.length(cursor) - 8 - file.length_size
    while left > 0:
        found, _, _ = cursor.numbers(2, 2, 4)
        length = file.length(cursor)
        file.count()
        if found == index:
            return bytes(cursor.take(min(size, length)))
        if not found:
            break
        cursor.take(-(-length // 8) * 8)
        left -= 8 + file.length_size + length
    raise Hdf5Error("a text that is not where it should be")


def _plain(text):
    return text.partition(b"\x00")[0].decode("utf-8", "surrogateescape")


def _shape(message):
    cursor = Cursor(message)
    version, rank, _, kind = cursor.numbers(1, 1, 1, 1)
    cursor.take(4 if version == 1 else 0)
    if rank > MAX_RANK or (version == 2 and kind == 2):
        raise Hdf5Error("no numbers, or of too many dimensions")
    return tuple(cursor.numbers(*(8,) * rank))


def _dtype(message):
    """NumPy's name of a type (IV.A.2.d); of the rest, bytes."""
    kind, low, _, _, size = Cursor(message).numbers(1, 1, 1, 1, 4)
    order = ">" if low & 1 else "<"
    if kind & 15 == 0 and size in (1, 2, 4, 8):
        return np.dtype(f"{order}{'i' if low & 8 else 'u'}{size}")
    if kind & 15 == 1 and size in (2, 4, 8) and message[8:16] == _IEEE[size]:
        return np.dtype(f"{order}f{size}")
    if kind & 15 == 8 and size == 1:  # as h5py writes booleans
        return np.dtype("bool")
    if not 0 < size <= 16:
        raise Hdf5Error(f"numbers of {size:,} bytes each")
    return np.dtype(f"V{size}")


_IEEE = {
    2: bytes([0, 0, 16, 0, 10, 5, 0, 10]),
    4: bytes([0, 0, 32, 0, 23, 8, 0, 23]),
    8: bytes([0, 0, 64, 0, 52, 11, 0, 52]),
}
"""Where in a number's bits its exponent and its mantissa are: offset, precision, and places and sizes of the two."""


def _filters(message):
    """The numbers of a dataset's filters (IV.A.2.l)."""
    if message is None:
        return []
    cursor = Cursor(message)
    version, count = cursor.numbers(1, 1)
    cursor.take(6 if version == 1 else 0)
    found = []
    for _ in range(count):
        kind = cursor.number(2)
        named = cursor.number(2) if version == 1 or kind > 255 else 0
        _, values = cursor.numbers(2, 2)
        cursor.take(-(-named // 8) * 8 if version == 1 else named)
        cursor.take(4 * (values + (values % 2 if version == 1 else 0)))
        found.append(kind)
    if not {DEFLATE, SHUFFLE, FLETCHER}.issuperset(found) or len(found) > 3:
        raise Hdf5Error(f"filters that Keras does not use ({found})")
    return found

"""Protobuf's wire format: the fields of messages as they stand in a file. Nothing is made of those not asked for.

A library that decodes the whole message makes far more of small ones, and of packed numbers, than their bytes. Source:
https://protobuf.dev/programming-guides/encoding
"""

import math
from collections.abc import Iterable, Iterator

import numpy as np

from keras_googlenet.weights.reader import MAX_NAME

MAX_FIELDS = 200_000
"""Most fields of a file that are looked at; a network of 300 arrays has some thousand.

Numbers of a fixed length, one field each and one after another, count once: older writers have arrays so.
"""

MAX_AXES = 32

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""How a field is written; groups (3 and 4) are of a time before all files that are read here."""

Value = int | memoryview


class Wire:
    """Reads the messages of one file, within `MAX_FIELDS`."""

    def __init__(self) -> None:
        self._left = MAX_FIELDS

    def fields(self, message: Value) -> Iterator[tuple[int, Value]]:
        """Yields the number and the value of each field: an integer, or bytes, which are no copy.

        Fields of a fixed length that follow on others of their number are one value: the bytes of all, joined.

        Raises:
            ValueError: The message is damaged, or the file has too many fields.
        """
        at, message = 0, bytes_of(message)
        while at < len(message):
            self._left -= 1
            if self._left < 0:
                raise ValueError(f"it has more than {MAX_FIELDS:,} fields")
            start = at
            tag, at = varint(message, at)
            kind, value, size = tag & 7, 0, 0
            match kind:
                case 0:
                    value, at = varint(message, at)
                case 1 | 5:
                    size = 8 if kind == FIXED64 else 4
                case 2:
                    size, at = varint(message, at)
                case _:
                    raise ValueError(f"it has a field of the type {kind}")
            if size > len(message) - at or tag < 8:
                raise ValueError("it ends within a field, or has a field without a number")
            head, end = message[start:at], at + size
            if kind in (FIXED32, FIXED64) and head == message[end : end + len(head)]:
                records = _run(message[start:], len(head), size)
                yield tag >> 3, memoryview(records[:, len(head) :].tobytes())
                at = start + records.size
            else:
                yield tag >> 3, value if kind == VARINT else message[at:end]
                at = end

    def all(self, message: Value) -> dict[int, list[Value]]:
        """The values of each field of a message, by its number."""
        found: dict[int, list[Value]] = {}
        for number, value in self.fields(message):
            found.setdefault(number, []).append(value)
        return found


def _run(data: memoryview, head: int, size: int) -> np.ndarray:
    """The fields that data begin with and that have the same tag, of `head` bytes, and values of `size`: one a row."""
    width = head + size
    rows = np.frombuffer(data[: len(data) // width * width], np.uint8).reshape(-1, width)
    count, step = 1, 1
    while count < len(rows):  # in steps that grow: a short run costs no look at all that follows
        same = (rows[count : count + step, :head] == rows[0, :head]).all(axis=1)
        if not same.all():
            return rows[: count + same.argmin()]
        count, step = count + len(same), min(2 * step, 1 << 16)
    return rows


def varint(data: memoryview, at: int) -> tuple[int, int]:
    """An integer at a place, without a sign, and the place after it."""
    value = 0
    for place in range(10):
        if at + place >= len(data):
            raise ValueError("it ends within a number")
        byte = data[at + place]
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value & (1 << 64) - 1, at + place + 1
    raise ValueError("it has a number of more than 64 bits")


def integer(value: Value) -> int:
    """An `int32` or `int64`, of which `varint` has read the bits."""
    if not isinstance(value, int):
        raise ValueError("it has bytes in the place of a number")
    return value - (1 << 64) if value >> 63 else value


def bytes_of(value: Value) -> memoryview:
    """What is no integer: a string, a message, a number of a fixed length, or many of them."""
    if isinstance(value, int):
        raise ValueError("it has a number in the place of bytes")
    return value


def shape(values: Iterable[Value]) -> tuple[int, ...]:
    """The lengths of axes: a repeated `int64`, packed or not."""
    lengths: list[int] = []
    for value in values:
        at = 0
        while not isinstance(value, int) and at < len(value) and len(lengths) <= MAX_AXES:
            length, at = varint(value, at)
            lengths.append(integer(length))
        if isinstance(value, int):
            lengths.append(integer(value))
        if len(lengths) > MAX_AXES:
            raise ValueError(f"it has an array of more than {MAX_AXES} axes")
    return tuple(lengths)


def numbers(values: list[Value], dtype: np.dtype | str) -> np.ndarray:
    """Floating-point numbers: a repeated `float` or `double`, packed or not, or raw bytes; one piece is not copied."""
    pieces = list(map(bytes_of, values))
    return np.frombuffer(pieces[0] if len(pieces) == 1 else b"".join(pieces), dtype)


def text(value: Value) -> str:
    """A name."""
    if len(found := bytes_of(value)) > 4 * MAX_NAME:
        raise ValueError(f"it has a name of {len(found):,} bytes")
    return bytes(found).decode()


def fits(lengths: tuple[int, ...], size: int) -> bool:
    """Whether axes of these lengths have so many numbers."""
    return min(lengths, default=0) >= 0 and math.prod(lengths) == size

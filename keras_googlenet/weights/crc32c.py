"""CRC-32C, TensorFlow's checksum: in many lanes at once, since no library for it is always there."""

import math

import numpy as np

_SHORT = 512
"""Bytes that are faster one by one."""

_PIECE = 4 << 20
"""Bytes that are taken at once."""


def _table(bits: int) -> np.ndarray:
    table = np.arange(1 << bits, dtype="uint32")
    for _ in range(bits):
        table = (table >> 1) ^ np.where(table & 1, np.uint32(0x82F63B78), np.uint32(0))
    return table


_BYTES, _WORDS = _table(8).tolist(), _table(16)
_BITS = np.uint32(1) << np.arange(32, dtype="uint32")


def masked(data: memoryview) -> int:
    """The checksum as TensorFlow's files have it.

    Args:
        data: Bytes.

    Example:
        >>> hex(masked(memoryview(b"123456789")))
        '0xc78ab0e5'
    """
    register = 0xFFFFFFFF
    for start in range(0, len(data), _PIECE):
        register = _after(data[start : start + _PIECE], register)
    crc = register ^ 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _after(data: memoryview, register: int) -> int:
    """The register after bytes."""
    if len(data) < _SHORT:
        for byte in data:
            register = _BYTES[(register ^ byte) & 255] ^ register >> 8
        return register
    # A register is the same as one of zeros where the first four bytes are changed by it. Zeros before them change
    # nothing then, and fill the lanes.
    lanes = 1 << math.ceil(math.log2(math.sqrt(len(data))))
    length = -(-len(data) // (2 * lanes))
    padded = np.zeros(2 * lanes * length, "uint8")
    own = padded[len(padded) - len(data) :]
    own[:] = np.frombuffer(data, "uint8")
    own[:4] ^= np.frombuffer(register.to_bytes(4, "little"), "uint8")
    registers, moved = np.zeros(lanes, "uint32"), _BITS  # what becomes of each bit of a register as zeros follow
    for words in np.ascontiguousarray(padded.view("<u2").reshape(lanes, length).T):
        registers = _WORDS.take(registers.astype("uint16") ^ words) ^ registers >> 16
        moved = _WORDS.take(moved & 0xFFFF) ^ moved >> 16
    while len(registers) > 1:
        registers, moved = _moved(registers[::2], moved) ^ registers[1::2], _moved(moved, moved)
    return int(registers[0])


def _moved(registers: np.ndarray, moved: np.ndarray) -> np.ndarray:
    bits = np.where(registers[:, None] & _BITS, moved, np.uint32(0))
    return np.bitwise_xor.reduce(bits, axis=1)

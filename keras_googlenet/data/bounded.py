"""JPEG and PNG files that take no more time and memory than their pixels and bytes: nearly all there are.

They are decoded at once, where they are needed. Any other file may be made to take hours or all memory - by scans, by
tags, by what is packed into it - and is decoded in a process that can be ended: see `data.worker_pool`.
"""

import contextlib
import os
import re
import struct
from typing import BinaryIO

MAX_BYTES = 2**26
"""A larger file is not looked through."""

MAX_PIXELS = 2**26
"""A larger image may take seconds, whatever its file is like."""

MAX_SCANS = 500
"""Scans of a JPEG. Encoders write a dozen; each goes through the whole image, and may take as little as 20 bytes."""

_MAX_SEGMENTS = 300  # of a JPEG's header: its color profile may fill 255
_MAX_MARKERS = 2**16  # of a JPEG that are looked at
_MAX_CHUNKS = 256  # of a PNG, beside one a KiB
_MAX_METADATA, _METADATA_A_CHUNK = 2**21, 2**14  # bytes of other chunks than those of pixels, which may be packed
_MAX_EXIF = 2**16  # bytes: each of its tags may be a copy of the whole

# What opens a frame, and whether it is one of these: Huffman-coded, baseline, extended or progressive.
_FRAMES = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)))
_SEQUENTIAL, _PROGRESSIVE = (0xC0, 0xC1), 0xC2
_SCAN, _EXIF = 0xDA, 0xE1

# In what is coded, a byte 255 is followed by 0 or a restart marker; between segments it may be repeated.
_MARKER = re.compile(rb"\xff+[^\x00\x01\xd0-\xd8\xff]")

_PNG = b"\x89PNG\r\n\x1a\n"
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_ANIMATION = frozenset((b"acTL", b"fcTL", b"fdAT"))


def is_bounded(file: BinaryIO) -> bool:
    """Whether an image takes no more than its file's bytes and its pixels; else another process is to decode it.

    Args:
        file: open for reading, at its beginning; it is left there.

    Raises:
        ValueError: it is a JPEG of more than `MAX_SCANS`.
    """
    head = file.read(len(_PNG))
    file.seek(0)
    check = _png if head == _PNG else _jpeg if head.startswith(b"\xff\xd8\xff") else None
    if check is None:
        return False
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    data = file.read(min(size, MAX_BYTES + 1))
    file.seek(0)
    with contextlib.suppress(IndexError, struct.error):  # cut off in its header
        if len(data) <= MAX_BYTES and check(data):
            return True
    if check is _jpeg and _scans(data) > MAX_SCANS:
        raise ValueError(
            f"a JPEG of more than {MAX_SCANS} scans, each of which goes through the whole image; save it anew"
        )
    return False


def _scans(data: bytes) -> int:
    """How many scans a JPEG has, so far as `_MAX_MARKERS` markers tell."""
    found, place = 0, 2
    for _ in range(_MAX_MARKERS):
        if found > MAX_SCANS or not (marker := _MARKER.search(data, place)):
            break
        place, code = marker.end(), data[marker.end() - 1]
        found += code == _SCAN
        if code == 0xD9:  # the image's end
            break
        place += int.from_bytes(data[place : place + 2])
    return found


def _jpeg(data: bytes) -> bool:
    place, frame, exif = 2, None, False
    for _ in range(_MAX_SEGMENTS):
        if data[place] != 0xFF:
            return False
        code, (length,) = data[place + 1], struct.unpack_from(">H", data, place + 2)
        if code == _SCAN:
            return frame is not None and _decoded_fast(frame, data, place)
        if code in _FRAMES:
            if frame is not None:
                return False
            frame = (code, *struct.unpack_from(">HHB", data, place + 5))
        if code == _EXIF and data.startswith(b"Exif\0\0", place + 4):
            if exif:  # another is joined to the first
                return False
            exif = True
        place += 2 + length
    return False


def _decoded_fast(frame: tuple[int, int, int, int], data: bytes, place: int) -> bool:
    code, height, width, components = frame
    pixels = height * width
    if pixels > MAX_PIXELS:
        return False
    if code in _SEQUENTIAL and data[place + 4] == components:
        return True  # one scan
    if code not in (*_SEQUENTIAL, _PROGRESSIVE):
        return False
    # No fewer than there are: what looks like a scan's beginning may lie in another segment.
    found = data.count(b"\xff\xda", place)
    return found <= MAX_SCANS and found * pixels <= 4 * MAX_PIXELS


def _png(data: bytes) -> bool:
    place, parts, metadata = len(_PNG), 0, 0
    length, name, width, height = struct.unpack_from(">I4sII", data, place)
    if name != b"IHDR" or (width + 2) * height > MAX_PIXELS:  # each row takes as much as two pixels
        return False
    most = _MAX_CHUNKS + len(data) // 1024
    while name != b"IEND" and place + 8 < len(data) and parts < most:
        place, parts = place + 12 + length, parts + 1
        length, name = struct.unpack_from(">I4s", data, place)
        if name != b"IDAT":
            metadata += _METADATA_A_CHUNK + length
            profile = name in _TEXTS and data.startswith((b"Raw profile", b"exif"), place + 8)
            if name == b"IHDR" or name in _ANIMATION or profile or (name == b"eXIf" and length > _MAX_EXIF):
                return False
    return metadata <= _MAX_METADATA and parts < most

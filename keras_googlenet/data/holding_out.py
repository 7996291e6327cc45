"""Which images of a class folder are held out for validation, where there is no folder for them."""

import hashlib
import os
import re
import unicodedata

RULES = ("hash", "rank")

_WHOLE = 2**64
_GOLDEN = 0x9E3779B97F4A7C15  # 2**64 divided by the golden ratio: its multiples fill a circle as evenly as can be
_LAST_NUMBER = re.compile(r"[0-9]+(?=[^0-9]*\Z)")


def same_everywhere(name: str) -> str:
    """A name or a relative path as every system has it: macOS decomposes accents, Windows turns slashes around.

    Example:
        >>> same_everywhere("cafe" + chr(0x301)) == "caf" + chr(0xE9)
        True
    """
    name = name.replace(os.sep, "/")
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def hold_out(name: str, paths: list[str], fraction: float, rule: str = "hash") -> list[str]:
    """The images of a class to hold out: at least one, and not all.

    Args:
        name: the class's.
        paths: of two or more images, relative to the class's folder.
        fraction: part of them to hold out.
        rule: `"hash"` holds out those whose `place` lies below the fraction. It is about the fraction of them, not
            exactly; in return, adding or removing images moves no other across. Where all of a class fall on one side,
            the one that is nearest to the other side crosses over; it alone depends on the others. `"rank"` is version
            0.1.0's: exactly the fraction, the first by a hash of their paths.

    Returns:
        The paths to hold out.
    """
    if rule == "rank":
        count = min(max(1, round(len(paths) * fraction)), len(paths) - 1)
        return sorted(paths, key=lambda path: _sha256(same_everywhere(path)))[:count]
    places = {path: place(name, path) for path in paths}
    chosen = [path for path in paths if places[path] < fraction]
    if not chosen:
        return [min(paths, key=places.__getitem__)]
    if len(chosen) == len(paths):
        chosen.remove(max(paths, key=places.__getitem__))
    return chosen


def place(name: str, path: str) -> float:
    """A number from 0 to 1 that follows from an image's class and path, without its extension, and nothing else.

    It is a hash of them but for the last number in the file's name, which turns it by the golden ratio: consecutive
    numbers lie apart, so that any eight of them have one in each fifth.

    Args:
        name: the class's.
        path: the image's, relative to the class's folder.

    Example:
        >>> [number for number in range(10) if place("cat", f"{number}.jpg") < 0.2]
        [0, 3, 8]
    """
    folder, _, file = same_everywhere(os.path.splitext(path)[0]).rpartition("/")
    found = _LAST_NUMBER.search(file)
    number = int(found[0]) if found else 0
    start = int.from_bytes(_sha256(f"{same_everywhere(name)}/{folder}/{_LAST_NUMBER.sub('#', file)}")[:8])
    return (start + number * _GOLDEN) % _WHOLE / _WHOLE


def _sha256(name: str) -> bytes:
    return hashlib.sha256(os.fsencode(name)).digest()

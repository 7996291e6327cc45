"""What tells whether a file is still the one that was listed: a look at it when it is listed, another when it is read.

Size and time of modification cost no reading. They miss a file that takes another's place and has both in common, as
bitmaps from one archive may: only of such files the inode is compared, too, which not every network drive keeps.
"""

import os
from collections.abc import Sequence

import numpy as np

from keras_googlenet.data.errors import ImageError
from keras_googlenet.utils.messages import one_line

_MISSING = (-1, -1, -1)
_ANY = 0
"""In the place of an inode that is not compared."""


def stamps(paths: Sequence[bytes]) -> np.ndarray:
    """What is noted of each file.

    Args:
        paths: of files, of which some may be missing.

    Returns:
        int64 array of shape (files, 3): size, time of modification in nanoseconds, inode.
    """
    found = np.array([_stamp(path) for path in paths], np.int64).reshape(-1, 3)
    order = np.lexsort((found[:, 1], found[:, 0]))
    alike = (np.diff(found[order, :2], axis=0) == 0).all(axis=1)
    alone = ~(np.append(alike, False) | np.insert(alike, 0, False))[: len(found)]
    found[order[alone], 2] = _ANY
    return found


def check(path: bytes, stamp: Sequence[int] | np.ndarray, name: str | None = None) -> None:
    """Refuses a file that is another by now.

    Args:
        path: of the file.
        stamp: what was noted of it.
        name: what an error calls it, if not its path.

    Raises:
        ImageError: It was changed, exchanged or removed.
    """
    size, time, inode = _stamp(path)
    if (size, time) != (stamp[0], stamp[1]) or stamp[2] not in (_ANY, inode):
        raise ImageError(f"{one_line(name or os.fsdecode(path))}: changed or exchanged since the images were listed")


def _stamp(path: bytes) -> tuple[int, int, int]:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return _MISSING
    return found.st_size, found.st_mtime_ns, found.st_ino & (2**63 - 1)

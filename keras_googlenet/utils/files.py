"""What is asked of files and folders: JSON, rows of a table, whether a path lies in a folder."""

import collections
import csv
import json
from pathlib import Path

from keras_googlenet.utils.messages import shown

MAX_JSON = 2**24
"""Bytes of a JSON file: the largest recipe, of a table of one's own, has some thousands."""


def read_json(path):
    """What a JSON file holds, where nobody has made it to be more than that.

    Args:
        path: The file.

    Returns:
        Dicts, lists, text, numbers, True, False and None.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no JSON, is larger than `MAX_JSON` or nested too deep, has a key twice, or a number that is
            none; the message says which.
    """
    with Path(path).open("rb") as file:
        content = file.read(MAX_JSON + 1)
    if len(content) > MAX_JSON:
        raise ValueError(f"more than {MAX_JSON:,} bytes")
    try:
        return json.loads(
            content.decode(), object_pairs_hook=_unique, parse_constant=_no_number, parse_int=_whole_number
        )
    except RecursionError:
        raise ValueError("nested too deep") from None
    except UnicodeDecodeError:
        raise ValueError("no UTF-8") from None


def _unique(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        (key, _), *_ = collections.Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {shown(key)} twice")
    return found


def _no_number(text):
    raise ValueError(f"{text} is no number")


def _whole_number(text):
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"a number of {len(text):,} digits") from None


def read_rows(path):
    """The rows of a CSV file whose first line names its columns.

    Args:
        path: The file.

    Returns:
        A list of a dict of text for each row; empty where there is no file.
    """
    if not Path(path).exists():
        return []
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def is_within(path, folder):
    """Whether a path lies in a folder, or is that folder, whatever links or letter cases lead there.

    Args:
        path: Of a file or a folder that need not be there yet.
        folder: That is there.

    Example:
        >>> is_within("photos/../runs/first", ".")
        True
    """
    path = Path(path).resolve()
    return any(above.samefile(folder) for above in (path, *path.parents) if above.exists())

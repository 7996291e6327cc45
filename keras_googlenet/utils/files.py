"""What is asked of files and folders: rows of a table, whether a path lies in a folder."""

import csv
from pathlib import Path


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

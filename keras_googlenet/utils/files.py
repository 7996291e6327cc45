"""What is asked of files and folders: rows of a table, arrays of an archive, whether a path lies in a folder."""

import csv
import io
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


def arrays_in(archive):
    """The arrays of an `.npz` archive. Pickled ones are refused: they could run code.

    Args:
        archive: An open `zipfile.ZipFile`.

    Yields:
        Each member's name, without the `.npy` that NumPy appends (whole if it does not end so), and its array.

    Raises:
        Exception: Of many kinds, if the archive is damaged. Each member is read to its end, which checks its CRC.
    """
    import numpy as np

    for member in archive.infolist():
        content = io.BytesIO(archive.read(member))
        yield member.filename.removesuffix(".npy"), np.lib.format.read_array(content, allow_pickle=False)

"""How files are written here: whole or not at all."""

import csv
import io
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path):
    """A path to write to, which becomes `path` once it is written; on an error `path` stays as it was.

    Args:
        path: The file to write.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"partial-{path.name}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


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

"""Files of features, written piece by piece from rows that lie on the disk: they may be larger than the memory."""

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from keras_googlenet.errors import InputError
from keras_googlenet.utils.extras import optional
from keras_googlenet.utils.messages import shown

PIECE = 2**24
"""Bytes in memory at a time."""

NUMBERS = "<f4"
"""float32, low byte first, as rows are kept and written."""


@dataclass(frozen=True)
class Table:
    """What a file of features holds.

    Attributes:
        paths: Of the images, a row each.
        rows: For each layer the file of its rows, float32 without a header, and the shape of a row.
        about: What else is to be said: `model`, `digest`, `layers`, `pooling`; texts, or lists of such.
    """

    paths: Sequence[str]
    rows: Mapping[str, tuple[Path, tuple[int, ...]]]
    about: Mapping[str, str | Sequence[str]]


def write_npz(table: Table, path: Path) -> None:
    """Writes what `numpy.load` reads: `paths`, an array for each layer by its name, and what `about` says.

    No time of day is in it: the same rows make the same bytes.
    """
    with zipfile.ZipFile(path, "w") as archive:

        def member(name: str, kind: str, shape: tuple[int, ...], pieces: Iterable[bytes]) -> None:
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as file:
                header = {"descr": kind, "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(file, header)
                for piece in pieces:
                    file.write(piece)

        kind = f"<U{max(map(len, table.paths), default=1) or 1}"
        step = max(1, PIECE // np.dtype(kind).itemsize)
        starts = range(0, len(table.paths), step)
        member(
            "paths", kind, (len(table.paths),), (np.array(table.paths[i : i + step], kind).tobytes() for i in starts)
        )
        for name, (file, shape) in table.rows.items():
            with file.open("rb") as rows:
                member(name, NUMBERS, (len(table.paths), *shape), iter(partial(rows.read, PIECE), b""))
        for name, text in table.about.items():
            array = np.array(text)
            member(name, array.dtype.str, array.shape, [array.tobytes()])


def write_parquet(table: Table, path: Path) -> None:
    """Writes what pandas, Polars and DuckDB read: columns `path` and for each layer one of lists of float32.

    A column's metadata has the `shape` of a row, which is flat in its list; the file's has what `about` says.
    """
    pyarrow, parquet = _pyarrow(), optional("pyarrow.parquet", "A .parquet file needs pyarrow", "parquet")
    widths = {name: int(np.prod(shape, dtype=int)) for name, (_, shape) in table.rows.items()}
    fields = [pyarrow.field("path", pyarrow.string())]
    for name, (_, shape) in table.rows.items():
        kind = pyarrow.list_(pyarrow.float32(), widths[name])
        fields.append(pyarrow.field(name, kind, metadata={"shape": json.dumps(shape)}))
    about = {name: text if isinstance(text, str) else json.dumps(list(text)) for name, text in table.about.items()}
    schema = pyarrow.schema(fields, metadata=about)
    step = max(1, PIECE // (4 * sum(widths.values())))
    with parquet.ParquetWriter(path, schema) as writer:
        for paths, rows in _pieces(table, widths, step):
            columns = [pyarrow.array(paths, pyarrow.string())]
            columns += [
                pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(rows[name]), widths[name]) for name in widths
            ]
            writer.write_table(pyarrow.Table.from_arrays(columns, schema=schema))


def _pieces(table: Table, widths: Mapping[str, int], step: int) -> Iterator[tuple[Sequence[str], dict[str, Any]]]:
    for start in range(0, len(table.paths), step):
        paths, rows = table.paths[start : start + step], {}
        for name, (file, _) in table.rows.items():
            offset = 4 * start * widths[name]
            rows[name] = np.fromfile(file, NUMBERS, len(paths) * widths[name], offset=offset)
        yield paths, rows


def _pyarrow() -> Any:
    return optional("pyarrow", "A .parquet file needs pyarrow", "parquet")


WRITERS: Mapping[str, Callable[[Table, Path], None]] = {".npz": write_npz, ".parquet": write_parquet}
"""By the file's suffix."""


def writer_for(path: Path, paths: Iterable[str]) -> Callable[[Table, Path], None]:
    """What writes a file, as its name ends; what it will need is looked for before any work is done.

    Args:
        path: The file.
        paths: The images' paths, which will be in it.

    Raises:
        InputError: There is no such kind of file, its package lacks, or it cannot hold these paths.
    """
    suffix = path.suffix.lower()
    if suffix not in WRITERS:
        raise InputError(f"Features go into a file that ends with {' or '.join(WRITERS)}. Received: {shown(str(path))}")
    if suffix == ".parquet":
        _pyarrow()
        odd = next((one for one in paths if not _is_utf8(one)), None)
        if odd is not None:
            raise InputError(f"A .parquet file holds names in UTF-8; write an .npz file. Received: {shown(odd)}")
    return WRITERS[suffix]


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

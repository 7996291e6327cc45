"""Checkpoints of TensorFlow's in a `.tar.gz`, unpacked without trusting the archive.

Only regular files with a checkpoint's names are written, into a folder of this program's choice and under their last
name alone: no path of the archive, no link and no device of it comes to be.
"""

import gzip
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from keras_googlenet.weights import reader
from keras_googlenet.weights.reader import check_size, existing_file, reading

_PARTS = re.compile(r"([^/\\]+\.ckpt)(\.index|\.data-\d{5}-of-\d{5})?")


@contextmanager
def unpacked(path: str | Path) -> Iterator[Path]:
    """The checkpoint of an archive, in a temporary folder that goes when the `with` block ends.

    Args:
        path: A `.tar.gz` file.

    Yields:
        The checkpoint's path, as `slim.read` takes it.

    Raises:
        WeightsError: If the file is missing, damaged, or larger than a network once unpacked, or if it holds no
            checkpoint or several.
    """
    path = existing_file(path)
    with tempfile.TemporaryDirectory(prefix="googlenet_") as folder:
        with reading(path, "a .tar.gz archive with a TensorFlow checkpoint (x.ckpt) in it"):
            names = _unpack(path, Path(folder))
            if len(names) != 1:
                raise ValueError(f"it holds {len(names)} checkpoints")
        yield Path(folder) / names.pop()


def _unpack(path: Path, folder: Path) -> set[str]:
    names = set()
    with gzip.open(path) as stream, tarfile.open(fileobj=_Bounded(path, stream), mode="r|") as archive:
        for member in archive:
            part = _PARTS.fullmatch(PurePosixPath(member.name).name)
            if not part or not member.isreg() or member.issparse():
                continue
            with (folder / part[0]).open("xb") as file:  # a second one of the name is an error
                shutil.copyfileobj(archive.extractfile(member), file)
            names.add(part[1])
    return names


class _Bounded:
    """A stream that is given up where it turns out longer than any network."""

    def __init__(self, path: Path, stream: gzip.GzipFile):
        self._path, self._stream, self._read = path, stream, 0

    def read(self, size: int) -> bytes:
        check_size(self._path, self._read + min(size, reader.MAX_BYTES))
        content = self._stream.read(size)
        self._read += len(content)
        return content

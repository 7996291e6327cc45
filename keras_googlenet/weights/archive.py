"""Checkpoints of TensorFlow's in a `.tar.gz`, unpacked without trusting the archive.

Only regular files with a checkpoint's names are written, into a folder of this program's choice and under their last
name alone: no path of the archive, no link and no device of it comes to be.
"""

import gzip
import io
import re
import tarfile
from pathlib import Path, PurePosixPath

from keras_googlenet.weights import reader

_PARTS = re.compile(r"([^/\\]+\.ckpt)(\.index|\.data-\d{5}-of-\d{5})?")


def unpack(path: Path, folder: Path) -> Path:
    """Unpacks the checkpoint of an archive.

    Args:
        path: A `.tar.gz` file.
        folder: Where to, an empty folder.

    Returns:
        The checkpoint's path; of the second format, the common beginning of its files.

    Raises:
        WeightsError: The archive is larger than any network once decompressed.
        ValueError: It holds no checkpoint, or several. A damaged archive raises errors of many kinds.
    """
    with gzip.open(path) as stream:
        content = stream.read(reader.MAX_BYTES + 1)
    reader.check_size(path, len(content))
    names = set()
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
        for member in archive:
            part = _PARTS.fullmatch(PurePosixPath(member.name).name)
            file = archive.extractfile(member) if part and member.isreg() and not member.issparse() else None
            if part and file:
                with (folder / part[0]).open("xb") as copy:  # a second one of the name is an error
                    copy.write(file.read())
                names.add(part[1])
    if len(names) != 1:
        raise ValueError(f"it holds {len(names)} checkpoints")
    return folder / names.pop()

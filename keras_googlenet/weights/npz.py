"""NumPy archives of Caffe's weights.

Keys are `<caffe layer>/kernel` and `<caffe layer>/bias`. Only the axes are in Keras's order (HWIO,
and (in, out) for fully connected layers); what the axes index is still Caffe's: BGR input, and the
CHW flattening of the auxiliary heads.
"""

from functools import partial
from pathlib import Path

import numpy as np

from keras_googlenet.utils import archives
from keras_googlenet.weights.caffe import to_caffe
from keras_googlenet.weights.reader import Arrays, Named, WeightsError, check_size

KIND = "an .npz archive of plain (not pickled) arrays, as numpy.savez writes it"


def read(path: Path) -> Named:
    """Reads an `.npz` file. Pickled arrays are refused: they could run code.

    Args:
        path: The archive.

    Yields:
        `"<caffe layer>/<variable>"` and an array: HWIO or (in, out).

    Raises:
        WeightsError: If the file is too large once decompressed, or holds anything but arrays.
    """
    with archives.opened(path, partial(check_size, path)) as archive:
        for member in archive.namelist():
            if not member.endswith(".npy"):
                raise WeightsError(
                    f"{path} holds a file that is no array. Expected members like "
                    f"'conv1/7x7_s2/kernel.npy'; save it again. Received: {member[:100]!r}"
                )
        yield from archives.arrays_in(archive)


def write(path: Path, arrays: Arrays) -> None:
    """Writes arrays as `read` reads them back: Caffe's names and input orders.

    Args:
        path: The archive to write.
        arrays: `"<keras layer>/kernel"` and `"<keras layer>/bias"` to arrays.

    Raises:
        WeightsError: If there are variables that Caffe's network lacks (batch normalization's).
    """
    np.savez(path, **to_caffe(arrays))  # type: ignore[arg-type]  # none is called `allow_pickle`

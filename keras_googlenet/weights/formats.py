"""The formats of weights files, told apart by the end of the file's name."""

from pathlib import Path

import numpy as np

from keras_googlenet.weights import caffemodel, native, npz, onnx, slim, torchvision
from keras_googlenet.weights.files import WeightsError

READERS = {
    ".weights.h5": native.read,
    ".keras": native.read,
    ".caffemodel": caffemodel.read,
    ".onnx": onnx.read,
    ".npz": npz.read,
    ".pth": torchvision.read,
    ".pt": torchvision.read,
    ".ckpt": slim.read,
}
"""The reader of each format, by the end of the file's name."""

VARIANTS = {".pth": "torchvision", ".pt": "torchvision", ".ckpt": "slim"}
"""The variant of the network that a format's weights are for, where the format tells."""


def is_format(path: str | Path) -> bool:
    """Whether a file's name ends with one of `READERS`.

    Args:
        path: Any path.

    Example:
        >>> is_format("GoogLeNet.CaffeModel"), is_format("photo.jpg")
        (True, False)
    """
    return str(path).lower().endswith(tuple(READERS))


def read(path: str | Path) -> dict[str, np.ndarray]:
    """Reads a weights file of any supported format.

    Args:
        path: File whose name ends with one of `READERS`.

    Returns:
        Arrays by `"<layer>/<variable>"`, in Keras's layouts (HWIO, (in, out)) and for RGB input.
        Keras's own files do not name their variables: theirs are called `"<layer>/<index>"`.

    Raises:
        WeightsError: If the file is missing, damaged or of an unknown format.
    """
    name = Path(path).name.lower()
    for suffix, reader in READERS.items():
        if name.endswith(suffix):
            return reader(path)
    raise WeightsError(
        f"Unknown format of weights. Expected a file name that ends with one of "
        f"{', '.join(READERS)}; convert or rename the file. Received: path={path}"
    )

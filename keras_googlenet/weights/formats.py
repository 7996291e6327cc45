"""The formats of weights files, told apart by the end of the file's name."""

from pathlib import Path

import numpy as np

from keras_googlenet.weights import caffemodel, keras_files, npz, onnx, pytorch, slim, torchvision
from keras_googlenet.weights.reader import WeightsError


def _read_checkpoint(path: str | Path) -> dict[str, np.ndarray]:
    """Reads a `.ckpt`: TensorFlow's, or PyTorch Lightning's."""
    return (torchvision if pytorch.is_pytorch(path) else slim).read(path)


READERS = {
    ".weights.h5": keras_files.read,
    ".keras": keras_files.read,
    ".caffemodel": caffemodel.read,
    ".onnx": onnx.read,
    ".npz": npz.read,
    ".pth": torchvision.read,
    ".pt": torchvision.read,
    ".pth.tar": torchvision.read,
    ".bin": torchvision.read,
    ".safetensors": torchvision.read_safetensors,
    ".ckpt": _read_checkpoint,
    ".tar.gz": slim.read_archive,
    ".tgz": slim.read_archive,
}
"""The reader of each format, by the end of the file's name."""

VARIANTS = {
    **dict.fromkeys((".pth", ".pt", ".pth.tar", ".bin", ".safetensors"), "torchvision"),
    **dict.fromkeys((".ckpt", ".tar.gz", ".tgz"), "slim"),
}
"""The variant of the network that a format's weights are for, where the format tells.

A `.ckpt` may also be PyTorch Lightning's: `variant_of` tells by its content."""


def is_format(path: str | Path) -> bool:
    """Whether a file's name ends with one of `READERS`.

    Args:
        path: Any path.

    Example:
        >>> is_format("GoogLeNet.CaffeModel"), is_format("photo.jpg")
        (True, False)
    """
    return _suffix(path) is not None


def variant_of(path: str | Path) -> str | None:
    """The variant of the network that a file's weights are for.

    Args:
        path: File of any supported format.

    Returns:
        A name of `architecture.VARIANTS`, or None where the format does not tell.

    Example:
        >>> variant_of("googlenet.pth"), variant_of("googlenet.npz")
        ('torchvision', None)
    """
    suffix = _suffix(path)
    if suffix == ".ckpt" and pytorch.is_pytorch(path):
        return "torchvision"
    return VARIANTS.get(suffix)


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
    suffix = _suffix(path)
    if suffix is not None:
        return READERS[suffix](path)
    raise WeightsError(
        f"Unknown format of weights. Expected a file name that ends with one of "
        f"{', '.join(READERS)}; convert or rename the file. Received: path={path}"
    )


def _suffix(path: str | Path) -> str | None:
    name = Path(path).name.lower()
    return next((suffix for suffix in READERS if name.endswith(suffix)), None)

"""TF-slim's `inception_v1` checkpoints.

It is another network than the paper's: batch normalization without a scale after each convolution, 3x3 windows in place
of 5x5, no local response normalization, no auxiliary heads, TensorFlow's "same" padding; the variant `slim`. Its pixels
are `x / 127.5 - 1`, x being RGB in 0-255, which the variant's layer `pixels` makes of this package's.
"""

import gzip
import io
import re
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

import numpy as np

from keras_googlenet.weights import reader
from keras_googlenet.weights.layouts import joined_names
from keras_googlenet.weights.reader import Arrays, Named, WeightsError, check_size

KIND = "a TensorFlow checkpoint"

KIND_OF_ARCHIVE = "a .tar.gz archive with a TensorFlow checkpoint (x.ckpt) in it"

STEM = {"Conv2d_1a_7x7": "conv1_7x7_s2", "Conv2d_2b_1x1": "conv2_3x3_reduce", "Conv2d_2c_3x3": "conv2_3x3"}

MODULES = {"3b": "3a", "3c": "3b"} | {f"4{chr(ord(n) + 1)}": f"4{n}" for n in "abcde"} | {"5b": "5a", "5c": "5b"}
"""Slim counts a group's pool as its first part."""

BRANCHES = {
    "Branch_0/Conv2d_0a_1x1": "1x1",
    "Branch_1/Conv2d_0a_1x1": "3x3_reduce",
    "Branch_1/Conv2d_0b_3x3": "3x3",
    "Branch_2/Conv2d_0a_1x1": "5x5_reduce",
    "Branch_2/Conv2d_0b_3x3": "5x5",  # its window is 3x3
    "Branch_2/Conv2d_0a_3x3": "5x5",  # the same, misspelt: Mixed_5b in every checkpoint
    "Branch_3/Conv2d_0b_1x1": "pool_proj",
}

NORM = {f"/BatchNorm/{name}": f"_bn/{name}" for name in ("gamma", "beta", "moving_mean", "moving_variance")}

CONVOLUTIONS = STEM | joined_names({f"Mixed_{name}/": f"inception_{ours}_" for name, ours in MODULES.items()}, BRANCHES)

KERAS_NAMES = joined_names({"Logits/Conv2d_0c_1x1": "predictions"}, {"/weights": "/kernel", "/biases": "/bias"})
KERAS_NAMES |= joined_names(CONVOLUTIONS, {"/weights": "/kernel"} | NORM)

BACKGROUND_CLASSES = 1001
"""Slim's ImageNet has a class 0 that means none of the others. It is left out: the softmax of the 1000 is that of an
image which is known to be one of them."""

_TRAINING = re.compile(r"global_step$|.*/(RMSProp(_\d+)?|Momentum|Adam(_\d+)?|ExponentialMovingAverage)$")
_PARTS = re.compile(r"([^/\\]+\.ckpt)(\.index|\.data-\d{5}-of-\d{5})?")


def read(path: Path) -> Named:
    """Reads a checkpoint of TensorFlow 1's first or second format.

    Args:
        path: The `.ckpt` file; of the second format, whose files are `x.ckpt.index` and `x.ckpt.data-...`, the index.

    Yields:
        The name and the array of each tensor. What an optimizer left in the file is passed over.

    Raises:
        WeightsError: If the file is too large.
    """
    import tensorflow as tf

    checkpoint = tf.train.load_checkpoint(str(path).removesuffix(".index"))
    shapes = checkpoint.get_variable_to_shape_map()
    names = [name for name in shapes if not _TRAINING.match(name)]
    types = checkpoint.get_variable_to_dtype_map()
    check_size(path, sum(int(np.prod(shapes[name], dtype="float64")) * types[name].size for name in names))
    for name in names:
        yield name, checkpoint.get_tensor(name)


def read_archive(path: Path) -> list[tuple[str, np.ndarray]]:
    """Reads the checkpoint in a `.tar.gz`, as TF-slim's are published.

    Args:
        path: The archive. Nothing but the checkpoint is unpacked, into a temporary folder.

    Raises:
        WeightsError: If the file is too large.
        ValueError: It cannot be read, or does not hold one checkpoint.
    """
    with tempfile.TemporaryDirectory(prefix="googlenet_") as folder:
        checkpoint = _unpack(path, Path(folder))
        try:
            return list(read(checkpoint))
        except Exception as error:  # nobody knows the temporary folder
            kind = WeightsError if isinstance(error, WeightsError) else ValueError
            raise kind(str(error).replace(str(checkpoint), f"{checkpoint.name} of {path}")) from error


def _unpack(path: Path, folder: Path) -> Path:
    """Unpacks the checkpoint of an archive that is not trusted.

    Only regular files with a checkpoint's names are written, under their last name alone: no path of the archive, no
    link and no device of it comes to be.
    """
    with gzip.open(path) as stream:
        content = stream.read(reader.MAX_BYTES + 1)
    check_size(path, len(content))
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


def from_slim(arrays: Arrays) -> Named:
    """Gives slim's arrays this package's names.

    Args:
        arrays: A checkpoint's arrays. Those that are not slim's are kept under their names, so that a strict assignment
            reports them.

    Yields:
        `"<keras layer>/<variable>"` and an array: HWIO or (in, out), without slim's background class.
    """
    for theirs, array in arrays.items():
        name = KERAS_NAMES.get(theirs.removeprefix("InceptionV1/"), theirs)
        if name.startswith("predictions/"):
            array = array.reshape(array.shape[-2:]) if array.ndim == 4 else array  # a convolution of 1x1
            array = array[..., 1:] if array.shape[-1] == BACKGROUND_CLASSES else array
        yield name, array

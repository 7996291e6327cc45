"""TF-slim's `inception_v1` checkpoints.

It is another network than the paper's: batch normalization without a scale after each convolution, 3x3 windows in place
of 5x5, no local response normalization, no auxiliary heads, TensorFlow's "same" padding; the variant `slim`. Its pixels
are `x / 127.5 - 1`, x being RGB in 0-255, which the variant's layer `pixels` makes of this package's.
"""

import re
from functools import partial
from pathlib import Path, PurePosixPath

from keras_googlenet.weights import tar_archives, tf_checkpoints
from keras_googlenet.weights.layouts import joined_names
from keras_googlenet.weights.reader import Arrays, Named, check_size, content, existing_file

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

    Returns:
        The name and the array of each tensor. What an optimizer left in the file is passed over.

    Raises:
        WeightsError: If the file is too large.
        ValueError: It is damaged, or no such checkpoint.
    """

    def part(end: str) -> memoryview:
        return content(existing_file(path.with_name(path.name.removesuffix(".index") + end)))

    return tf_checkpoints.read(path, content(path), part, _TRAINING.match)


def read_archive(path: Path) -> Named:
    """Reads the checkpoint in a `.tar.gz`, as TF-slim's are published.

    Args:
        path: The archive. Nothing of it is written anywhere.

    Returns:
        As `read`.

    Raises:
        WeightsError: If the file is too large.
        ValueError: It cannot be read, or does not hold one checkpoint.
    """
    files: dict[str, memoryview] = {}
    for name, file in tar_archives.files(path, _part, partial(check_size, path)).items():
        if files.setdefault(PurePosixPath(name).name, file) is not file:
            raise ValueError(f"it has two files {PurePosixPath(name).name[:100]!r}")
    names = {match[1] for name in files if (match := _PARTS.fullmatch(name))}
    if len(names) != 1:
        raise ValueError(f"it holds {len(names)} checkpoints")
    name = names.pop()
    table = files.get(f"{name}.index", files.get(name, memoryview(b"")))
    return tf_checkpoints.read(path, table, lambda end: files[name + end], _TRAINING.match)


def _part(name: str) -> object:
    """Whether a path in an archive is that of a checkpoint's file."""
    return _PARTS.fullmatch(PurePosixPath(name).name)


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

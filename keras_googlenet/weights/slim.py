"""TF-slim's `inception_v1` checkpoints.

It is another network than the paper's: batch normalization without a scale after each convolution, 3x3 windows in place
of 5x5, no local response normalization, no auxiliary heads, TensorFlow's "same" padding; the variant `slim`. Its pixels
are `x / 127.5 - 1`, x being RGB in 0-255, which the variant's layer `pixels` makes of this package's.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from keras_googlenet.weights import archive
from keras_googlenet.weights.reader import WeightsError, check_size, collect, existing_file, reading

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

BACKGROUND_CLASSES = 1001
"""Slim's ImageNet has a class 0 that means none of the others. It is left out: the softmax of the 1000 is that of an
image which is known to be one of them."""

_TRAINING = re.compile(r"global_step$|.*/(RMSProp(_\d+)?|Momentum|Adam(_\d+)?|ExponentialMovingAverage)$")


def read(path: str | Path) -> dict[str, np.ndarray]:
    """Reads a checkpoint with slim's names, of TensorFlow 1's first or second format.

    Args:
        path: The `.ckpt` file; of the second format, whose files are `x.ckpt.index` and `x.ckpt.data-...`, their common
            beginning `x.ckpt`.

    Returns:
        Arrays by `"<keras layer>/<variable>"`: HWIO and (in, out). What an optimizer left in the file is passed over;
        other tensors are kept under their names, so that a strict transfer reports them.

    Raises:
        WeightsError: If the file is missing, damaged, too large or no checkpoint.
    """
    import tensorflow as tf

    path = Path(path)
    index = path.with_name(f"{path.name}.index")
    file = index if index.is_file() else existing_file(path)
    with reading(file, "a TensorFlow checkpoint"):
        checkpoint = tf.train.load_checkpoint(str(path))
        shapes = checkpoint.get_variable_to_shape_map()
        names = [name for name in shapes if not _TRAINING.match(name)]
        types = checkpoint.get_variable_to_dtype_map()
        check_size(path, sum(int(np.prod(shapes[name], dtype="float64")) * types[name].size for name in names))
        return collect(path, _named((name, checkpoint.get_tensor(name)) for name in names))


def read_archive(path: str | Path) -> dict[str, np.ndarray]:
    """Reads the checkpoint in a `.tar.gz`, as TF-slim's are published.

    Args:
        path: The archive. Nothing but the checkpoint is unpacked, into a temporary folder.

    Raises:
        WeightsError: If the file is missing, damaged or too large, or does not hold one checkpoint.
    """
    with archive.unpacked(path) as checkpoint:
        try:
            return read(checkpoint)
        except WeightsError as error:
            raise WeightsError(str(error).replace(str(checkpoint), f"{checkpoint.name} of {path}")) from error


def _named(tensors: Iterator[tuple[str, np.ndarray]]) -> Iterator[tuple[str, np.ndarray]]:
    for name, array in tensors:
        scope, _, variable = name.removeprefix("InceptionV1/").rpartition("/")
        norm = scope.removesuffix("/BatchNorm")
        if scope == "Logits/Conv2d_0c_1x1" and variable in ("weights", "biases"):
            value = array.reshape(array.shape[-2:]) if array.ndim == 4 else array
            if value.shape[-1] == BACKGROUND_CLASSES:
                value = value[..., 1:]
            yield f"predictions/{'kernel' if variable == 'weights' else 'bias'}", value
        elif _layer(scope) and variable == "weights":
            yield f"{_layer(scope)}/kernel", array
        elif norm != scope and _layer(norm):
            yield f"{_layer(norm)}_bn/{variable}", array
        else:
            yield name, array


def _layer(scope: str) -> str | None:
    """The Keras layer of one of slim's convolutions."""
    module, _, branch = scope.partition("/")
    if module in STEM and not branch:
        return STEM[module]
    name = MODULES.get(module.removeprefix("Mixed_"))
    return f"inception_{name}_{BRANCHES[branch]}" if name and branch in BRANCHES else None

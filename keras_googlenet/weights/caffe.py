"""Caffe's names and conventions, turned into this package's and back.

BVLC's network comes in several containers (`.caffemodel`, `.onnx`, `.npz`), all of them with Caffe's layer names:

- the first convolution reads BGR; every model here reads RGB;
- the auxiliary fully connected layers read a feature map flattened in CHW order; Keras flattens in HWC order;
- kernels are OIHW in `.caffemodel` and `.onnx`: see `layouts`.

Source: `models/bvlc_googlenet/train_val.prototxt` of BVLC Caffe.
"""

import re

import numpy as np

from keras_googlenet.architecture.names import CAFFE_HEADS
from keras_googlenet.weights.layouts import chw_to_hwc, hwc_to_chw
from keras_googlenet.weights.reader import Arrays, Named, WeightsError

KERAS_NAMES = CAFFE_HEADS
"""Layers that are not simply called by their Caffe name with `/` as `_`."""

CAFFE_NAMES = {ours: theirs for theirs, ours in KERAS_NAMES.items()}

HEADS = frozenset(name for name in KERAS_NAMES.values() if name.startswith("aux"))
"""The layers of both auxiliary heads, by their names in Keras."""


def keras_name(layer: str) -> str:
    """Returns the Keras name of a Caffe layer.

    Args:
        layer: Name in Caffe's prototxt.

    Returns:
        Name in Keras, where `/` is not allowed.

    Example:
        >>> keras_name("inception_3a/3x3_reduce"), keras_name("loss3/classifier")
        ('inception_3a_3x3_reduce', 'predictions')
    """
    return KERAS_NAMES.get(layer, layer.replace("/", "_"))


def caffe_name(layer: str) -> str:
    """Returns the Caffe name of a layer of this package: the inverse of `keras_name`.

    Args:
        layer: Name in Keras.

    Returns:
        Name in Caffe's prototxt.

    Example:
        >>> caffe_name("inception_3a_3x3_reduce"), caffe_name("aux1")
        ('inception_3a/3x3_reduce', 'loss1/classifier')
    """
    return CAFFE_NAMES.get(layer) or re.sub("^(inception_[^_]+|[^_]+)_", r"\1/", layer)


def from_caffe(arrays: Arrays) -> Named:
    """Gives Caffe's arrays this package's names and input orders.

    Args:
        arrays: `"<caffe layer>/kernel"` and `"<caffe layer>/bias"` to arrays with their axes in Keras's order (see
            `layouts.to_hwio`). Layers that are not BVLC's are kept under their names, so that a strict assignment
            reports them. So are arrays that have this package's names already.

    Yields:
        Pairs of `"<keras layer>/<variable>"` and array; two layers may have come to the same name.

    Example:
        >>> import numpy as np
        >>> bgr = np.arange(3.0).reshape(1, 1, 3, 1)
        >>> [(name, rgb)] = from_caffe({"conv1/7x7_s2/kernel": bgr})
        >>> name, rgb.ravel().tolist()
        ('conv1_7x7_s2/kernel', [2.0, 1.0, 0.0])
    """
    for key, array in arrays.items():
        layer, slash, variable = key.rpartition("/")
        if key == "conv1/7x7_s2/kernel" and array.ndim == 4 and array.shape[2] == 3:
            array = array[:, :, ::-1, :]  # BGR -> RGB
        elif key in ("loss1/fc/kernel", "loss2/fc/kernel") and array.ndim == 2:
            bias = arrays.get(layer.replace("fc", "conv") + "/bias")
            array = array if bias is None else chw_to_hwc(array, channels=bias.size)
        yield keras_name(layer) + slash + variable, array


def to_caffe(arrays: Arrays) -> dict[str, np.ndarray]:
    """Gives this package's arrays Caffe's names and input orders: the inverse of `from_caffe`.

    Args:
        arrays: `"<keras layer>/kernel"` and `"<keras layer>/bias"` to arrays.

    Returns:
        The arrays by `"<caffe layer>/<variable>"`, their axes still in Keras's order.

    Raises:
        WeightsError: If there are variables that Caffe's network lacks (batch normalization's).

    Example:
        >>> import numpy as np
        >>> rgb = np.arange(3.0).reshape(1, 1, 3, 1)
        >>> [(name, bgr)] = to_caffe({"conv1_7x7_s2/kernel": rgb}).items()
        >>> name, bgr.ravel().tolist()
        ('conv1/7x7_s2/kernel', [2.0, 1.0, 0.0])
    """
    if foreign := [name for name in arrays if not name.endswith(("/kernel", "/bias"))]:
        raise WeightsError(
            "Caffe's network has kernels and biases only. Save this variant as .keras or .weights.h5. "
            f"Received: {foreign[0]!r} and {len(foreign) - 1} more"
        )
    renamed = {}
    for key, array in arrays.items():
        layer, _, variable = key.rpartition("/")
        if key == "conv1_7x7_s2/kernel" and array.shape[2] == 3:
            array = array[:, :, ::-1, :]  # RGB -> BGR
        elif key in ("aux1_fc/kernel", "aux2_fc/kernel"):
            array = hwc_to_chw(array, channels=arrays[layer.replace("fc", "conv") + "/bias"].size)
        renamed[f"{caffe_name(layer)}/{variable}"] = array
    return renamed

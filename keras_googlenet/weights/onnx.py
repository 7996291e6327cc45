"""The ONNX model zoo's copy of BVLC's weights.

Only the initializers are taken, not the graph: the zoo's pools round down where Caffe's round up.
"""

import re
from pathlib import Path

from keras_googlenet.weights.layouts import to_hwio
from keras_googlenet.weights.reader import Named, WeightsError, check_size, library

KIND = "an ONNX model"

VARIABLES = {"w": "kernel", "b": "bias"}
"""The zoo's initializers are called `<caffe layer>_w_0` and `<caffe layer>_b_0`."""


def read(path: Path) -> Named:
    """Reads the weights of an `.onnx` file that uses the zoo's names.

    Args:
        path: The file. Data that it keeps in other files is refused, not followed.

    Yields:
        `"<caffe layer>/<variable>"` and an array: HWIO or (in, out). Floating-point initializers with other names keep
        them, and their layout, so that a strict assignment reports them.

    Raises:
        WeightsError: If `onnx` is not installed, or the file is too large or refers to external data.
    """
    onnx = library("onnx")
    check_size(path, path.stat().st_size)
    for tensor in onnx.load(path, load_external_data=False).graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise WeightsError(
                f"{path} keeps its weights in other files, which are not followed. Expected the numbers in the .onnx "
                f"file itself; save it without external data. Received: {tensor.name!r} with external data"
            )
        if match := re.fullmatch(r"(.+)_([wb])_0", tensor.name):
            yield f"{match[1]}/{VARIABLES[match[2]]}", to_hwio(onnx.numpy_helper.to_array(tensor))
        elif tensor.data_type not in (onnx.TensorProto.INT64, onnx.TensorProto.INT32):
            # Integers are the graph's own constants, such as the target shape of a Reshape.
            yield tensor.name, onnx.numpy_helper.to_array(tensor)

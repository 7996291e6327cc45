"""The ONNX model zoo's copy of BVLC's weights.

Only the initializers are taken, not the graph: the zoo's pools round down where Caffe's round up.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from keras_googlenet.utils.extras import optional
from keras_googlenet.weights import caffe
from keras_googlenet.weights.reader import WeightsError, check_size, collect, existing_file, reading

VARIABLES = {"w": "kernel", "b": "bias"}
"""The zoo's initializers are called `<caffe layer>_w_0` and `<caffe layer>_b_0`."""


def require() -> ModuleType:
    """Returns the `onnx` package, which is an extra.

    Raises:
        WeightsError: If it is not installed.
    """
    return optional("onnx", "Reading .onnx files needs the onnx package", extra="onnx", error=WeightsError)


def read(path: str | Path) -> dict[str, np.ndarray]:
    """Reads the weights of an `.onnx` file that uses the zoo's names.

    Args:
        path: The file. Data that it keeps in other files is refused, not followed.

    Returns:
        Arrays by `"<keras layer>/<variable>"`: HWIO and (in, out), RGB input. Floating-point
        initializers with other names are kept, so that a strict transfer reports them.

    Raises:
        WeightsError: If `onnx` is not installed, or the file is missing, damaged, without
            weights, or refers to external data.
    """
    path = existing_file(path)
    onnx = require()
    check_size(path, path.stat().st_size)
    with reading(path, "an ONNX model"):
        model = onnx.load(path, load_external_data=False)
        return collect(path, caffe.named(collect(path, _arrays(path, onnx, model))))


def _arrays(path: Path, onnx: ModuleType, model: Any) -> Iterator[tuple[str, np.ndarray]]:
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise WeightsError(
                f"{path} keeps its weights in other files, which are not followed. Expected the "
                f"numbers in the .onnx file itself; save it without external data. "
                f"Received: {tensor.name!r} with external data"
            )
        match = re.fullmatch(r"(.+)_([wb])_0", tensor.name)
        if match:
            name = f"{match[1]}/{VARIABLES[match[2]]}"
            yield name, caffe.turned(onnx.numpy_helper.to_array(tensor))
        elif tensor.data_type not in (onnx.TensorProto.INT64, onnx.TensorProto.INT32):
            # Integers are the graph's own constants, such as the target shape of a Reshape.
            yield tensor.name, onnx.numpy_helper.to_array(tensor)

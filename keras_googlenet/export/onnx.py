"""ONNX, for ONNX Runtime and many others."""

import contextlib
import logging
import types
import warnings
from pathlib import Path

import keras
import numpy as np

from keras_googlenet.export.served_model import ServedModel, replaced
from keras_googlenet.model import graph
from keras_googlenet.model.precision import computing_in
from keras_googlenet.utils.extras import optional


def write(served: ServedModel, path: Path) -> None:
    """Writes the file.

    Raises:
        InputError: A package that this needs is not installed.
    """
    optional("tf2onnx", "Writing ONNX needs tf2onnx", extra="export")
    if served.int8:
        optional("onnxruntime", "ONNX in 8 bits needs ONNX Runtime", extra="export")
    logger = logging.getLogger("tf2onnx")
    layers = [layer for layer in graph.forward(served.model) if isinstance(layer, keras.layers.Normalization)]
    with contextlib.ExitStack() as stack:
        stack.callback(logger.setLevel, logger.level)
        logger.setLevel(logging.CRITICAL)  # it names what it cannot convert, and goes on; the trial finds that
        stack.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)
        for attribute in ("mean", "variance"):  # tf2onnx takes tensors that a layer holds for inputs of the graph
            stack.enter_context(replaced(layers, attribute, keras.ops.convert_to_numpy))
        stack.enter_context(computing_in(served.model, served.precision))
        served.export(path, "onnx")
    if served.int8:
        _quantize(path, served.samples)


def _quantize(path, images):
    from onnxruntime import quantization

    inputs = ({"images": image[None]} for image in images)
    reader = types.SimpleNamespace(get_next=lambda: next(inputs, None))
    prepared = path.with_name("prepared.onnx")
    quantization.quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
    quantization.quantize_static(
        str(prepared), str(path), reader, per_channel=True, weight_type=quantization.QuantType.QInt8
    )
    prepared.unlink()


def run(path: Path, images: np.ndarray, output: str) -> np.ndarray | None:
    """What the artifact answers in ONNX Runtime; without that the file is checked to be sound, and None returned."""
    try:
        import onnxruntime
    except ImportError:
        import onnx

        onnx.checker.check_model(str(path), full_check=True)
        return None
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    [answers] = session.run([output], {"images": images})
    return answers

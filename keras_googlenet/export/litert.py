"""LiteRT's `.tflite`, for phones and boards."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from keras_googlenet.export.served_model import ServedModel


def write(served: ServedModel, path: Path) -> None:
    """Writes the file, with LiteRT's own operations alone: it runs without TensorFlow."""
    options: dict[str, Any] = {"target_spec": {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}}
    if served.int8:
        options["optimizations"] = [tf.lite.Optimize.DEFAULT]
        options["representative_dataset"] = lambda: ([image[None]] for image in served.samples)
    if served.precision == "float16":  # of the weights
        options["optimizations"] = [tf.lite.Optimize.DEFAULT]
        options["target_spec"]["supported_types"] = [tf.float16]
    served.export(path, "litert", **options)


def run(path: Path, images: np.ndarray, output: str) -> np.ndarray:
    """What the artifact answers, in LiteRT's interpreter or the one that TensorFlow has of it."""
    try:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    except ImportError:
        Interpreter, OpResolverType = tf.lite.Interpreter, tf.lite.experimental.OpResolverType

    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES  # which would print what they are
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*tf.lite.Interpreter is deprecated", UserWarning)
        interpreter = Interpreter(str(path), experimental_op_resolver_type=plain)
    answer = interpreter.get_signature_runner("serving_default")
    return np.concatenate([answer(images=image[None])[output] for image in images])

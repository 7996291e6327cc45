"""OpenVINO's intermediate representation, for Intel's processors.

The file does not say in which precision it is computed: OpenVINO takes bfloat16 where the processor has it, 3.9 times
as fast as float32 and off by about 1e-3, unless whoever compiles the model asks for float32.
"""

import contextlib
import functools
import io
import sys
from pathlib import Path

import numpy as np

from keras_googlenet.export.served_model import ServedModel
from keras_googlenet.utils.extras import optional

FLOAT32 = {"INFERENCE_PRECISION_HINT": "f32"}
"""What asks OpenVINO for float32 when a model is compiled."""

NOTE = (
    "OpenVINO computes in bfloat16 on processors that have it, faster and off by about 1e-3. "
    f'For float32: compile_model(path, "CPU", {FLOAT32})'
)
"""What the card says of it."""


def write(served: ServedModel, path: Path) -> None:
    """Writes the `.xml`, and the `.bin` beside it.

    Raises:
        InputError: A package that this needs is not installed.
    """
    optional("openvino", "Writing OpenVINO's format needs openvino", extra="export")
    if served.int8:
        optional("nncf", "OpenVINO in 8 bits needs NNCF", extra="export")
    served.export(path, "openvino")
    if served.int8:
        _rewrite(path, functools.partial(_quantized, images=served.samples))
    elif served.precision == "float16":  # of the weights
        _rewrite(path, lambda model: model, compress_to_fp16=True)


def _rewrite(path, change, compress_to_fp16=False):
    """Writes a written model over, changed."""
    import openvino

    core = openvino.Core()
    core.set_property({"ENABLE_MMAP": False})  # the file is written over while the model is there
    openvino.save_model(change(core.read_model(path)), path, compress_to_fp16=compress_to_fp16)


def _quantized(model, images):
    """Has a model compute in 8 bits, by OpenVINO's own compression framework.

    Ranges are those of all images. The framework's default, their mean over the images, cuts off what is strong in
    single ones: of 398 photos BVLC's network named 92% as in float32, not 99%.
    """
    import nncf
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet

    ranges = nncf.AdvancedQuantizationParameters(activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX)
    with contextlib.redirect_stdout(sys.stderr if sys.stderr.isatty() else io.StringIO()):  # its progress
        return nncf.quantize(
            model,
            nncf.Dataset(list(images), lambda image: image[None]),
            subset_size=len(images),
            preset=nncf.QuantizationPreset.MIXED,
            advanced_parameters=ranges,
        )


def run(path: Path, images: np.ndarray, output: str) -> np.ndarray:
    """What the artifact answers, in float32."""
    import openvino

    return openvino.Core().compile_model(str(path), "CPU", FLOAT32)({"images": images})[output]

"""OpenVINO's artifact, its intermediate representation: in float32 wherever it is opened, or in 8 bits.

On processors that have bfloat16 OpenVINO computes in it unless whoever compiles the model asks for float32. A layer
that bears the attribute below is left as it is; where it is not known it changes nothing. OpenVINO drops the attribute
from layers that it makes anew. Of these networks' layers those are the max pools of newer operation sets, so that they
are written as those of the first, which compute the same; and a transposition that is followed by a multiplication with
one number, which it moves up, so that the number is written once for each channel.
"""

import contextlib
import io
import sys
import xml.etree.ElementTree as ET

import numpy as np

FLOAT32 = {"name": "DisablePrecisionConversion", "version": "0", "value": "dynamic:f16"}
"""What keeps a layer from bfloat16, in OpenVINO 2026 as `is_conversion_disabled` of its processor plugin has it."""

OLDER_FLOAT32 = {"name": "precise", "version": "0"}
"""The same in releases before."""


def keep_float32(path):
    """Marks each layer of a written model as one that is computed in float32.

    Args:
        path: Path of the `.xml`; the `.bin` lies beside it.
    """
    import openvino

    model = openvino.Core().read_model(path)
    for node in model.get_ordered_ops():
        if node.get_type_name() == "MaxPool":
            _replace(node)
        elif node.get_type_name() == "Multiply":
            _spread(node)
    _save(model, path)
    tree = ET.parse(path)
    for layer in tree.iter("layer"):
        marks = layer.find("rt_info")
        if marks is None:
            marks = ET.SubElement(layer, "rt_info")
        for mark in (FLOAT32, OLDER_FLOAT32):
            ET.SubElement(marks, "attribute", mark)
    tree.write(path, encoding="utf-8", xml_declaration=True)


def _replace(pool):
    """Puts a max pool of the first operation set in the place of a newer one."""
    from openvino import opset1

    told = pool.get_attributes()
    same = ("strides", "pads_begin", "pads_end", "rounding_type", "auto_pad")
    new = opset1.max_pool(pool.input_value(0), kernel_shape=told["kernel"], **{name: told[name] for name in same})
    new.set_friendly_name(pool.get_friendly_name())
    for reader in pool.output(0).get_target_inputs():
        reader.replace_source_output(new.output(0))


def _spread(product):
    """Writes the number that a map is multiplied with once for each of its channels."""
    from openvino import opset1

    shape = product.get_output_partial_shape(0)
    if shape.rank.get_length() != 4 or shape[1].is_dynamic:
        return
    for factor in product.inputs():
        constant = factor.get_source_output().get_node()
        if constant.get_type_name() == "Constant" and constant.data.size == 1:
            spread = np.full((1, shape[1].get_length(), 1, 1), constant.data.item(), constant.data.dtype)
            factor.replace_source_output(opset1.constant(spread).output(0))


def quantize(path, views):
    """Makes a written model compute in 8 bits, by OpenVINO's own compression framework.

    Ranges are those of all views. Their mean over the views, which is the framework's default, cuts off what is strong
    in single ones: of 398 photos BVLC's network named 92% as in float32, not 99%.

    Args:
        path: Path of the `.xml`.
        views: What it is calibrated on: typical inputs of the network, `(count, height, width, 3)`.
    """
    import nncf
    import openvino
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet

    dataset = nncf.Dataset(list(views), lambda view: view[None])
    ranges = nncf.AdvancedQuantizationParameters(activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX)
    with contextlib.redirect_stdout(sys.stderr if sys.stderr.isatty() else io.StringIO()):  # its progress
        quantized = nncf.quantize(
            openvino.Core().read_model(path),
            dataset,
            subset_size=len(views),
            preset=nncf.QuantizationPreset.MIXED,
            advanced_parameters=ranges,
        )
    _save(quantized, path)


def _save(model, path):
    """Writes a model over the file that it was read from, which it may still be reading."""
    import openvino

    new = path.with_name(f"new-{path.name}")
    openvino.save_model(model, new, compress_to_fp16=False)
    del model
    for suffix in (".bin", ".xml"):
        new.with_suffix(suffix).replace(path.with_suffix(suffix))

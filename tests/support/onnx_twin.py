"""BVLC's GoogLeNet as an ONNX graph, built node by node and run by ONNX Runtime: a second full oracle."""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from support.transcription import MODULES


def build(arrays):
    """The inference graph, input `data` (N, 3, 224, 224), output `prob`, as an `onnx.ModelProto`."""
    nodes, constants = [], []

    def add(op, inputs, name, **attributes):
        nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def constant(name, array):
        constants.append(numpy_helper.from_array(np.ascontiguousarray(array, "float32"), name))
        return name

    def conv(x, name, stride=1):
        kernel = arrays[f"{name}/kernel"].transpose(3, 2, 0, 1)
        weights = [constant(f"{name}_w", kernel), constant(f"{name}_b", arrays[f"{name}/bias"])]
        pads = [kernel.shape[-1] // 2] * 4
        y = add("Conv", [x, *weights], f"{name}_conv", strides=[stride] * 2, pads=pads)
        return add("Relu", [y], name)

    def lrn(x, name):
        return add("LRN", [x], name, size=5, alpha=1e-4, beta=0.75, bias=1.0)

    def pool(x, name):
        return add("MaxPool", [x], name, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)

    x = lrn(pool(conv("data", "conv1_7x7_s2", 2), "pool1"), "norm1")
    x = pool(lrn(conv(conv(x, "conv2_3x3_reduce"), "conv2_3x3"), "norm2"), "pool2")
    for module in MODULES:
        name = f"inception_{module}"
        pooled = add("MaxPool", [x], f"{name}_pool", kernel_shape=[3, 3], pads=[1] * 4)
        branches = [
            conv(x, f"{name}_1x1"),
            conv(conv(x, f"{name}_3x3_reduce"), f"{name}_3x3"),
            conv(conv(x, f"{name}_5x5_reduce"), f"{name}_5x5"),
            conv(pooled, f"{name}_pool_proj"),
        ]
        x = add("Concat", branches, name, axis=1)
        if module in ("3b", "4e"):
            x = pool(x, f"pool_after_{module}")
    x = add("Flatten", [add("GlobalAveragePool", [x], "average")], "flat")
    weights = [constant("w", arrays["predictions/kernel"]), constant("b", arrays["predictions/bias"])]
    add("Softmax", [add("Gemm", [x, *weights], "logits")], "prob", axis=1)
    graph = helper.make_graph(
        nodes,
        "bvlc_googlenet",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, ["N", 3, 224, 224])],
        [helper.make_tensor_value_info("prob", TensorProto.FLOAT, ["N", 1000])],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def forward(arrays, images):
    """Probabilities for channels-last images."""
    session = onnxruntime.InferenceSession(build(arrays).SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(["prob"], {"data": images.transpose(0, 3, 1, 2)})[0]

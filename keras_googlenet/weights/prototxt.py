"""A network's table as Caffe's own description of a network, which a `.caffemodel` needs beside it.

Source: `models/bvlc_googlenet/deploy.prototxt` of BVLC Caffe, whose layers and numbers come out of the paper's table.
"""

import json

import keras
from keras import tree

from keras_googlenet.architecture import Architecture, rows
from keras_googlenet.architecture.table import DEFAULT_SIZE
from keras_googlenet.weights.caffe import caffe_name
from keras_googlenet.weights.reader import WeightsError


def describe(model: keras.Model) -> str:
    """Describes a model for Caffe, without auxiliary heads: `deploy` of its table, image size and classes.

    Args:
        model: A Keras model.

    Raises:
        WeightsError: Caffe has no such network, or its images are not square and RGB.
    """
    table = check(getattr(model, "architecture", None))
    *sides, channels = sorted(model.inputs[0].shape[1:], key=lambda length: length == 3)  # whichever comes first
    sizes = {side for side in sides if side} or {DEFAULT_SIZE}
    if channels != 3 or len(sizes) > 1:
        raise WeightsError(
            "A .caffemodel's description is written for square RGB images; save this model as .keras or .weights.h5. "
            f"Received: a model of images of {'x'.join(map(str, (*sides, channels)))}"
        )
    return deploy(table, size=sizes.pop(), classes=tree.flatten(model.outputs)[0].shape[-1])


def deploy(table: Architecture | None, *, size: int, classes: int) -> str:
    """Describes a network for Caffe, without auxiliary heads.

    Args:
        table: An `Architecture` with Caffe's padding and neither batch normalization nor `pixels`.
        size: Side of the images, pixels. They are BGR, 0-255, mean subtracted.
        classes: Width of the classifier.

    Returns:
        The prototxt's text: an input `data` of shape (1, 3, size, size), an output `prob`.

    Raises:
        WeightsError: Caffe has no such network.

    Example:
        >>> from keras_googlenet.architecture import PAPER
        >>> print(deploy(PAPER, size=224, classes=1000)[:21])
        name: "paper"
        layer {
    """
    table = check(table)
    net = _Net(f"name: {json.dumps(table.name)}")
    net.add("data", "Input", f"input_param {{ shape {{ dim: 1 dim: 3 dim: {size} dim: {size} }} }}", bottoms=[])
    for row in table.rows:
        net.add_row(row, classes)
    return "\n".join(net.text) + "\n"


def check(table: Architecture | None) -> Architecture:
    """Refuses a network that Caffe's layers cannot be.

    Args:
        table: An `Architecture`, or None for a model that was not built from one.

    Returns:
        The table.

    Raises:
        WeightsError: It has batch normalization, TensorFlow's padding or pixels of its own.
    """
    if table is None or table.batch_norm is not None or table.padding != "caffe" or table.pixels is not None:
        name = "a model that was not built from a table" if table is None else f"the variant {table.name!r}"
        raise WeightsError(
            "Caffe's format takes GoogLeNet as Caffe has it: Caffe's padding, no batch normalization, such as the "
            f"variants paper and plain. Save this model as .keras or .weights.h5. Received: {name}"
        )
    return table


class _Net:
    """Caffe's layers, each of which reads the one before it, `top`, unless told otherwise."""

    def __init__(self, head: str):
        self.text, self.top = [head], ""

    def add(self, name: str, kind: str, parameters: str = "", bottoms: list[str] | None = None) -> None:
        bottoms = [self.top] if bottoms is None else bottoms
        ends = [*(f"bottom: {json.dumps(one)}" for one in bottoms), f"top: {json.dumps(name)}"]
        lines = [f"name: {json.dumps(name)}", f"type: {json.dumps(kind)}", *ends, *([parameters] if parameters else [])]
        self.text.append("\n".join(["layer {", *(f"  {line}" for line in lines), "}"]))
        self.top = name

    def add_row(self, row: rows.Row, classes: int) -> None:
        match row:
            case rows.Convolution():
                for conv in row.convs:
                    self._add_conv(conv)
            case rows.MaxPool():
                self._add_pool(row, row.layer)
            case rows.LRN():
                size = 2 * row.depth_radius + 1
                numbers = f"local_size: {size} alpha: {row.alpha * size:g} beta: {row.beta:g} k: {row.bias:g}"
                self.add(caffe_name(row.name), "LRN", f"lrn_param {{ {numbers} }}")
            case rows.Inception():
                self._add_inception(row)
            case rows.AveragePool():
                self.add(row.name, "Pooling", "pooling_param { pool: AVE global_pooling: true }")
            case rows.Dropout():
                self.add(row.name, "Dropout", f"dropout_param {{ dropout_ratio: {row.rate:g} }}")
            case rows.Linear():
                self.add(caffe_name(row.name), "InnerProduct", f"inner_product_param {{ num_output: {classes} }}")
                self.add("prob", "Softmax")

    def _add_inception(self, row: rows.Inception) -> None:
        bottom, ends = self.top, []
        for branch in row.branches:
            self.top = bottom
            for step in branch:
                if isinstance(step, rows.MaxPool):
                    self._add_pool(step, step.name)
                else:
                    self._add_conv(step)
            ends.append(self.top)
        self.add(caffe_name(row.layer), "Concat", bottoms=ends)

    def _add_conv(self, conv: rows.Conv) -> None:
        pad = conv.kernel // 2
        numbers = f"num_output: {conv.filters} kernel_size: {conv.kernel} stride: {conv.stride} pad: {pad}"
        self.add(caffe_name(conv.name), "Convolution", f"convolution_param {{ {numbers} }}")
        self.add(f"{caffe_name(conv.name)}_relu", "ReLU")

    def _add_pool(self, pool: rows.MaxPool, name: str) -> None:
        pad = pool.kernel // 2 if pool.stride == 1 else 0
        numbers = f"pool: MAX kernel_size: {pool.kernel} stride: {pool.stride} pad: {pad}"
        self.add(caffe_name(name), "Pooling", f"pooling_param {{ {numbers} }}")

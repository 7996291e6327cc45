"""A network's table as Caffe's own description of a network, which a `.caffemodel` needs beside it.

Source: `models/bvlc_googlenet/deploy.prototxt` of BVLC Caffe, whose layers and numbers come out of the paper's table.
"""

import keras
from keras import tree

from keras_googlenet.architecture import (
    DEFAULT_SIZE,
    LRN,
    Architecture,
    AveragePool,
    Convolution,
    Dropout,
    Inception,
    Linear,
    MaxPool,
)
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
        shape = "x".join(map(str, (*sides, channels)))
        raise WeightsError(
            "A .caffemodel's description is written for square RGB images; save this model as .keras or .weights.h5. "
            f"Received: a model of images of {shape}"
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
    net = _Net(f"name: {_quoted(table.name)}", size)
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
    def __init__(self, head, size):
        self.text = [head]
        shape = f"shape {{ dim: 1 dim: 3 dim: {size} dim: {size} }}"
        self.top = self._layer("data", "Input", None, f"input_param {{ {shape} }}")

    def add_row(self, row, classes):
        if isinstance(row, Convolution):
            for conv in row.convs:
                self.top = self._conv(conv, self.top)
        elif isinstance(row, MaxPool):
            self.top = self._max_pool(row, self.top, name=row.layer)
        elif isinstance(row, LRN):
            size = 2 * row.depth_radius + 1
            numbers = f"local_size: {size} alpha: {row.alpha * size:g} beta: {row.beta:g} k: {row.bias:g}"
            self.top = self._layer(caffe_name(row.name), "LRN", self.top, f"lrn_param {{ {numbers} }}")
        elif isinstance(row, Inception):
            self._inception(row)
        elif isinstance(row, AveragePool):
            self.top = self._layer(row.name, "Pooling", self.top, "pooling_param { pool: AVE global_pooling: true }")
        elif isinstance(row, Dropout):
            ratio = f"dropout_param {{ dropout_ratio: {row.rate:g} }}"
            self.top = self._layer(row.name, "Dropout", self.top, ratio)
        elif isinstance(row, Linear):
            width = f"inner_product_param {{ num_output: {classes} }}"
            self.top = self._layer(
                "prob", "Softmax", self._layer(caffe_name(row.name), "InnerProduct", self.top, width)
            )

    def _inception(self, row):
        ends = []
        for branch in row.branches:
            x = self.top
            for step in branch:
                pooled = isinstance(step, MaxPool)
                x = self._max_pool(step, x, name=step.name) if pooled else self._conv(step, x)
            ends.append(x)
        self.top = self._layer(caffe_name(row.layer), "Concat", ends)

    def _conv(self, conv, bottom):
        pad = conv.kernel // 2
        numbers = f"num_output: {conv.filters} kernel_size: {conv.kernel} stride: {conv.stride} pad: {pad}"
        name = caffe_name(conv.name)
        x = self._layer(name, "Convolution", bottom, f"convolution_param {{ {numbers} }}")
        return self._layer(f"{name}_relu", "ReLU", x)

    def _max_pool(self, pool, bottom, name):
        pad = pool.kernel // 2 if pool.stride == 1 else 0
        numbers = f"pool: MAX kernel_size: {pool.kernel} stride: {pool.stride} pad: {pad}"
        return self._layer(caffe_name(name), "Pooling", bottom, f"pooling_param {{ {numbers} }}")

    def _layer(self, name, kind, bottom, parameters=""):
        bottoms = [] if bottom is None else [bottom] if isinstance(bottom, str) else bottom
        ends = [f"bottom: {_quoted(one)}" for one in bottoms] + [f"top: {_quoted(name)}"]
        lines = [f"name: {_quoted(name)}", f"type: {_quoted(kind)}", *ends, *([parameters] if parameters else [])]
        self.text.append("\n".join(["layer {", *(f"  {line}" for line in lines), "}"]))
        return name


def _quoted(name):
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

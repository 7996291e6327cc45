"""Google's own GoogLeNet as a frozen `GraphDef` of its own node names and random weights, and TensorFlow to run it.

Nodes, widths and attributes are those that public listings of `tensorflow_inception_graph.pb` give; nothing of the
package is used. Options make the graph as others would build it.
"""

import numpy as np
import tensorflow as tf

# name, 1x1, 3x3 bottleneck, 3x3, 5x5 bottleneck, 5x5, pool reduce
MIXED = {
    "mixed3a": (64, 96, 128, 16, 32, 32),
    "mixed3b": (128, 128, 192, 32, 96, 64),
    "mixed4a": (192, 96, 204, 16, 48, 64),
    "mixed4b": (160, 112, 224, 24, 64, 64),
    "mixed4c": (128, 128, 256, 24, 64, 64),
    "mixed4d": (112, 144, 288, 32, 64, 64),
    "mixed4e": (256, 160, 320, 32, 128, 128),
    "mixed5a": (256, 160, 320, 48, 128, 128),
    "mixed5b": (384, 192, 384, 48, 128, 128),
}

POOLS = {"mixed4a": "maxpool4", "mixed5a": "maxpool10"}
"""The pools before modules."""

FLOAT, INT32 = tf.float32.as_datatype_enum, tf.int32.as_datatype_enum

TYPES = ("T", "Tshape", "Tidx", "dtype")
"""Attributes that are types."""


class Network:
    """A graph, and its weights by their names in it.

    Args:
        seed: Of the weights.
        outputs: Columns of the classifiers.
        thin: By what all widths are divided.
        heads: Whether it has the auxiliary classifiers.
        scope: What all names begin with.
        concat: `Concat`, as in 2015, or `ConcatV2`.
        add: `BiasAdd`, or `AddV2`.
        read: Whether each constant is read through an `Identity`, as what freezes variables leaves it.
        content: Whether numbers are raw bytes, or fields.
        changes: For the node of a name its attributes to set otherwise; a value of None leaves one out.
    """

    def __init__(
        self, seed=0, outputs=1008, thin=1, heads=True, scope="", concat="Concat", add="BiasAdd", read=False,
        content=True, changes=None,
    ):  # fmt: skip
        self._rng = np.random.default_rng(seed)
        self._scope, self._concat, self._add, self._read, self._content = scope, concat, add, read, content
        self._changes = changes or {}
        self.weights, self.graph = {}, tf.compat.v1.GraphDef()
        self._channels = {"input": 3}
        width = lambda filters: max(1, filters // thin)  # noqa: E731
        self._node("input", "Placeholder", dtype=FLOAT)
        x = self._conv("input", "conv2d0", width(64), 7, 2)
        x = self._lrn(self._max_pool(x, "maxpool0", 2), "localresponsenorm0")
        x = self._conv(self._conv(x, "conv2d1", width(64), 1, padding="VALID"), "conv2d2", width(192), 3)
        x = self._max_pool(self._lrn(x, "localresponsenorm1"), "maxpool1", 2)
        for name, filters in MIXED.items():
            if name in POOLS:
                x = self._max_pool(x, POOLS[name], 2)
            x = self._mixed(x, name, *map(width, filters))
        x = self._pool(x, "avgpool0", "AvgPool", 7, 1, "VALID")
        self._softmax(self._reshape(x, "avgpool0/reshape", self._channels[x]), "softmax2", outputs)
        for number, module in enumerate(("mixed4a", "mixed4d") if heads else ()):
            x = self._pool(module, f"head{number}_pool", "AvgPool", 5, 3, "VALID")
            x = self._conv(x, f"head{number}_bottleneck", width(128), 1)
            x = self._reshape(x, f"head{number}_bottleneck/reshape", 16 * width(128))
            units = width(1024)
            x = self._node(
                f"nn{number}", "Relu", self._product(x, f"nn{number}_pre_relu", f"nn{number}", units), T=FLOAT
            )
            self._channels[x] = units
            self._softmax(self._reshape(x, f"nn{number}/reshape", units), f"softmax{number}", outputs)
        for end, number in {"": 0, "1": 1, "2": 2}.items():
            if heads or number == 2:
                self._node(f"output{end}", "Identity", f"softmax{number}", T=FLOAT)

    def save(self, path):
        """Writes the graph, and returns the path."""
        path.write_bytes(self.graph.SerializeToString())
        return path

    def run(self, images, names):
        """What TensorFlow computes of images, RGB minus 117, at the nodes of these names."""
        scope, made = self._scope, [f"{self._scope}{name}:0" for name in names]
        # A head has no sense at other sizes than those that it is made for.
        graph = tf.compat.v1.graph_util.extract_sub_graph(self.graph, [scope + name for name in names])

        def imported(x):
            return tf.graph_util.import_graph_def(graph, {f"{scope}input": x}, made, name="")

        run = tf.compat.v1.wrap_function(imported, [tf.TensorSpec(images.shape, tf.float32)])
        return {name: np.array(value) for name, value in zip(names, run(tf.constant(images)), strict=True)}

    def _node(self, name, op, *inputs, **attributes):
        node = self.graph.node.add(name=self._scope + name, op=op, input=[self._scope + each for each in inputs])
        attributes |= self._changes.get(name, {})
        for key, value in attributes.items():
            if value is None:
                continue
            attribute = node.attr[key]
            if isinstance(value, bool):
                attribute.b = value
            elif isinstance(value, float):
                attribute.f = value
            elif isinstance(value, list):
                attribute.list.i.extend(value)
            elif isinstance(value, str):
                attribute.s = value.encode()
            elif isinstance(value, int):
                setattr(attribute, "type" if key in TYPES else "i", value)
            else:
                attribute.tensor.CopyFrom(value)
        return name

    def _const(self, name, array):
        tensor = tf.make_tensor_proto(array)
        if array.dtype == np.float32:
            self.weights[name] = array
            if not self._content:
                tensor.ClearField("tensor_content")
                tensor.float_val[:] = array.ravel().tolist()
        kind = tf.as_dtype(array.dtype).as_datatype_enum
        self._node(name, "Const", dtype=kind, value=tensor)
        return self._node(f"{name}/read", "Identity", name, T=kind) if self._read else name

    def _weights(self, name, shape, scale):
        kernel = self._rng.normal(0, scale / np.sqrt(np.prod(shape[:-1])), shape)
        bias = self._rng.normal(0, 0.1, shape[-1:])
        return [self._const(f"{name}_{end}", array.astype("float32")) for end, array in (("w", kernel), ("b", bias))]

    def _biased(self, x, bias, name):
        more = {"data_format": "NHWC"} if self._add == "BiasAdd" else {}
        return self._node(name, self._add, x, bias, T=FLOAT, **more)

    def _conv(self, x, name, filters, side, stride=1, padding="SAME"):
        kernel, bias = self._weights(name, (side, side, self._channels[x], filters), 1.4)
        options = {"strides": [1, stride, stride, 1], "padding": padding, "T": FLOAT, "use_cudnn_on_gpu": True}
        y = self._node(f"{name}_pre_relu/conv", "Conv2D", x, kernel, **options)
        self._node(name, "Relu", self._biased(y, bias, f"{name}_pre_relu"), T=FLOAT)
        self._channels[name] = filters
        return name

    def _product(self, x, name, weights, units, scale=1.4):
        kernel, bias = self._weights(weights, (self._channels[x], units), scale)
        y = self._node(f"{name}/matmul", "MatMul", x, kernel, T=FLOAT, transpose_a=False, transpose_b=False)
        return self._biased(y, bias, name)

    def _softmax(self, x, name, outputs):
        self._node(name, "Softmax", self._product(x, f"{name}_pre_activation", name, outputs, 0.1), T=FLOAT)

    def _reshape(self, x, name, channels):
        shape = self._const(f"{name}/shape", np.array([-1, channels], "int32"))
        self._node(name, "Reshape", x, shape, T=FLOAT, Tshape=INT32)
        self._channels[name] = channels
        return name

    def _pool(self, x, name, op, side, stride, padding):
        sizes = {"ksize": [1, side, side, 1], "strides": [1, stride, stride, 1]}
        self._node(name, op, x, **sizes, padding=padding, T=FLOAT)
        self._channels[name] = self._channels[x]
        return name

    def _max_pool(self, x, name, stride):
        return self._pool(x, name, "MaxPool", 3, stride, "SAME")

    def _lrn(self, x, name):
        self._node(name, "LRN", x, depth_radius=5, bias=2.0, alpha=1e-4, beta=0.5, T=FLOAT)
        self._channels[name] = self._channels[x]
        return name

    def _mixed(self, x, name, one, three_bottleneck, three, five_bottleneck, five, reduce):
        branches = [
            self._conv(x, f"{name}_1x1", one, 1),
            self._conv(self._conv(x, f"{name}_3x3_bottleneck", three_bottleneck, 1), f"{name}_3x3", three, 3),
            self._conv(self._conv(x, f"{name}_5x5_bottleneck", five_bottleneck, 1), f"{name}_5x5", five, 5),
            self._conv(self._max_pool(x, f"{name}_pool", 1), f"{name}_pool_reduce", reduce, 1),
        ]
        axis = self._const(f"{name}/concat_dim", np.array(3, "int32"))
        inputs = [axis, *branches] if self._concat == "Concat" else [*branches, axis]
        more = {} if self._concat == "Concat" else {"Tidx": INT32}
        self._node(name, self._concat, *inputs, N=4, T=FLOAT, **more)
        self._channels[name] = one + three + five + reduce
        return name

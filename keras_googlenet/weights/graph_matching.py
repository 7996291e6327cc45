"""A frozen graph, followed from its classifiers down to its input and compared with a table's network step by step.

Strides, padding, windows, normalization's numbers and the order of concatenation have to be the table's: weights of a
graph that differs in one of them would load, and answer wrongly. The names of nodes do not matter, nor which output is
called `output`.
"""

import math
from collections.abc import Collection, Sequence

import numpy as np

from keras_googlenet.architecture import LRN, Architecture, Conv, Convolution, Inception, MaxPool
from keras_googlenet.utils.messages import shown
from keras_googlenet.weights.graphdef import Graph, Node
from keras_googlenet.weights.reader import Named

_INPUTS = {
    "Const": 0, "Placeholder": 0, "PlaceholderWithDefault": 1, "Relu": 1, "MaxPool": 1, "AvgPool": 1, "LRN": 1,
    "Conv2D": 2, "MatMul": 2, "BiasAdd": 2, "Add": 2, "AddV2": 2, "Reshape": 2, "Concat": 5, "ConcatV2": 5,
}  # fmt: skip
"""The kinds of nodes that the network is made of, and how many inputs each has."""

_CLASSIFIER, _DEEPEST = ("BiasAdd", "Add", "AddV2", "MatMul", "Reshape"), 30
"""What a classifier is made of, below its softmax; and the most nodes between that and its average pool."""


def weights_of(graph: Graph, table: Architecture) -> Named:
    """The weights of a graph that is a table's network.

    Args:
        graph: The graph.
        table: The `Architecture`; widths are not looked at.

    Returns:
        `"<keras layer>/<variable>"` and an array: HWIO or (in, out). Constants of floats that are no part of the
        network keep their names.

    Raises:
        ValueError: It is another network.
    """
    return _Follower(graph, table).weights()


class _Follower:
    """Follows a graph from its outputs to its input."""

    def __init__(self, graph: Graph, table: Architecture) -> None:
        self._graph, self._table = graph, table
        self._found: dict[str, np.ndarray] = {}
        self._used: set[str] = set()
        self._rows: dict[str, str] = {}  # of the node that makes a row's output, the row

    def weights(self) -> Named:
        softmaxes = list(self._graph.of("Softmax"))
        if len(softmaxes) > 1 + len(self._table.auxiliary):
            raise ValueError(f"it has {len(softmaxes)} classifiers (Softmax)")
        mains = [node for node in softmaxes if self._below(node, _CLASSIFIER).op == "AvgPool"]
        if len(mains) != 1:
            raise ValueError(f"it has {len(mains)} classifiers (Softmax) right above an average pool, not one")
        self._main(mains[0])
        for softmax in softmaxes:
            if softmax is not mains[0]:
                self._head(softmax)
        rest = [node for node in self._graph.of("Const") if node.name not in self._used and self._graph.is_float(node)]
        others = ((node.name, self._graph.floats(node)) for node in rest)
        return [*self._found.items(), *((name, array) for name, array in others if array.ndim)]

    def _main(self, softmax: Node) -> None:
        at = self._linear(softmax.inputs[0], self._table.classifier)
        at = self._pool(at, "AvgPool", 7, None, "VALID")
        for row in reversed(self._table.trunk):
            self._rows[self._graph.maker(at).name] = row.name
            match row:
                case Convolution():
                    at = self._steps(at, row.convs)
                case Inception():
                    at = self._inception(at, row)
                case MaxPool():
                    at = self._pool(at, "MaxPool", row.kernel, row.stride, "SAME")
                case LRN():
                    at = self._normalization(at, row)
        self._expect(at, "Placeholder", "PlaceholderWithDefault")

    def _head(self, softmax: Node) -> None:
        pool = self._below(softmax, (*_CLASSIFIER, "Relu", "Conv2D"))
        row = self._rows.get(self._graph.maker(pool.inputs[0]).name) if pool.op == "AvgPool" else None
        head = next((head for head in self._table.auxiliary if head.after == row), None)
        if head is None:
            raise ValueError(f"its classifier {softmax.name[:100]!r} is none of the network's")
        at = self._linear(softmax.inputs[0], head.name)
        at = self._linear(self._expect(at, "Relu").inputs[0], f"{head.name}_fc")
        at = self._convolution(at, head.conv)
        self._pool(at, "AvgPool", head.pool, head.stride, "VALID")

    def _inception(self, value: str, row: Inception) -> str:
        """The four branches, in this order; they begin at one map."""
        node = self._expect(value, "Concat", "ConcatV2")
        axis, *values = node.inputs if node.op == "Concat" else (node.inputs[-1], *node.inputs[:-1])
        if self._graph.integers(self._expect(axis, "Const")) not in ((3,), (-1,)):
            raise ValueError(f"{node.name[:100]!r} does not join channels")
        begins = [self._steps(one, steps) for one, steps in zip(values, row.branches, strict=True)]
        if len({self._graph.maker(one).name for one in begins}) > 1:
            raise ValueError(f"the branches of {node.name[:100]!r} do not begin at one map")
        return begins[0]

    def _steps(self, value: str, steps: Sequence[Conv | MaxPool]) -> str:
        for step in reversed(steps):
            if isinstance(step, Conv):
                value = self._convolution(value, step)
            else:
                value = self._pool(value, "MaxPool", step.kernel, step.stride, "SAME")
        return value

    def _convolution(self, value: str, step: Conv) -> str:
        node = self._product(self._expect(value, "Relu").inputs[0], "Conv2D", step.name)
        self._check(node, "strides", (1, step.stride, step.stride, 1))
        self._check(node, "dilations", (1, 1, 1, 1), default=(1, 1, 1, 1))
        self._check(node, "padding", "SAME", *(["VALID"] if step.kernel == step.stride == 1 else []))
        if self._found[f"{step.name}/kernel"].shape[:2] != (step.kernel, step.kernel):
            raise ValueError(f"{node.name[:100]!r} has not windows of {step.kernel}x{step.kernel}")
        return node.inputs[0]

    def _linear(self, value: str, layer: str) -> str:
        """A product of matrices, and what flattens a map for it."""
        node = self._product(value, "MatMul", layer)
        for name in ("transpose_a", "transpose_b"):
            self._check(node, name, 0, default=0)
        rows, value = self._found[f"{layer}/kernel"].shape[0], node.inputs[0]
        if self._graph.maker(value).op == "Reshape":
            node = self._expect(value, "Reshape")
            target = self._graph.integers(self._expect(node.inputs[1], "Const"))
            if len(target) != 2 or target[1] != rows:
                raise ValueError(f"{node.name[:100]!r} makes the shape {target} for a matrix of {rows:,} rows")
            value = node.inputs[0]
        return value

    def _product(self, value: str, op: str, layer: str) -> Node:
        """A convolution or a product of matrices, and the bias that is added; the node of the former."""
        add = self._expect(value, "BiasAdd", "Add", "AddV2")
        node = self._expect(add.inputs[0], op)
        for name, constant in (("kernel", node.inputs[1]), ("bias", add.inputs[1])):
            made = self._expect(constant, "Const")
            if f"{layer}/{name}" in self._found:
                raise ValueError(f"it has two of {layer}")
            self._found[f"{layer}/{name}"] = self._graph.floats(made)
            self._used.add(made.name)
        return node

    def _pool(self, value: str, op: str, kernel: int, stride: int | None, padding: str) -> str:
        """A pool; None as its stride stands for any: it has one window."""
        node = self._expect(value, op)
        self._check(node, "ksize", (1, kernel, kernel, 1))
        self._check(node, "padding", padding)
        if stride is not None:
            self._check(node, "strides", (1, stride, stride, 1))
        return node.inputs[0]

    def _normalization(self, value: str, row: LRN) -> str:
        node = self._expect(value, "LRN")
        self._check(node, "depth_radius", row.depth_radius, default=5)
        for name, default in (("bias", 1.0), ("alpha", 1.0), ("beta", 0.5)):
            found = self._graph.attribute(node, name, default)
            if not isinstance(found, float) or not math.isclose(found, getattr(row, name), rel_tol=1e-6):  # of float32
                raise ValueError(f"{node.name[:100]!r} has {name}={found!r}, not {getattr(row, name)!r}")
        return node.inputs[0]

    def _expect(self, value: str, *ops: str) -> Node:
        """The node that makes a value, which has to be of one of these kinds."""
        node = self._graph.maker(value)
        if node.op not in ops:
            hint = "; freeze its variables" if node.op.endswith(("VariableV2", "VarHandleOp", "ReadVariableOp")) else ""
            raise ValueError(f"{node.name[:100]!r} is of the kind {node.op[:50]}, not {' or '.join(ops)}{hint}")
        if len(node.inputs) != _INPUTS[node.op]:
            raise ValueError(f"{node.name[:100]!r} has {len(node.inputs)} inputs, not {_INPUTS[node.op]}")
        self._check(node, "data_format", "NHWC", default="NHWC")
        return node

    def _check(self, node: Node, name: str, *expected: object, default: object = None) -> None:
        if (found := self._graph.attribute(node, name, default)) not in expected:
            raise ValueError(f"{node.name[:100]!r} has {name}={shown(found)}, not {expected[0]!r}")

    def _below(self, node: Node, through: Collection[str]) -> Node:
        """The first node below one that is none of these kinds."""
        for _ in range(_DEEPEST):
            node = self._graph.maker(node.inputs[0])
            if node.op not in through or not node.inputs:
                break
        return node

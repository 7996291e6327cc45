"""Frozen TensorFlow graphs: the nodes of a `GraphDef`, what they are connected to, and the numbers of constants.

Only what is asked for is decoded, and nothing is run. Field numbers are those of TensorFlow's `graph.proto`,
`node_def.proto`, `attr_value.proto`, `tensor.proto` and `tensor_shape.proto`, in `tensorflow/core/framework`.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_googlenet.weights.protobuf import Value, Wire, bytes_of, fits, integer, numbers, shape, text
from keras_googlenet.weights.reader import check_size, content

MAX_NODES, MAX_IDENTITIES = 20_000, 100
"""Most nodes of a graph; GoogLeNet has some 370. Most of them one after another that change nothing."""

MAX_REPEATED = 1 << 22
"""Most numbers of a constant that its last one may stand for; GoogLeNet's largest has half as many."""

_NODE, _NAME, _OP, _INPUT, _ATTRIBUTE, _KEY, _VALUE = 1, 1, 2, 3, 5, 1, 2
"""Fields of `GraphDef`, of `NodeDef`, and of an entry of its attributes."""

_LIST, _BYTES, _INT, _FLOAT, _BOOL, _TENSOR = 1, 2, 3, 4, 5, 8
"""Fields of `AttrValue`, and, but for the first, of the list in it."""

_DTYPE, _SHAPE, _CONTENT, _FLOATS, _INTS, _INT64S = 1, 2, 4, 5, 7, 10
"""Fields of `TensorProto`."""

FLOAT, INT32, INT64 = 1, 3, 9
"""TensorFlow's numbers of types."""


@dataclass(frozen=True)
class Node:
    """An operation of a graph.

    Attributes:
        name: Its name.
        op: What it does, such as `Conv2D`.
        inputs: What it takes, by the names of the nodes that make it.
        attributes: Its attributes by their names, not decoded.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    attributes: dict[str, Value]


class Graph:
    """The graph of a frozen `.pb` file.

    Args:
        path: The file, for the messages.
        data: Its bytes, which are not copied; None reads the file.

    Attributes:
        nodes: The nodes by their names, in the file's order.

    Raises:
        WeightsError: The file is too large.
        ValueError: It is damaged, or no graph.
    """

    def __init__(self, path: Path, data: memoryview | None = None) -> None:
        self.nodes: dict[str, Node] = {}
        self._path, self._wire, self._size = path, Wire(), 0
        for field, message in self._wire.fields(content(path) if data is None else data):
            if field == _NODE:
                node = self._node(message)
                if node.name in self.nodes or len(self.nodes) == MAX_NODES:
                    raise ValueError(f"it has more than {MAX_NODES:,} nodes, or two {node.name[:100]!r}")
                self.nodes[node.name] = node

    def _node(self, message: Value) -> Node:
        if isinstance(message, int):
            raise ValueError("it is a SavedModel, not a frozen graph")
        fields = self._wire.all(message)
        name, op = (text(fields.get(field, [memoryview(b"")])[-1]) for field in (_NAME, _OP))
        attributes: dict[str, Value] = {}
        for entry in map(self._wire.all, fields.get(_ATTRIBUTE, [])):
            key = text(entry.get(_KEY, [memoryview(b"")])[-1])
            if key in attributes:
                raise ValueError(f"{name[:100]!r} has two attributes {key[:100]!r}")
            attributes[key] = entry.get(_VALUE, [memoryview(b"")])[-1]
        named = map(text, fields.get(_INPUT, []))
        return Node(name, op, tuple(one for one in named if not one.startswith("^")), attributes)

    def of(self, op: str) -> Iterator[Node]:
        """The nodes of a kind."""
        return (node for node in self.nodes.values() if node.op == op)

    def maker(self, value: str) -> Node:
        """The node that makes what another one takes, past those that change nothing (`Identity`).

        Raises:
            ValueError: There is none, or the value is not the node's first output.
        """
        for _ in range(MAX_IDENTITIES):
            name = value.removesuffix(":0")
            if name not in self.nodes:
                raise ValueError(f"it has no node {name[:100]!r}")
            node = self.nodes[name]
            if node.op != "Identity" or len(node.inputs) != 1:
                return node
            value = node.inputs[0]
        raise ValueError(f"{value[:100]!r} comes from more than {MAX_IDENTITIES} nodes of the kind Identity")

    def attribute(self, node: Node, name: str, default: object = None) -> object:
        """An attribute: an integer or truth value, a float, a text, or a tuple of integers.

        Args:
            node: A node of this graph.
            name: The attribute's.
            default: What TensorFlow takes where the node does not have it.
        """
        if name not in node.attributes:
            return default
        found = self._wire.all(node.attributes[name])
        if _LIST in found:
            return shape(self._wire.all(found[_LIST][-1]).get(_INT, []))
        for field in (_INT, _BOOL):
            if field in found:
                return integer(found[field][-1])
        if _FLOAT in found:
            return float(numbers(found[_FLOAT][-1:], "<f4")[-1])
        return text(found[_BYTES][-1]) if _BYTES in found else default

    def is_float(self, node: Node) -> bool:
        """Whether a constant's numbers are float32."""
        return self._tensor(node).get(_DTYPE, [0])[-1] == FLOAT

    def integers(self, node: Node) -> tuple[int, ...]:
        """The few integers of a constant: a shape, or an axis."""
        tensor = self._tensor(node)
        kinds = {INT32: (_INTS, "<i4"), INT64: (_INT64S, "<i8")}
        kind = tensor.get(_DTYPE, [0])[-1]
        if not isinstance(kind, int) or kind not in kinds:
            raise ValueError(f"{node.name[:100]!r} has numbers of TensorFlow's type {kind}, where integers are wanted")
        field, dtype = kinds[kind]
        if raw := bytes_of(tensor.get(_CONTENT, [memoryview(b"")])[-1]):
            return tuple(np.frombuffer(raw[: 8 * 32], dtype).tolist())
        found, lengths = shape(tensor.get(field, [])), self._shape(tensor)
        # Equal ones are written once.
        return found * lengths[0] if len(found) == 1 and len(lengths) == 1 and 0 < lengths[0] < 32 else found

    def floats(self, node: Node) -> np.ndarray:
        """The numbers of a constant of float32.

        Raises:
            WeightsError: This and all before are more than a weights file may have.
            ValueError: It is of another type, or has not as many numbers as its shape says.
        """
        tensor = self._tensor(node)
        if not self.is_float(node):
            raise ValueError(f"{node.name[:100]!r} has numbers of TensorFlow's type {tensor.get(_DTYPE, [0])[-1]}")
        lengths = self._shape(tensor)
        if min(lengths, default=0) < 0:
            raise ValueError(f"{node.name[:100]!r} has the shape {lengths}")
        self._size += 4 * math.prod(lengths)
        check_size(self._path, self._size)
        found = numbers(tensor.get(_CONTENT, []) or tensor.get(_FLOATS, []), "<f4")
        short = math.prod(lengths) - found.size
        if found.size and 0 < short < MAX_REPEATED and _CONTENT not in tensor:
            found = np.append(found, np.full(short, found[-1]))
        if not fits(lengths, found.size):
            raise ValueError(f"{node.name[:100]!r} has the shape {lengths} and {found.size:,} numbers")
        return found.reshape(lengths)

    def _tensor(self, node: Node) -> dict[int, list[Value]]:
        found = self._wire.all(node.attributes.get("value", memoryview(b"")))
        return self._wire.all(found.get(_TENSOR, [memoryview(b"")])[-1])

    def _shape(self, tensor: dict[int, list[Value]]) -> tuple[int, ...]:
        """Of each axis, a message, the length; one of 0 is not written."""
        axes = (axis for message in tensor.get(_SHAPE, []) for axis in self._wire.all(message).get(2, []))
        return shape(self._wire.all(axis).get(1, [0])[-1] for axis in itertools.islice(axes, 33))

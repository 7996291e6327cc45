"""The algebra of objectives: what `objectives` makes and `render` maximizes."""

import functools
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from keras_googlenet.errors import InputError

Values = Mapping[str, Any]


@dataclass(frozen=True, repr=False)
class Objective:
    """Something to maximize.

    Args:
        endpoints: Names of endpoints, in any form that `model.endpoints` takes.
        function: From a mapping of these names to tensors of shape (images, ...), to a tensor of shape (images,) or ().
        text: How it is written.
    """

    endpoints: frozenset[str]
    function: Callable[[Values], Any]
    text: str

    def __repr__(self) -> str:
        return self.text

    def __add__(self, other: Any) -> "Objective":
        return _combined(operator.add, "+", self, other)

    def __radd__(self, other: Any) -> "Objective":
        return _combined(operator.add, "+", other, self)

    def __sub__(self, other: Any) -> "Objective":
        return _combined(operator.sub, "-", self, other)

    def __rsub__(self, other: Any) -> "Objective":
        return _combined(operator.sub, "-", other, self)

    def __mul__(self, other: Any) -> "Objective":
        return _combined(operator.mul, "*", self, other)

    def __rmul__(self, other: Any) -> "Objective":
        return _combined(operator.mul, "*", other, self)

    def __truediv__(self, other: Any) -> "Objective":
        return _combined(operator.truediv, "/", self, other)

    def __neg__(self) -> "Objective":
        return -1 * self


def _combined(operation, sign, *sides):
    """Two objectives, or one and a number."""
    functions = []
    for side in sides:
        if isinstance(side, Objective):
            functions.append(side.function)
        elif isinstance(side, (int, float, np.integer, np.floating)) and not isinstance(side, bool):
            functions.append(functools.partial(_number, float(side)))
        else:
            return NotImplemented
    needed = frozenset().union(*(side.endpoints for side in sides if isinstance(side, Objective)))
    text = f"({sides[0]} {sign} {sides[1]})"
    return Objective(needed, lambda values: operation(*(function(values) for function in functions)), text)


def _number(number, values):
    return number


def of_endpoint(name: str, function: Callable[[Any], Any], text: str) -> Objective:
    """An objective on one endpoint.

    Args:
        name: The endpoint's.
        function: From its tensor, of shape (images, ...), to a tensor of shape (images,) or ().
        text: How it is written.
    """
    return Objective(frozenset([name]), lambda values: function(values[name]), text)


def check_rank(name: str, tensor: Any, rank: int) -> None:
    """Raises an `InputError` where an endpoint has not maps (rank 4), or not scores of classes (2)."""
    if len(tensor.shape) != rank:
        kind = {2: "scores of classes", 4: "maps"}[rank]
        raise InputError(f"Expected an endpoint of {kind}. Received: {name}, of shape {tuple(tensor.shape)}")


def gram_matrices(maps: Any) -> Any:
    """The sums over all places of each two channels' product.

    Args:
        maps: Tensor of shape (images, rows, columns, channels).

    Returns:
        Tensor of shape (images, channels, channels).
    """
    flat = ops.reshape(maps, (maps.shape[0], -1, maps.shape[-1]))
    return ops.matmul(ops.transpose(flat, (0, 2, 1)), flat)

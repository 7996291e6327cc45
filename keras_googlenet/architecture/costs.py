"""Output shapes, parameters and multiply-adds, derived from a table by arithmetic alone."""

import dataclasses
import math
from collections import Counter
from collections.abc import Sequence

from keras_googlenet.architecture.rows import AveragePool, Conv, Convolution, Inception, Linear, MaxPool
from keras_googlenet.architecture.table import Architecture


@dataclasses.dataclass(frozen=True)
class Cost:
    """What one row, or one auxiliary head, costs.

    Attributes:
        name: The row's name.
        layer: Name of the layer that holds its output.
        output: `(height, width, channels)`; a head's and the classifier's are `(1, 1, classes)`.
        weights: Numbers in kernels, the `params` column of Table 1 (which divides by 1024).
        parameters: Trainable numbers: kernels, biases, and batch normalization's scales and offsets.
        statistics: Batch normalization's moving means and variances, which are not trained.
        macs: Multiply-adds of one image in convolutions and linear layers, the `ops` column of Table 1.
        activations: Numbers in the outputs of all layers for one image, which training keeps until the step's end.
    """

    name: str
    layer: str
    output: tuple[int, ...]
    weights: int = 0
    parameters: int = 0
    statistics: int = 0
    macs: int = 0
    activations: int = 0


def output_size(window: Conv | MaxPool, size: int, padding: str) -> int:
    """Side of what a convolution or a max pool makes of a map of side `size`.

    A stride of 1 keeps it. Else, with `"caffe"`, a convolution pads `kernel // 2` on both sides; a pool rounds up,
    without padding.
    """
    if padding == "same" or window.stride == 1:
        return -(-size // window.stride)
    if isinstance(window, Conv):
        return (size + 2 * (window.kernel // 2) - window.kernel) // window.stride + 1
    return -(-(size - window.kernel) // window.stride) + 1


def chains(row):
    """The chains of steps that a row is made of, side by side: a tuple of tuples."""
    match row:
        case Convolution():
            return (row.convs,)
        case Inception():
            return row.branches
    return ((row,),)


def _step(architecture, step, shape, classes):
    """What one step makes of a shape, and the fields of `Cost` that it adds to."""
    height, width, channels = shape
    match step:
        case Conv():
            sides = [output_size(step, side, architecture.padding) for side in (height, width)]
            norm, weights = architecture.batch_norm, step.kernel**2 * channels * step.filters
            offsets = step.filters * (2 if norm and norm.scale else 1)
            statistics = 2 * step.filters if norm else 0
            return (*sides, step.filters), _numbers(weights, offsets, weights * sides[0] * sides[1], statistics)
        case MaxPool():
            sides = [output_size(step, side, architecture.padding) for side in (height, width)]
            return (*sides, channels), {}
        case AveragePool():
            return (1, 1, channels), {}
        case Linear() | int():
            units = classes if isinstance(step, Linear) else step
            weights = height * width * channels * units
            return (1, 1, units), _numbers(weights, units, weights)
    return shape, {}


def _numbers(weights, offsets, macs, statistics=0):
    return {"weights": weights, "parameters": weights + offsets, "statistics": statistics, "macs": macs}


def _cost(architecture, name, layer, chains, shape, classes):
    total, channels = Counter(), 0
    for steps in chains:
        output = shape
        for step in steps:
            output, numbers = _step(architecture, step, output, classes)
            normalized = bool(architecture.batch_norm) and isinstance(step, Conv)
            total.update(numbers, activations=math.prod(output) * (1 + normalized))
        channels += output[-1]
    if len(chains) > 1:
        total["activations"] += math.prod((*output[:2], channels))
    return Cost(name, layer, (*output[:2], channels), **total)


def _head_cost(architecture, head, shape, classes):
    pooled = (head.pooled(shape[0]), head.pooled(shape[1]), shape[2])
    return _cost(architecture, head.name, head.name, [(head.conv, head.units, classes)], pooled, classes)


def costs(
    architecture: Architecture, input_shape: Sequence[int] = (224, 224, 3), classes: int = 1000, aux_heads: bool = False
) -> list[Cost]:
    """What each row of a table costs.

    Args:
        architecture: An `Architecture`.
        input_shape: `(height, width, channels)`, whatever the backend's data format.
        classes: Width of the classifiers.
        aux_heads: Whether to append the auxiliary heads, which only training pays for.

    Returns:
        A list of `Cost`, a row of the table each, then one per head.

    Raises:
        ValueError: The shape is not three positive integers, or a row would have no pixels left.

    Example:
        >>> from keras_googlenet.architecture import PAPER, costs
        >>> sum(cost.parameters for cost in costs(PAPER))
        6998552
        >>> sum(cost.parameters for cost in costs(PAPER, aux_heads=True))
        13378280
    """
    shape = tuple(input_shape)
    if len(shape) != 3 or not all(isinstance(side, int) and side > 0 for side in shape):
        raise ValueError(
            "`input_shape` must be three positive integers, (height, width, channels). "
            f"Received: input_shape={input_shape}"
        )
    table, heads = [], []
    for row in architecture.rows:
        cost = _cost(architecture, row.name, row.layer, chains(row), shape, classes)
        if min(cost.output) < 1:
            raise ValueError(
                f"Row {row.name!r} has no pixels left: {shape[:2]} goes in, {cost.output[:2]} comes out. Use a "
                f"larger input. Received: input_shape={input_shape}"
            )
        shape = cost.output
        table.append(cost)
        readers = (head for head in architecture.auxiliary if head.after == row.name)
        heads += [_head_cost(architecture, head, shape, classes) for head in readers]
    return table + heads if aux_heads else table


def depth(architecture: Architecture, pools: bool = False) -> int:
    """Number of layers with parameters on the longest path, 22 in the paper; 27 when `pools` count too."""
    counted = (Conv, Linear, *((MaxPool, AveragePool) if pools else ()))
    rows = (chains(row) for row in architecture.rows)
    return sum(max(sum(isinstance(step, counted) for step in steps) for steps in row) for row in rows)

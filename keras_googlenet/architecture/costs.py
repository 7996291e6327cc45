"""Output shapes, parameters and multiply-adds, derived from a table by arithmetic alone."""

import dataclasses
from collections.abc import Sequence

from keras_googlenet.architecture.rows import AveragePool, Convolution, Inception, Linear, MaxPool
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
    """

    name: str
    layer: str
    output: tuple[int, ...]
    weights: int = 0
    parameters: int = 0
    statistics: int = 0
    macs: int = 0


def conv_size(size: int, kernel: int, stride: int, padding: str) -> int:
    """Side of a convolution's output: a stride of 1 keeps it, `"caffe"` else pads `kernel // 2` on both sides."""
    if padding == "same" or stride == 1:
        return -(-size // stride)
    return (size + 2 * (kernel // 2) - kernel) // stride + 1


def pool_size(size: int, kernel: int, stride: int, padding: str) -> int:
    """Side of a max pool's output. A stride of 1 keeps the size; else `"caffe"` rounds up, without padding."""
    if padding == "same" or stride == 1:
        return -(-size // stride)
    return -(-(size - kernel) // stride) + 1


class _Meter:
    """Adds up what a chain of layers costs while it carries the shape `(height, width, channels)` along."""

    def __init__(self, architecture, shape):
        self.norm = architecture.batch_norm
        self.padding = architecture.padding
        self.shape = shape
        self.total = dict.fromkeys(("weights", "parameters", "statistics", "macs"), 0)

    def conv(self, conv):
        height, width, channels = self.shape
        height, width = (conv_size(side, conv.kernel, conv.stride, self.padding) for side in (height, width))
        weights = conv.kernel**2 * channels * conv.filters
        offsets = conv.filters * (2 if self.norm and self.norm.scale else 1)
        self._add(weights, offsets, 2 * conv.filters if self.norm else 0, height * width)
        self.shape = (height, width, conv.filters)

    def pool(self, pool):
        height, width, channels = self.shape
        sides = (pool_size(side, pool.kernel, pool.stride, self.padding) for side in (height, width))
        self.shape = (*sides, channels)

    def linear(self, units):
        height, width, channels = self.shape
        self._add(height * width * channels * units, units, 0, 1)
        self.shape = (1, 1, units)

    def _add(self, weights, offsets, statistics, positions):
        self.total["weights"] += weights
        self.total["parameters"] += weights + offsets
        self.total["statistics"] += statistics
        self.total["macs"] += weights * positions

    def branches(self, branches):
        start, channels = self.shape, 0
        for steps in branches:
            self.shape = start
            for step in steps:
                self.pool(step) if isinstance(step, MaxPool) else self.conv(step)
            channels += self.shape[-1]
        self.shape = (*self.shape[:2], channels)


def _row_cost(architecture, row, shape, classes):
    meter = _Meter(architecture, shape)
    match row:
        case Convolution():
            for conv in row.convs:
                meter.conv(conv)
        case Inception():
            meter.branches(row.branches)
        case MaxPool():
            meter.pool(row)
        case AveragePool():
            meter.shape = (1, 1, shape[-1])
        case Linear():
            meter.linear(classes)
    return Cost(row.name, row.layer, meter.shape, **meter.total)


def _head_cost(architecture, head, shape, classes):
    height, width, channels = shape
    meter = _Meter(architecture, (head.pooled(height), head.pooled(width), channels))
    meter.conv(head.conv)
    meter.linear(head.units)
    meter.linear(classes)
    return Cost(head.name, head.name, meter.shape, **meter.total)


def costs(
    architecture: Architecture,
    input_shape: Sequence[int] = (224, 224, 3),
    classes: int = 1000,
    aux_heads: bool = False,
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
        cost = _row_cost(architecture, row, shape, classes)
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
    layers = 0
    for row in architecture.rows:
        match row:
            case Convolution():
                layers += len(row.convs)
            case Inception():
                layers += max(sum(not isinstance(s, MaxPool) for s in b) for b in row.branches)
            case MaxPool() | AveragePool():
                layers += pools
            case Linear():
                layers += 1
    return layers

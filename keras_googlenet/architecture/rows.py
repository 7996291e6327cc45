"""The kinds of row that Table 1 and Fig. 3 of the paper are made of.

A row knows its numbers and the names of its layers, nothing else. Output sizes and costs are derived from rows
in `costs`, Keras layers in `keras_googlenet.model`.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Conv:
    """One convolution followed by a ReLU, the only parametric step that Table 1 has below the classifier.

    Attributes:
        name: Layer name.
        kernel: Side of the square window, pixels.
        filters: Output channels.
        stride: Step in pixels, the same both ways.
    """

    name: str
    kernel: int
    filters: int
    stride: int = 1


@dataclasses.dataclass(frozen=True)
class Row:
    """What every row of the table has.

    Attributes:
        name: The row's name, `inception_3a`: a key of a model's `endpoints`.
    """

    name: str

    @property
    def layer(self) -> str:
        """Name of the layer that holds the row's output."""
        return self.name


@dataclasses.dataclass(frozen=True)
class MaxPool(Row):
    """A max pool, Table 1's `max pool` rows and the pool inside each Inception module.

    Attributes:
        name: Row name. The layer's name appends window and stride, as Caffe does: `pool1_3x3_s2`.
        kernel: Side of the square window, pixels.
        stride: Step in pixels.
    """

    kernel: int = 3
    stride: int = 2

    @property
    def layer(self) -> str:
        """Name of the layer that holds the row's output."""
        return f"{self.name}_{self.kernel}x{self.kernel}_s{self.stride}"


@dataclasses.dataclass(frozen=True)
class Convolution(Row):
    """A `convolution` row of Table 1: one convolution, or two when it has a `reduce` column.

    Attributes:
        name: Row name, `conv1`.
        kernel: Side of the window.
        filters: Output channels.
        stride: Step in pixels.
        reduce: Filters of the 1x1 convolution before it (the `#3x3 reduce` column), or None.
    """

    kernel: int
    filters: int
    stride: int = 1
    reduce: int | None = None

    @property
    def layer(self) -> str:
        """Name of the layer that holds the row's output."""
        return self.convs[-1].name

    @property
    def convs(self) -> tuple[Conv, ...]:
        """The row's convolutions in order, a tuple of `Conv`."""
        window = f"{self.name}_{self.kernel}x{self.kernel}"
        suffix = f"_s{self.stride}" if self.stride > 1 else ""
        reduce = () if self.reduce is None else (Conv(f"{window}_reduce", 1, self.reduce),)
        return (*reduce, Conv(window + suffix, self.kernel, self.filters, self.stride))


@dataclasses.dataclass(frozen=True)
class LRN(Row):
    """Local response normalization across channels, in TensorFlow's terms (Fig. 3, `LocalRespNorm`).

    The paper gives no constants. These are BVLC's `local_size: 5, alpha: 1e-4, beta: 0.75, k: 1`; Caffe divides
    alpha by the window, TensorFlow does not, hence 2e-5.
    """

    depth_radius: int = 2
    bias: float = 1.0
    alpha: float = 2e-5
    beta: float = 0.75


@dataclasses.dataclass(frozen=True)
class Inception(Row):
    """An `inception` row of Table 1: the module of Fig. 2(b), or of Fig. 2(a) where the reductions are None.

    Attributes:
        name: Row name, `inception_3a`.
        conv1x1: Filters of the `#1x1` column.
        reduce3x3: Filters of `#3x3 reduce`; None leaves the reduction out.
        conv3x3: Filters of `#3x3`.
        reduce5x5: Filters of `#5x5 reduce`; None leaves the reduction out.
        conv5x5: Filters of `#5x5`.
        pool_proj: Filters of `pool proj`; None passes the pooled input on whole.
        kernel5x5: Window of the `#5x5` column: 5 in the paper, 3 in torchvision and TF-slim.
    """

    conv1x1: int
    reduce3x3: int | None
    conv3x3: int
    reduce5x5: int | None
    conv5x5: int
    pool_proj: int | None
    kernel5x5: int = 5

    @property
    def layer(self) -> str:
        """Name of the layer that holds the row's output."""
        return f"{self.name}_output"

    @property
    def branches(self) -> tuple[tuple[Conv | MaxPool, ...], ...]:
        """The four branches, in concatenation order, each a tuple of `Conv` and `MaxPool` steps."""

        def conv(column, kernel, filters):
            return () if filters is None else (Conv(f"{self.name}_{column}", kernel, filters),)

        return (
            conv("1x1", 1, self.conv1x1),
            (*conv("3x3_reduce", 1, self.reduce3x3), *conv("3x3", 3, self.conv3x3)),
            (*conv("5x5_reduce", 1, self.reduce5x5), *conv("5x5", self.kernel5x5, self.conv5x5)),
            (MaxPool(f"{self.name}_pool", 3, 1), *conv("pool_proj", 1, self.pool_proj)),
        )

    def naive(self) -> "Inception":
        """The module of Fig. 2(a) with the same 1x1, 3x3 and 5x5 filters: no reductions, no projection."""
        return dataclasses.replace(self, reduce3x3=None, reduce5x5=None, pool_proj=None)


@dataclasses.dataclass(frozen=True)
class AveragePool(Row):
    """The `avg pool` row: 7x7/1 in the paper, which is the whole map at 224 pixels, and the whole map at any size."""

    name: str = "avg_pool"


@dataclasses.dataclass(frozen=True)
class Dropout(Row):
    """A `dropout` row. `rate` is the fraction dropped, in [0, 1)."""

    rate: float


@dataclasses.dataclass(frozen=True)
class Linear(Row):
    """The `linear` and `softmax` rows: the classifier. Its width is the model's `classes`."""

    name: str = "predictions"


@dataclasses.dataclass(frozen=True)
class Auxiliary:
    """An auxiliary classifier (section 5): average pool, 1x1 convolution, fully connected, dropout, linear.

    Attributes:
        name: Output layer, `aux1`; the others are `aux1_pool`, `aux1_conv`, `aux1_fc`, `aux1_drop`.
        after: Name of the row whose output it reads.
        weight: Factor of its loss during training.
        pool: Window of the average pool, clipped to the map where the map is smaller (inputs under 79 pixels).
        stride: Step of the average pool.
        grid: Side of an adaptive average pool's output used instead of `pool` and `stride` (torchvision), or None.
        filters: Output channels of the 1x1 convolution.
        units: Width of the fully connected layer.
        dropout: Fraction dropped before the classifier.
    """

    name: str
    after: str
    weight: float = 0.3
    pool: int = 5
    stride: int = 3
    grid: int | None = None
    filters: int = 128
    units: int = 1024
    dropout: float = 0.7

    def pooled(self, size: int) -> int:
        """Side of the map after the pool, for a map of side `size`."""
        return self.grid or (size - min(self.pool, size)) // self.stride + 1

    @property
    def conv(self) -> Conv:
        """The 1x1 convolution as a `Conv`."""
        return Conv(f"{self.name}_conv", 1, self.filters)

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the head's layers that hold parameters, and of the batch normalization a variant may add."""
        return tuple(f"{self.name}{part}" for part in ("_conv", "_conv_bn", "_fc", ""))

"""Table 1 and Fig. 3 of "Going Deeper with Convolutions", as one literal table.

Everything else that the package knows of the network's structure is derived from this file.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from keras_googlenet.architecture.rows import (
    LRN,
    Auxiliary,
    AveragePool,
    Convolution,
    Dropout,
    Inception,
    Linear,
    MaxPool,
    Row,
)
from keras_googlenet.architecture.validation import ROW_KINDS, validate
from keras_googlenet.utils.messages import shown

MIN_SIZE = 32
"""Smallest input side in pixels: five halvings leave one pixel."""

DEFAULT_SIZE = 224
"""The paper's receptive field, section 5."""


@dataclasses.dataclass(frozen=True)
class BatchNorm:
    """Batch normalization after each convolution, before its ReLU, in the variants that have it."""

    epsilon: float = 1e-3
    momentum: float = 0.99
    scale: bool = True


@dataclasses.dataclass(frozen=True)
class Pixels:
    """How a network's own pixels are made of this package's, RGB in 0-255 minus the mean: `x * scale + offset`.

    For weights whose convention cannot be folded into the first convolution, since that pads its own zeros.

    Attributes:
        scale: A factor.
        offset: What is added to red, green and blue.
    """

    scale: float
    offset: tuple[float, ...]

    def __post_init__(self):
        object.__setattr__(self, "offset", tuple(self.offset))


@dataclasses.dataclass(frozen=True)
class Architecture:
    """A network of the GoogLeNet family, as data.

    Attributes:
        name: What errors, summaries and files call it.
        rows: The rows of the table from the input to the classifier.
        auxiliary: The auxiliary classifiers, in the order of the model's outputs.
        batch_norm: `BatchNorm` after every convolution (which then has no bias), or None.
        padding: `"caffe"`: convolutions pad both sides alike and pools round their output size up. `"same"`:
            TensorFlow's rule for both.
        pixels: `Pixels` that the network begins with, or None.

    Raises:
        ValueError: Two rows share a name, a number is out of range, or a head reads a row that does not exist.

    Example:
        >>> import dataclasses
        >>> from keras_googlenet.architecture import PAPER
        >>> shallow = dataclasses.replace(
        ...     PAPER, name="shallow", rows=[row for row in PAPER.rows if row.name != "inception_5a"])
        >>> len(PAPER.rows), len(shallow.rows)
        (20, 19)
    """

    name: str
    rows: Sequence[Row]
    auxiliary: Sequence[Auxiliary] = ()
    batch_norm: BatchNorm | None = None
    padding: str = "caffe"
    pixels: Pixels | None = None

    def __post_init__(self):
        object.__setattr__(self, "rows", tuple(self.rows))
        object.__setattr__(self, "auxiliary", tuple(self.auxiliary))
        validate(self)

    @property
    def trunk(self) -> Sequence[Row]:
        """The rows below the classifier: all that `include_top=False` keeps."""
        top = next(i for i, row in enumerate(self.rows) if isinstance(row, AveragePool))
        return self.rows[:top]

    @property
    def top(self) -> Sequence[Row]:
        """The rows from the average pool on."""
        return self.rows[len(self.trunk) :]

    @property
    def classifier(self) -> str:
        """Name of the classifier's layer."""
        return self.rows[-1].name

    def get_config(self) -> dict[str, Any]:
        """A JSON-ready dictionary that `from_config` turns back into the same table."""
        config = dataclasses.asdict(self)
        for part in ("rows", "auxiliary"):
            config[part] = [{"kind": type(item).__name__} | dataclasses.asdict(item) for item in getattr(self, part)]
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Architecture":
        """The table that `get_config` described; a `ValueError` where that is none."""
        try:
            fields = dict(config)
            for part in ("rows", "auxiliary"):
                fields[part] = [_row(item) for item in fields[part]]
            for part, kind in (("batch_norm", BatchNorm), ("pixels", Pixels)):
                if fields.get(part) is not None:
                    fields[part] = kind(**fields[part])
            return cls(**fields)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"Expected a table as `get_config` describes it. Received: {shown(config)}") from error


def _row(config):
    config = dict(config)
    kind = config.pop("kind", None)
    known = {cls.__name__: cls for cls in (*ROW_KINDS, Auxiliary)}
    if not isinstance(kind, str) or kind not in known:
        raise ValueError(f"A row of a table must be one of {sorted(known)}. Received: kind={shown(kind)}")
    return known[kind](**config)


# fmt: off
PAPER = Architecture(
    name="paper",
    rows=(
        # kind       name            window filters stride reduce
        Convolution("conv1",              7,     64,     2),
        MaxPool("pool1",                  3,             2),
        LRN("pool1_norm1"),                                              # Fig. 3
        Convolution("conv2",              3,    192,     1,    64),
        LRN("conv2_norm2"),                                              # Fig. 3
        MaxPool("pool2",                  3,             2),
        # kind     name            #1x1 #3x3 reduce #3x3 #5x5 reduce #5x5 pool proj
        Inception("inception_3a",    64,         96, 128,         16,  32,       32),
        Inception("inception_3b",   128,        128, 192,         32,  96,       64),
        MaxPool("pool3",                  3,             2),
        Inception("inception_4a",   192,         96, 208,         16,  48,       64),
        Inception("inception_4b",   160,        112, 224,         24,  64,       64),
        Inception("inception_4c",   128,        128, 256,         24,  64,       64),
        Inception("inception_4d",   112,        144, 288,         32,  64,       64),
        Inception("inception_4e",   256,        160, 320,         32, 128,      128),
        MaxPool("pool4",                  3,             2),
        Inception("inception_5a",   256,        160, 320,         32, 128,      128),
        Inception("inception_5b",   384,        192, 384,         48, 128,      128),
        AveragePool("avg_pool"),
        Dropout("pool5_drop_7x7_s1", 0.4),
        Linear("predictions"),
    ),
    auxiliary=(
        Auxiliary("aux1", after="inception_4a"),
        Auxiliary("aux2", after="inception_4d"),
    ),
)
"""The network of the paper: Table 1, with Fig. 3's normalizations and auxiliary classifiers."""

PRINTED = {
    "conv1": ("2.7K", "34M"),
    "conv2": ("112K", "360M"),
    "inception_3a": ("159K", "128M"),
    "inception_3b": ("380K", "304M"),
    "inception_4a": ("364K", "73M"),
    "inception_4b": ("437K", "88M"),
    "inception_4c": ("463K", "100M"),
    "inception_4d": ("580K", "119M"),
    "inception_4e": ("840K", "170M"),
    "inception_5a": ("1072K", "54M"),
    "inception_5b": ("1388K", "71M"),
    "predictions": ("1000K", "1M"),
}
"""What Table 1 prints under `params` and `ops`, K being 1024. The `params` of conv1, 4c, 4d, 5a and 5b and the
`ops` of conv1 and 5a are not what the arithmetic gives; conv1's would be those of a separable 7x7 convolution with
depth multiplier 8."""
# fmt: on

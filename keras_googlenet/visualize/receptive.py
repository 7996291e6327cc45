"""The receptive fields of a layer's maps: which pixels each place of a map is computed from.

Caffe's pools pad nothing before the first pixel, so each of them moves the fields down and right. At 224 pixels the
last module's maps have 7 rows, whose centers are at pixels 30, 62, ..., 222, and not at the middles of 7 equal parts.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from keras_googlenet.architecture import Architecture, Conv
from keras_googlenet.architecture.costs import chains, output_size
from keras_googlenet.architecture.names import split


class Field(NamedTuple):
    """The receptive fields of a map's places, along one side of the image.

    Attributes:
        step: Pixels from the field of a place to that of the next.
        first: The first pixel of place 0; less than 0 where the field reaches beyond the image.
        last: Its last pixel.
        side: Places that there are.

    Example:
        >>> from keras_googlenet.architecture import PAPER
        >>> field(PAPER, "inception_4a", 224).size
        171
    """

    step: int
    first: int
    last: int
    side: int

    @property
    def size(self) -> int:
        """Pixels."""
        return self.last - self.first + 1

    def pixels(self, place: int) -> tuple[int, int]:
        """The first pixel of a place's field, and the one after its last; both may lie outside the image."""
        return self.first + self.step * place, self.last + self.step * place + 1

    def after(self, window: int, stride: int, before: int, side: int) -> "Field":
        """The fields of what slides over this map a window, from `before` places ahead of the first one on."""
        first = self.first - self.step * before
        return Field(self.step * stride, first, first + self.size - 1 + self.step * (window - 1), side)


def field(table: Architecture | None, name: str, size: int) -> Field | None:
    """The receptive fields along one side, derived from a table.

    Args:
        table: The `Architecture`, or None if it is not known.
        name: An endpoint, by this package's name: a row, a layer in it, a head's pool or convolution; also with
            `_pre_relu`.
        size: Side of the image in pixels.

    Returns:
        A `Field`. None where each place sees the whole image, as a classifier does, and where the table does not tell.

    Example:
        >>> from keras_googlenet.architecture import PAPER
        >>> field(PAPER, "inception_3a", 224).pixels(10)
        (57, 116)
    """
    if table is None:
        return None
    own = re.sub("_(bn|relu)$", "", split(name)[0])
    found = Field(1, 0, 0, size)
    for row in table.trunk:
        ends = []
        for chain in chains(row):
            end = found
            for step in chain:
                end = _after(end, step, table.padding)
                if step.name == own:
                    return end
            ends.append(end)
        found = Field(ends[0].step, min(end.first for end in ends), max(end.last for end in ends), ends[0].side)
        if own in (row.name, row.layer):
            return found
        for head in table.auxiliary:
            if head.after == row.name and head.grid is None and own in (f"{head.name}_pool", head.conv.name):
                return found.after(min(head.pool, found.side), head.stride, 0, head.pooled(found.side))
    return None


def _after(found, step, padding):
    """The fields after a convolution or a pool; what is neither leaves them."""
    if not hasattr(step, "kernel"):
        return found
    side = output_size(step, found.side, padding)
    if padding == "same" or step.stride == 1:
        before = max((side - 1) * step.stride + step.kernel - found.side, 0) // 2
    else:
        before = step.kernel // 2 if isinstance(step, Conv) else 0
    return found.after(step.kernel, step.stride, before, side)


def centers(table: Architecture | None, name: str, size: int) -> Callable[[int], np.ndarray]:
    """The centers of the receptive fields along one side.

    Args:
        table: As in `field`.
        name: Likewise.
        size: Likewise.

    Returns:
        A function from the number of rows or columns of the maps to a float array of pixels. 0 is the middle of the
        first pixel. Where there is no `Field`, they are the middles of equal parts.

    Example:
        >>> from keras_googlenet.architecture import PAPER
        >>> centers(PAPER, "inception_5b", 224)(7).tolist()
        [30.0, 62.0, 94.0, 126.0, 158.0, 190.0, 222.0]
    """
    found = field(table, name, size)
    if found is None:
        return lambda places: (np.arange(places) + 0.5) * size / places - 0.5
    return lambda places: (found.first + found.last) / 2 + found.step * np.arange(places, dtype="float64")

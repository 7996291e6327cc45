"""The centers of the receptive fields of a row's maps.

Caffe's pools pad nothing before the first pixel, so each of them moves the centers down and right. At 224 pixels the
last module's maps have 7 rows, whose centers are at pixels 30, 62, ..., 222, and not at the middles of 7 equal parts.
"""

from collections.abc import Callable

import numpy as np

from keras_googlenet.architecture import Architecture, Convolution, MaxPool
from keras_googlenet.architecture.costs import output_size
from keras_googlenet.architecture.names import split


def centers(table: Architecture | None, name: str, size: int) -> Callable[[int], np.ndarray]:
    """The centers of the receptive fields along one side.

    Args:
        table: The `Architecture`, or None if it is not known: then the middles of equal parts, as of a layer that is
            none of the table's.
        name: A row below the average pool, or a layer inside one, before its ReLU or after it.
        size: Side of the image in pixels.

    Returns:
        A function from the number of rows or columns of the maps to a float array of pixels. 0 is the middle of the
        first pixel.

    Example:
        >>> from keras_googlenet.architecture import PAPER
        >>> centers(PAPER, "inception_5b", 224)(7).tolist()
        [30.0, 62.0, 94.0, 126.0, 158.0, 190.0, 222.0]
    """
    end = None if table is None else _row(table, name)
    if table is None or end is None:
        return lambda places: (np.arange(places) + 0.5) * size / places - 0.5
    step, first, side = 1, 0.0, size
    for row in table.trunk:
        for window in row.convs if isinstance(row, Convolution) else [row] if isinstance(row, MaxPool) else []:
            output = output_size(window, side, table.padding)
            if table.padding == "same" or window.stride == 1:
                padded = max((output - 1) * window.stride + window.kernel - side, 0) // 2
            else:
                padded = 0 if window is row else window.kernel // 2
            first += step * ((window.kernel - 1) / 2 - padded)
            step, side = step * window.stride, output
            if getattr(window, "name", None) == split(name)[0]:
                break
        if row.name == end:
            break
    return lambda places: first + step * np.arange(places, dtype="float64")


def _row(table, name):
    """The row that a layer is in: nothing inside an Inception module has a stride."""
    rows = [row.name for row in table.trunk if f"{name}_".startswith(f"{row.name}_")]
    return max(rows, key=len, default=None)

"""Where in the image the places of a row's maps look: the centers of their receptive fields.

Caffe's pools pad nothing before the first pixel, so each halving moves the centers down and right: at 224 pixels the 7
places of the last module's maps look at pixels 30, 62, ..., 222, and not at the middles of seven equal parts.
"""

import numpy as np

from keras_googlenet.architecture import Convolution, MaxPool
from keras_googlenet.architecture.costs import conv_size, pool_size


def centers(table, name, size):
    """The pixel that each place of a row's maps looks at, along one side.

    Args:
        table: The `Architecture`, or None where it is not known: then the middles of equal parts.
        name: A row below the average pool.
        size: Side of the image in pixels.

    Returns:
        A function from the number of places to their pixels, a float array, 0 being the middle of the first pixel.

    Example:
        >>> from keras_googlenet.architecture import PAPER
        >>> centers(PAPER, "inception_5b", 224)(7).tolist()
        [30.0, 62.0, 94.0, 126.0, 158.0, 190.0, 222.0]
    """
    if table is None:
        return lambda places: (np.arange(places) + 0.5) * size / places - 0.5
    step, first, side = 1, 0.0, size
    for row in table.trunk:
        for window, stride, padded in _windows(row, table.padding, side):
            first += step * ((window - 1) / 2 - padded)
            step *= stride
            side = (pool_size if isinstance(row, MaxPool) else conv_size)(side, window, stride, table.padding)
        if row.name == name:
            break
    return lambda places: first + step * np.arange(places, dtype="float64")


def _windows(row, padding, side):
    """The windows of a row that move the centers: `(side, stride, pixels padded before the first)`."""
    match row:
        case Convolution():
            windows = [(conv.kernel, conv.stride, conv.kernel // 2) for conv in row.convs]
        case MaxPool():
            windows = [(row.kernel, row.stride, 0)]
        case _:
            return
    for window, stride, padded in windows:
        if padding == "same" or stride == 1:
            padded = max((-(-side // stride) - 1) * stride + window - side, 0) // 2
        yield window, stride, padded
        side = -(-side // stride)

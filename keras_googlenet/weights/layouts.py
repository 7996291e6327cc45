"""The layouts of arrays in other frameworks, turned into Keras's and back."""

from collections.abc import Mapping

import numpy as np


def to_hwio(array: np.ndarray) -> np.ndarray:
    """Turns the axes that Caffe and PyTorch have into Keras's order.

    Args:
        array: OIHW kernel, (out, in) kernel, or bias (out,).

    Returns:
        View of the array: HWIO, (in, out) or (out,).
    """
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T


def to_oihw(array: np.ndarray) -> np.ndarray:
    """Turns Keras's axes into the order that Caffe and PyTorch have: the inverse of `to_hwio`.

    Args:
        array: HWIO kernel, (in, out) kernel, or bias (out,).

    Returns:
        View of the array: OIHW, (out, in) or (out,).
    """
    return array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T


def chw_to_hwc(kernel: np.ndarray, channels: int) -> np.ndarray:
    """Reorders the rows of a kernel that reads a flattened map: channels came first, and come last.

    Args:
        kernel: Of shape (channels * height * width, out).
        channels: Channels of the map.

    Returns:
        The kernel, of shape (height * width * channels, out). One that does not fit is returned as it is, for the
        assignment to report.
    """
    rows, out = kernel.shape
    if not channels or rows % channels:
        return kernel
    # Height and width stay next to each other, so that they need not be told apart.
    if kernel.flags.f_contiguous and not kernel.flags.c_contiguous:  # from another layout: read in its own order
        return kernel.T.reshape(out, channels, rows // channels).swapaxes(1, 2).reshape(out, rows).T
    return kernel.reshape(channels, rows // channels, out).swapaxes(0, 1).reshape(rows, out)


def hwc_to_chw(kernel: np.ndarray, channels: int) -> np.ndarray:
    """Reorders the rows of a kernel that reads a flattened map: the inverse of `chw_to_hwc`.

    Args:
        kernel: Of shape (height * width * channels, out).
        channels: Channels of the map.

    Returns:
        The kernel, of shape (channels * height * width, out).
    """
    return chw_to_hwc(kernel, kernel.shape[0] // channels)


def joined_names(beginnings: Mapping[str, str], ends: Mapping[str, str]) -> dict[str, str]:
    """Names that are made of two parts, such as a layer and its variable: each beginning with each end, theirs to ours.

    Args:
        beginnings: How their names begin, and how those here do.
        ends: What follows on each beginning in theirs, and what in ours.

    Example:
        >>> joined_names({"fc": "predictions"}, {".weight": "/kernel", ".bias": "/bias"})
        {'fc.weight': 'predictions/kernel', 'fc.bias': 'predictions/bias'}
    """
    return {theirs + part: ours + end for theirs, ours in beginnings.items() for part, end in ends.items()}

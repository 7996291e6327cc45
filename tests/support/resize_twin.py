"""The slow NumPy twin of Pillow's resizing of a part of an image."""

import math

import numpy as np


def weights(start, stop, count, pixels, kernel, support):
    """Matrix (count, pixels) of a separable resize of start..stop, the kernel widened where it shrinks."""
    step = (stop - start) / count
    scale = max(step, 1.0)
    matrix = np.zeros((count, pixels))
    for i in range(count):
        center = start + (i + 0.5) * step
        first = max(math.floor(center - support * scale + 0.5), 0)
        last = min(math.floor(center + support * scale + 0.5), pixels)
        for j in range(first, last):
            matrix[i, j] = kernel((j + 0.5 - center) / scale)
        matrix[i] /= matrix[i].sum()
    return matrix


def cubic(x, a=-0.5):
    x = abs(x)
    if x < 1:
        return ((a + 2) * x - (a + 3)) * x * x + 1
    return (((x - 5) * x + 8) * x - 4) * a if x < 2 else 0.0


KERNELS = {
    "bilinear": (lambda x: max(0.0, 1 - abs(x)), 1.0),
    "area": (lambda x: float(-0.5 < x <= 0.5), 0.5),
    "bicubic": (cubic, 2.0),
}


def resized(pixels, patch, size, interpolation):
    """The part `patch` (left, top, right, bottom) of `pixels` as a square of `size` pixels, in floats."""
    left, top, right, bottom = patch
    height, width = pixels.shape[:2]
    if interpolation == "nearest":
        rows = np.floor(top + (np.arange(size) + 0.5) * (bottom - top) / size).astype(int)
        columns = np.floor(left + (np.arange(size) + 0.5) * (right - left) / size).astype(int)
        return pixels[rows][:, columns].astype(float)
    vertical = weights(top, bottom, size, height, *KERNELS[interpolation])
    horizontal = weights(left, right, size, width, *KERNELS[interpolation])
    between = np.rint(np.einsum("jx,yxc->yjc", horizontal, pixels)).clip(0, 255)
    return np.einsum("iy,yjc->ijc", vertical, between).clip(0, 255)

"""Slow and literal NumPy versions of the network's pieces, channels last, float64."""

import numpy as np


def lrn(x, depth_radius, bias, alpha, beta):
    """Local response normalization, one channel at a time."""
    x = np.asarray(x, "float64")
    out = np.empty_like(x)
    channels = x.shape[-1]
    for c in range(channels):
        near = x[..., max(0, c - depth_radius) : min(channels, c + depth_radius + 1)]
        out[..., c] = x[..., c] / (bias + alpha * (near**2).sum(-1)) ** beta
    return out


def conv(x, kernel, bias, stride=1, pad=None):
    """Convolution and ReLU; pads both sides by half the window, as Caffe does."""
    window = kernel.shape[0]
    pad = window // 2 if pad is None else pad
    padded = np.pad(np.asarray(x, "float64"), ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    height = (padded.shape[1] - window) // stride + 1
    width = (padded.shape[2] - window) // stride + 1
    out = np.empty((x.shape[0], height, width, kernel.shape[3]))
    for i in range(height):
        for j in range(width):
            patch = padded[:, i * stride : i * stride + window, j * stride : j * stride + window]
            out[:, i, j] = np.einsum("nhwc,hwco->no", patch, kernel) + bias
    return np.maximum(out, 0)


def max_pool(x, window, stride, pad=0):
    """Caffe's max pool: the output size is rounded up, and windows may hang over the end."""
    height, width = x.shape[1:3]

    def out_size(size):
        return int(np.ceil((size + 2 * pad - window) / stride)) + 1

    out = np.empty((x.shape[0], out_size(height), out_size(width), x.shape[3]))
    for i in range(out.shape[1]):
        for j in range(out.shape[2]):
            top, left = i * stride - pad, j * stride - pad
            patch = x[:, max(top, 0) : top + window, max(left, 0) : left + window]
            out[:, i, j] = patch.max((1, 2))
    return out


def inception(x, arrays, name):
    """The module of Fig. 2(b)."""

    def step(y, layer):
        return conv(y, arrays[f"{name}_{layer}/kernel"], arrays[f"{name}_{layer}/bias"])

    return np.concatenate(
        [
            step(x, "1x1"),
            step(step(x, "3x3_reduce"), "3x3"),
            step(step(x, "5x5_reduce"), "5x5"),
            step(max_pool(x, 3, 1, pad=1), "pool_proj"),
        ],
        axis=-1,
    )

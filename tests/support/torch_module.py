"""BVLC's GoogLeNet as a module of PyTorch, written from `train_val.prototxt`: what Captum can hang its hooks on.

Each ReLU is a module of its own, used once and not in place, as guided backpropagation needs it.
"""

import numpy as np
import torch
from torch import nn

from support.transcription import MODULES


class Conv(nn.Module):
    """A convolution and its ReLU; Caffe pads half a window."""

    def __init__(self, arrays, name, stride=1):
        super().__init__()
        kernel = torch.from_numpy(np.ascontiguousarray(arrays[f"{name}/kernel"].transpose(3, 2, 0, 1)))
        size = kernel.shape[-1]
        self.conv = nn.Conv2d(kernel.shape[1], kernel.shape[0], size, stride, size // 2)
        self.conv.weight.data = kernel
        self.conv.bias.data = torch.from_numpy(arrays[f"{name}/bias"].copy())
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.conv(x))


class Inception(nn.Module):
    """Four branches."""

    def __init__(self, arrays, name):
        super().__init__()
        columns = ("1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool_proj")
        self.parts = nn.ModuleDict({column: Conv(arrays, f"{name}_{column}") for column in columns})
        self.pool = nn.MaxPool2d(3, 1, padding=1)

    def forward(self, x):
        part = self.parts
        branches = (
            part["1x1"](x),
            part["3x3"](part["3x3_reduce"](x)),
            part["5x5"](part["5x5_reduce"](x)),
            part["pool_proj"](self.pool(x)),
        )
        return torch.cat(branches, 1)


class GoogLeNet(nn.Module):
    """From images, channels first, to the scores before the softmax."""

    def __init__(self, arrays):
        super().__init__()
        self.conv1 = Conv(arrays, "conv1_7x7_s2", 2)
        self.conv2_reduce, self.conv2 = Conv(arrays, "conv2_3x3_reduce"), Conv(arrays, "conv2_3x3")
        self.norm1, self.norm2 = (nn.LocalResponseNorm(5, 1e-4, 0.75, 1.0) for _ in range(2))
        self.pools = nn.ModuleList(nn.MaxPool2d(3, 2, ceil_mode=True) for _ in range(4))
        self.modules_ = nn.ModuleDict({name: Inception(arrays, f"inception_{name}") for name in MODULES})
        self.classifier = nn.Linear(*arrays["predictions/kernel"].shape)
        self.classifier.weight.data = torch.from_numpy(np.ascontiguousarray(arrays["predictions/kernel"].T))
        self.classifier.bias.data = torch.from_numpy(arrays["predictions/bias"].copy())

    def forward(self, x):
        x = self.norm1(self.pools[0](self.conv1(x)))
        x = self.pools[1](self.norm2(self.conv2(self.conv2_reduce(x))))
        for name, module in self.modules_.items():
            x = module(x)
            if name in ("3b", "4e"):
                x = self.pools[2 if name == "3b" else 3](x)
        return self.classifier(x.mean((2, 3)))

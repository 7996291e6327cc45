"""The package's table as a trainable PyTorch module, for `gpu.py`: what PyTorch makes of the same network."""

import torch
from torch import nn
from torch.nn import functional

from keras_googlenet.architecture import LRN, PAPER, Dropout, Inception, MaxPool


class Twin(nn.Module):
    """The paper's network: channels-first images to logits, those of all three heads while it trains."""

    def __init__(self, classes=1000):
        super().__init__()
        self.steps, self.heads = nn.ModuleDict(), nn.ModuleDict()
        heads = {head.after: head for head in PAPER.auxiliary}
        for row in PAPER.trunk:
            self.steps[row.name] = _step(row)
            if row.name in heads:
                self.heads[row.name] = _head(heads[row.name], classes)
        self.top = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(_rate(PAPER.top)), nn.LazyLinear(classes)
        )

    def forward(self, x):
        """The main classifier's logits, or a list with those of the auxiliary ones after it."""
        outputs = []
        for name, step in self.steps.items():
            x = step(x)
            if self.training and name in self.heads:
                outputs.append(self.heads[name](x))
        return [self.top(x), *outputs] if self.training else self.top(x)


class Branches(nn.Module):
    """An Inception module: branches of the same input, side by side."""

    def __init__(self, branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        """Concatenates the branches' channels."""
        return torch.cat([branch(x) for branch in self.branches], 1)


class Normalization(nn.Module):
    """Local response normalization; PyTorch's `alpha` is the sum's times the window."""

    def __init__(self, row):
        super().__init__()
        size = 2 * row.depth_radius + 1
        self.arguments = size, row.alpha * size, row.beta, row.bias

    def forward(self, x):
        """Normalizes."""
        return functional.local_response_norm(x, *self.arguments)


def _step(row):
    if isinstance(row, LRN):
        return Normalization(row)
    if isinstance(row, MaxPool):
        return nn.MaxPool2d(row.kernel, row.stride, ceil_mode=True)
    if isinstance(row, Inception):
        return Branches(nn.Sequential(*map(_branch_step, branch)) for branch in row.branches)
    return nn.Sequential(*map(_conv, row.convs))


def _branch_step(step):
    if isinstance(step, MaxPool):
        return nn.MaxPool2d(step.kernel, step.stride, padding=step.kernel // 2)
    return _conv(step)


def _conv(step):
    """A convolution; how many channels come in is seen at the first call."""
    convolution = nn.LazyConv2d(step.filters, step.kernel, step.stride, padding=step.kernel // 2)
    return nn.Sequential(convolution, nn.ReLU(inplace=True))


def _head(head, classes):
    """An auxiliary classifier; a map smaller than its pool (small images) is pooled whole."""
    return nn.Sequential(
        Pool(head.pool, head.stride),
        nn.LazyConv2d(head.filters, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.LazyLinear(head.units),
        nn.ReLU(),
        nn.Dropout(head.dropout),
        nn.LazyLinear(classes),
    )


class Pool(nn.Module):
    """An average pool whose window is clipped to the map."""

    def __init__(self, window, stride):
        super().__init__()
        self.window, self.stride = window, stride

    def forward(self, x):
        """Pools."""
        return functional.avg_pool2d(x, [min(self.window, side) for side in x.shape[2:]], self.stride)


def _rate(top):
    return next(row.rate for row in top if isinstance(row, Dropout))

"""The network's trunk as a PyTorch module with the same weights and torch-lucent's ReLUs, for its pictures."""

import gpu_twin
import numpy as np
import torch
from lucent.modelzoo.inceptionv1.helper_layers import RedirectedReluLayer
from torch import nn

from keras_googlenet.architecture import Inception
from keras_googlenet.architecture.rows import Conv


class Trunk(nn.Module):
    """The rows, of which lucent's hooks know `steps_inception_4c` and so on."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def forward(self, x):
        """The last row's maps."""
        for step in self.steps.values():
            x = step(x)
        return x


def twin(network):
    """A PyTorch module whose maps are the network's.

    Args:
        network: A `visualize.Network` of BVLC's weights.
    """
    trunk = Trunk(gpu_twin.Twin().steps).eval()
    trunk(torch.zeros(1, 3, 64, 64))
    convolutions = [module for module in trunk.modules() if isinstance(module, nn.Conv2d)]
    for convolution, name in zip(convolutions, _names(network.table), strict=True):
        kernel, bias = network.layer(name).get_weights()
        convolution.weight.data = torch.tensor(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)))
        convolution.bias.data = torch.tensor(bias)
    for module in list(trunk.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.ReLU):
                setattr(module, name, RedirectedReluLayer())
    for parameter in trunk.parameters():
        parameter.requires_grad_(False)
    return trunk


def _names(table):
    """The convolutions' names, in the module's order."""
    for row in table.trunk:
        if isinstance(row, Inception):
            yield from (step.name for branch in row.branches for step in branch if isinstance(step, Conv))
        else:
            yield from (conv.name for conv in getattr(row, "convs", ()))

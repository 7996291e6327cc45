"""torchvision's own googlenet with random weights: `pytest.importorskip` for torch comes before it."""

import sys

import numpy as np
import torch


def _import():
    """torchvision's compiled operators do not load beside a PyTorch of another build; googlenet uses none of them."""
    try:
        import torchvision
    except RuntimeError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        missing = torch.library.Library("torchvision", "FRAGMENT")
        for operator in ("nms", "qnms"):
            missing.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision
    return torchvision


torchvision = _import()


DECIDED = 8
"""How much larger than torchvision's own the classifiers' weights are."""


def network(seed, classes, aux_logits=True):
    """Random weights, and normalization's scales, offsets and statistics random too; no dropout; in eval mode.

    The classifiers' weights are large, so that the classes get different probabilities.
    """
    torch.manual_seed(seed)
    built = torchvision.models.googlenet(
        weights=None,
        init_weights=False,
        num_classes=classes,
        aux_logits=aux_logits,
        transform_input=True,
        dropout=0.0,
        dropout_aux=0.0,
    )
    for module in built.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for tensor in (module.weight.data, module.running_var):
                tensor.uniform_(0.5, 1.5)
            for tensor in (module.bias.data, module.running_mean):
                tensor.normal_(0, 0.2)
    for classifier in (built.fc, *((built.aux1.fc2, built.aux2.fc2) if aux_logits else ())):
        classifier.weight.data *= DECIDED
    return built.eval()


def normalized(images):
    """What torchvision's own preprocessing makes of RGB in 0-255: `Normalize` with ImageNet's mean and deviation."""
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    return torch.from_numpy(((images / 255.0 - mean) / deviation).transpose(0, 3, 1, 2).astype("float32"))


def probabilities(built, images):
    """The main head's, of RGB images in 0-255."""
    with torch.no_grad():
        return torch.softmax(built(normalized(images)), 1).numpy()

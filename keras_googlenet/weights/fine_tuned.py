"""Files of networks that somebody has fine-tuned, in which other layers than the published ones stand above the trunk.

In Caffe a classifier for new classes gets a new name, so that it is not filled from the old file:
`loss3/classifier_retrain`. In PyTorch it is put in the place of the old one, often wrapped: `fc.1.weight`.
"""

import re
from collections.abc import Iterable, Mapping

import numpy as np

CLASSIFIERS = {
    "predictions": (r"loss3[^a-zA-Z0-9].+", r"fc\..+"),
    "aux1": (r"loss1[^a-zA-Z0-9].+", r"aux1\.fc2\..+"),
    "aux2": (r"loss2[^a-zA-Z0-9].+", r"aux2\.fc2\..+"),
}
"""The classifiers, and what Caffe's and torchvision's users call the layer that they put in their place."""

PART_OF_HEAD = re.compile(r"(aux|loss)[12][^a-zA-Z0-9]")
"""How the name of a layer that this package does not know begins if it is a part of an auxiliary head."""

_TRUNK = re.compile(
    r"(InceptionV1/)?((bn|scale)_)?(conv\d|inception_?\d[a-z]|Conv2d_\d[a-z]|Mixed_\d[a-z])(?![a-zA-Z0-9])"
)


def layer_of(name: str) -> str:
    """The layer that an array belongs to: `"fc"` of `"fc/kernel"`, and of PyTorch's `"fc.weight"`."""
    return name.rpartition("/" if "/" in name else ".")[0] or name


def recognized(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Gives classifiers that were put in the place of the published ones those ones' names.

    One is recognized where it is a single linear layer (a matrix and a bias) with a name that says whose place it has,
    and the published one is not in the file.

    Args:
        arrays: Arrays as `read` returns them.

    Returns:
        The arrays, a recognized classifier's under the names of this package and as (in, out).

    Example:
        >>> import numpy as np
        >>> file = {"fc.1.weight": np.zeros((5, 1024)), "fc.1.bias": np.zeros(5)}
        >>> {name: array.shape for name, array in recognized(file).items()}
        {'predictions/kernel': (1024, 5), 'predictions/bias': (5,)}
    """
    found = {}
    present = {layer_of(name) for name in arrays}
    for classifier, patterns in CLASSIFIERS.items():
        names = [name for name in arrays if any(re.fullmatch(pattern, layer_of(name)) for pattern in patterns)]
        if classifier not in present and [arrays[name].ndim for name in names] in ([2, 1], [1, 2]):
            for name in names:
                value = arrays[name].T if name.endswith(".weight") else arrays[name]  # PyTorch's is (out, in)
                found[name] = (f"{classifier}/{'bias' if value.ndim == 1 else 'kernel'}", value)
    return dict(found.get(name, (name, array)) for name, array in arrays.items())


def above_trunk(layers: Iterable[str], trunk: Iterable[str]) -> list[str]:
    """The layers of a file that stand above the trunk: what is no part of it, nor by its name within it.

    Args:
        layers: Layers of a file.
        trunk: Layers of the trunk in the network to be loaded.

    Example:
        >>> above_trunk(["conv1_7x7_s2", "conv1_7x7_s2_scale", "fc.0", "loss3_new"], ["conv1_7x7_s2"])
        ['fc.0', 'loss3_new']
    """
    trunk = set(trunk)
    return [layer for layer in layers if layer not in trunk and not _TRUNK.match(layer)]

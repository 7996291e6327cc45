"""From the `weights` argument to a loaded model: which table they were made for, and where they come from."""

import json
import os
import zipfile

from keras_googlenet import weights as weights_lib
from keras_googlenet.architecture import Architecture, Conv, Convolution

_MAX_CONFIG = 16 * 2**20
"""Bytes; the network's own configuration takes a hundredth of it."""


def made_for(weights):
    """The table that some weights were made for.

    Args:
        weights: The `weights` argument of `GoogLeNet`, already known to exist.

    Returns:
        A variant's name, or the `Architecture` that a `.keras` file carries; None where the weights do not tell.
    """
    if isinstance(weights, str) and weights in weights_lib.REGISTRY:
        return weights_lib.REGISTRY[weights].variant
    if weights is None:
        return None
    if os.fspath(weights).lower().endswith(".keras"):
        return _architecture_of(weights)
    return weights_lib.variant_of(weights)


def _architecture_of(path):
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo("config.json").file_size > _MAX_CONFIG:
                raise ValueError("its config.json is too large to be a model's")
            config = json.loads(archive.read("config.json"))["config"].get("architecture")
        return None if config is None else Architecture.from_config(config)
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, AttributeError, ValueError) as error:
        raise weights_lib.WeightsError(
            f"{path} is not a whole `.keras` file: save the model again. Received: {type(error).__name__}: {error}"
        ) from error


def locate(weights, build):
    """The file that some weights are in, downloaded and converted if they have only a name.

    Args:
        weights: A name from the registry or a path.
        build: `GoogLeNet`, which builds the network that a download is converted into.

    Returns:
        A path.

    Raises:
        WeightsError: The weights cannot be downloaded; the message says which file to put where.
    """
    if not (isinstance(weights, str) and weights in weights_lib.REGISTRY):
        return weights
    entry = weights_lib.REGISTRY[weights]

    def build_whole(aux_heads):
        return build(weights=None, variant=entry.variant, aux_heads=aux_heads)

    return weights_lib.fetch(entry, build_whole)


def is_rgb(weights, table):
    """Whether weights are for images of three channels.

    Args:
        weights: A name from the registry or a path.
        table: The `Architecture` of the network.

    Raises:
        WeightsError: A file cannot be read.
    """
    if isinstance(weights, str) and weights in weights_lib.REGISTRY:
        return True
    arrays, layer = weights_lib.read(weights), _first_convolution(table)
    kernel = arrays.get(f"{layer}/kernel", arrays.get(f"{layer}/0"))  # Keras's own files do not name their variables
    return kernel is not None and kernel.ndim == 4 and kernel.shape[2] == 3


def _first_convolution(table):
    """Name of the layer that reads the image."""
    for row in table.trunk:
        steps = row.convs if isinstance(row, Convolution) else sum(getattr(row, "branches", ()), ())
        for step in steps:
            if isinstance(step, Conv):
                return step.name
    return None


def load_pretrained(layers, weights, table, include_top, build):
    """Fills the layers of a new model, all or nothing.

    Args:
        layers: The layers that `GoogLeNet` built.
        weights: A name from the registry or a path.
        table: The `Architecture` of the layers.
        include_top: Whether the layers include the classifier.
        build: `GoogLeNet` itself, which builds the network that a download is converted into.

    Raises:
        WeightsError: A `ValueError`: the weights do not fit, or cannot be read or downloaded.
    """
    weights_lib.load(
        layers,
        locate(weights, build),
        classifier=table.classifier,
        first=_first_convolution(table),
        heads=frozenset(name for head in table.auxiliary for name in head.layers),
        trunk_only=not include_top,
        stacklevel=4,  # the caller of `GoogLeNet`
    )

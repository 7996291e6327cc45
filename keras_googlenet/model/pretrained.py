"""From the `weights` argument to a loaded model: which table they were made for, and where they come from."""

import math
from collections.abc import Iterable
from pathlib import Path

import keras

from keras_googlenet import weights as weights_lib
from keras_googlenet.architecture import Architecture, Conv
from keras_googlenet.architecture.shapes import shapes
from keras_googlenet.architecture.variants import INCEPTION5H
from keras_googlenet.weights import keras_files
from keras_googlenet.weights.download import fetch
from keras_googlenet.weights.formats import format_of, suffix_of
from keras_googlenet.weights.reader import reading
from keras_googlenet.weights.registry import find


def made_for(weights: str | Path | None) -> str | Architecture | None:
    """The table that some weights were made for.

    Args:
        weights: The `weights` argument of `GoogLeNet`, already known to exist.

    Returns:
        A variant's name, or the `Architecture` that a `.keras` file carries; None where the weights do not tell.

    Raises:
        WeightsError: A `.keras` file is damaged.
    """
    if weights is None:
        return None
    if suffix_of(weights) != ".keras":
        told = find(weights) or format_of(weights)
        return told.variant if told else None
    with reading(Path(weights), keras_files.KIND_OF_MODEL):
        config = keras_files.config(weights)["config"].get("architecture")
        if config is None:
            return None
        table = Architecture.from_config(config)
        wanted = sum(map(math.prod, shapes(table, channels=1, classes=1).values()))
        stored = sum(math.prod(dataset.shape) for _, dataset in keras_files.tree(Path(weights)).datasets())
        if wanted > stored:
            raise ValueError(f"its table asks for at least {wanted:,} numbers, and it stores {stored:,}")
        return table


def in_order_of_ilsvrc(weights: str | Path) -> bool:
    """Whether the classifiers of a file have the columns of Google's own network: see `utils.ilsvrc2012`.

    Args:
        weights: A name from the registry or a path.
    """
    told = find(weights) or format_of(weights)
    return told is not None and told.variant == INCEPTION5H.name


def locate(weights: str | Path) -> str | Path:
    """The file that some weights are in, downloaded and converted if they have only a name.

    Args:
        weights: A name from the registry or a path; anything else is returned as it is.

    Returns:
        A path.

    Raises:
        WeightsError: The weights cannot be downloaded; the message says which file to put where.
    """
    named = find(weights)
    return weights if named is None else fetch(named)


def is_rgb(weights: str | Path, table: Architecture) -> bool:
    """Whether weights are for images of three channels.

    Args:
        weights: A name from the registry or a path.
        table: The `Architecture` of the network.

    Raises:
        WeightsError: A file cannot be read.
    """
    if find(weights) is not None:
        return True
    kernel = keras_files.variable(weights_lib.read(weights), _first_convolution(table), "kernel")
    return kernel is not None and kernel.ndim == 4 and kernel.shape[2] == 3


def _first_convolution(table: Architecture) -> str:
    """Name of the layer that reads the image."""
    parts = ((*getattr(row, "convs", ()), *sum(getattr(row, "branches", ()), ())) for row in table.trunk)
    return next((step.name for steps in parts for step in steps if isinstance(step, Conv)), "")


def load_pretrained(layers: Iterable[keras.Layer], weights: str | Path, table: Architecture, include_top: bool) -> None:
    """Fills the layers of a new model, all or nothing.

    Args:
        layers: The layers that `GoogLeNet` built.
        weights: A name from the registry or a path.
        table: The `Architecture` of the layers.
        include_top: Whether the layers include the classifier.

    Raises:
        WeightsError: A `ValueError`: the weights do not fit, or cannot be read or downloaded.
    """
    weights_lib.load(
        layers,
        locate(weights),
        classifier=table.classifier,
        first=_first_convolution(table),
        heads=frozenset(name for head in table.auxiliary for name in head.layers),
        trunk_only=not include_top,
        in_order_of_ilsvrc=in_order_of_ilsvrc(weights),
        stacklevel=4,  # the caller of `GoogLeNet`
    )

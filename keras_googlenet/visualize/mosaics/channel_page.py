"""All channels of a layer on one page, each as a small picture that excites it."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_googlenet.errors import InputError
from keras_googlenet.model.digest import add_model
from keras_googlenet.utils.messages import shown
from keras_googlenet.utils.writing import written_whole
from keras_googlenet.visualize.mosaics.icons import BATCH, SIDE, STEPS, icons
from keras_googlenet.visualize.network import Network
from keras_googlenet.visualize.sheet import sheet

COLUMNS = 16
"""Pictures in a row."""


def layer_page(
    model: keras.Model | Network,
    layer: str,
    channels: Sequence[int] | None = None,
    *,
    keep: str | Path | None = None,
    columns: int = COLUMNS,
    side: int = SIDE,
    steps: int = STEPS,
    batch_size: int = BATCH,
    seed: int = 0,
    verbose: int = 0,
) -> np.ndarray:
    """Draws every channel of a layer, with its number below it.

    A channel is drawn as a direction: the picture has much of it and, compared with that, little of the others.

    Args:
        model: A model that is a GoogLeNet or holds one; or the `Network` of one.
        layer: A layer that makes maps, by any of its names.
        channels: Indices of the channels to draw; None means all.
        keep: A folder, made where there is none, in which each batch is kept as soon as it is drawn. The same call
            takes from there what is drawn already, after an interruption, too. None keeps nothing.
        columns: Pictures in a row.
        side: Of a picture, pixels.
        steps: Steps of gradient ascent.
        batch_size: Channels that are drawn at a time.
        seed: Of the ascent.
        verbose: As in Keras: 1 for a progress bar, which tells how long it will take.

    Returns:
        uint8 RGB array.

    Raises:
        InputError: There is no such layer or channel, or the model has no gradients.
        WriteError: The folder cannot be written to.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(64, 64, 3))
        >>> layer_page(model, "conv2", range(8), side=32, steps=1, columns=4).shape
        (152, 178, 3)
    """
    network = model if isinstance(model, Network) else Network(model)
    layer = network.endpoint(layer)
    count = network.endpoints[layer].shape[-1]
    channels = list(range(count) if channels is None else channels)
    for index in channels:
        if not 0 <= index < count:
            raise InputError(f"{layer} has the channels 0 to {count - 1}. Received: {shown(index)}")
    if not channels or columns < 1 or batch_size < 1:
        raise InputError("Expected 1 or more of channels, columns and a batch")
    options = {"side": side, "steps": steps, "batch_size": batch_size, "seed": seed}
    follows = _follows(network, layer, options) if keep is not None else ""
    bar = keras.utils.Progbar(len(channels), verbose=verbose, unit_name="channel")
    pictures = []
    for start in range(0, len(channels), batch_size):
        batch = channels[start : start + batch_size]
        path = None if keep is None else Path(keep, f"{layer}-{batch[0]}-{_digest(follows, batch)}.npy")
        drawn = None if path is None else _kept(path, (len(batch), side, side, 3))
        if drawn is None:
            drawn = icons(network, layer, np.eye(count)[batch], **options)
            if path is not None:
                with written_whole(path) as partial, partial.open("wb") as file:
                    np.save(file, drawn)
        pictures += [(picture, str(index)) for picture, index in zip(drawn, batch, strict=True)]
        bar.add(len(batch))
    rows = [("", pictures[start : start + columns]) for start in range(0, len(pictures), columns)]
    return sheet(f"{layer}: {len(channels)} of {count} channels", rows, side=side)


def _follows(network: Network, layer: str, options: dict[str, Any]) -> str:
    """What the pictures follow from."""
    found = hashlib.sha256(repr((layer, sorted(options.items()), keras.backend.backend())).encode())
    add_model(found, network.model)
    return found.hexdigest()


def _digest(follows: str, batch: Sequence[int]) -> str:
    return hashlib.sha256(f"{follows} {list(batch)}".encode()).hexdigest()[:12]


def _kept(path: Path, shape: tuple[int, ...]) -> np.ndarray | None:
    """What a batch was drawn as; None where it was not, or its file is damaged."""
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    good = isinstance(found, np.ndarray) and found.shape == shape and found.dtype == np.uint8
    return found if good else None

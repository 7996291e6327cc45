"""What layers of a network make of many images, in memory or in a file: features, for what others build on them."""

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_googlenet.data.errors import DataError, ImageError
from keras_googlenet.data.stamps import stamps
from keras_googlenet.errors import InputError
from keras_googlenet.model.digest import add_model
from keras_googlenet.utils.messages import shown
from keras_googlenet.visualize.dataset.image_batches import OnError, Paths, layer_outputs, listed
from keras_googlenet.visualize.dataset.partial_features import PartialFeatures
from keras_googlenet.visualize.network import Network

POOLINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda maps: maps.mean(axis=(1, 2), dtype="float64").astype("float32"),
    "max": lambda maps: maps.max(axis=(1, 2)),
    "none": lambda maps: maps,
}
"""Over the places of a map."""


class Features(NamedTuple):
    """Features in memory.

    Attributes:
        paths: Of the images that could be read, in order.
        layers: For each layer, by this package's name, a float32 array of a row for each image.
    """

    paths: list[str]
    layers: dict[str, np.ndarray]


def features(
    model: keras.Model | Network,
    paths: Paths,
    layers: str | Sequence[str],
    *,
    pooling: str = "mean",
    batch_size: int = 32,
    on_error: OnError | None = None,
) -> Features:
    """What layers make of images, in memory; `write_features` is for more of them than fit there.

    Args:
        model: A model that is a GoogLeNet or holds one; or the `Network` of one.
        paths: Of image files and folders, or one of these. Of each image the network sees the central square.
        layers: A layer, by any of its names (see `GoogLeNetModel.endpoints`), or several.
        pooling: `mean` or `max` over the places of a map, or `none` for whole maps. A vector stays as it is.
        batch_size: Images in a batch.
        on_error: Called with the error of an image that cannot be read, which is then left out; None raises it.

    Returns:
        `Features`, of shape (images, channels), or (images, rows, columns, channels).

    Raises:
        InputError: There is no such layer, or no image.
        ImageError: An image cannot be read.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> paths, layers = features(GoogLeNet(), "photos", "mixed4a")  # doctest: +SKIP
        >>> layers["inception_4a"].shape  # doctest: +SKIP
        (250, 512)
    """
    network, endpoints, pool = _asked(model, layers, pooling, batch_size)
    files = listed(paths, on_error)
    kept: dict[str, list[np.ndarray]] = {name: [] for name in endpoints}
    read: list[str] = []
    for done, readable, rows in layer_outputs(
        network, endpoints, files, batch_size=min(batch_size, len(files)), on_error=on_error
    ):
        batch = files[done - len(readable) : done]
        read += [path for path, good in zip(batch, readable, strict=True) if good]
        for name in endpoints:
            kept[name].append(pool(rows[name]))
    return Features(read, {name: np.concatenate(parts) for name, parts in kept.items()})


def write_features(
    model: keras.Model | Network,
    paths: Paths,
    layers: str | Sequence[str],
    file: str | Path,
    *,
    pooling: str = "mean",
    batch_size: int = 32,
    name: str = "model",
    on_error: OnError | None = None,
    on_batch: Callable[[int], None] | None = None,
    restart: bool = False,
    verbose: int | str = "auto",
) -> int:
    """Writes what layers make of images into a file, in memory that does not grow with their number.

    What is done is kept in a folder beside the file, its name with `.part` behind it. After an interruption of any kind
    the same call goes on from there, and the file has the same bytes as if there had been none. Another model, other
    images, layers, pooling, precision or size of batch are refused there.

    An `.npz` file has, for `numpy.load`: `paths`, texts; for each layer, by this package's name, a float32 array of a
    row for each image; `layers`, their names; `pooling`; `model`, `name`; and `digest`, a checksum of its weights. A
    `.parquet` file, which needs pyarrow, has columns of the same names, and the rest in its metadata.

    Args:
        model: As in `features`.
        paths: Likewise.
        layers: Likewise.
        file: Where to, ending in `.npz` or `.parquet`. It may not be there yet.
        pooling: As in `features`.
        batch_size: Likewise.
        name: What the model is called in the file.
        on_error: As in `features`. What could not be read before work was stopped is told again.
        on_batch: Called with how many images are done, after each batch.
        restart: Whether to begin anew where a folder `.part` is left.
        verbose: 0 for silence, 1 for Keras's progress bar, 2 for one line at the end; `auto` is 1.

    Returns:
        How many images are in the file.

    Raises:
        InputError: There is no such layer or no image, the file is there already (`ExistsError`), or the folder is of
            something else (`FeaturesError`).
        ImageError: An image cannot be read.
        WorkError: Another process writes this file, the disk is full (`WriteError`) or the memory (`MemoryShortage`).

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> write_features(GoogLeNet(), "photos", ["4a", "mixed4c"], "features.npz")  # doctest: +SKIP
        250
    """
    network, endpoints, pool = _asked(model, layers, pooling, batch_size)
    files, errors = listed(paths, on_error), list[DataError]()
    batch_size = min(batch_size, len(files))
    about = {"layers": endpoints, "pooling": pooling, "model": name, "digest": _digest(network)}
    follows = {"images": _images(files), "batch size": batch_size, "backend": keras.backend.backend()}
    bar = keras.utils.Progbar(len(files), verbose=1 if verbose == "auto" else verbose, unit_name="image")
    kept = PartialFeatures(file, files, _shapes(network, endpoints, pool), about, follows, restart)
    try:
        for reason in kept.unreadable.values():
            _tell(ImageError(reason), on_error)
        bar.update(kept.done, finalize=False)
        passes = layer_outputs(
            network, endpoints, files, batch_size=batch_size, first=kept.done, on_error=errors.append
        )
        for done, readable, rows in passes:
            for error in errors:
                _tell(error, on_error)
            kept.add(done, readable, {name: pool(rows[name]) for name in endpoints}, list(map(str, errors)))
            errors.clear()
            bar.update(done, finalize=False)
            if on_batch is not None:
                on_batch(done)
        kept.finish()
    except BaseException:
        kept.give_up()
        raise
    bar.update(len(files), finalize=True)
    return len(files) - len(kept.unreadable)


def _asked(
    model: Any, layers: str | Sequence[str], pooling: str, batch_size: int
) -> tuple[Network, list[str], Callable[[np.ndarray], np.ndarray]]:
    """The network, its endpoints, each once, and what pools their maps."""
    if batch_size < 1:
        raise InputError(f"`batch_size` must be at least 1. Received: {batch_size}")
    if pooling not in POOLINGS:
        raise InputError(f"`pooling` must be one of {', '.join(POOLINGS)}. Received: {shown(pooling)}")
    network = model if isinstance(model, Network) else Network(model)
    asked = [layers] if isinstance(layers, str) else layers
    endpoints = list(dict.fromkeys(map(network.endpoints.name, asked)))
    if not endpoints:
        raise InputError("Expected the name of a layer. Received: none")
    return network, endpoints, lambda rows: POOLINGS[pooling](rows) if rows.ndim == 4 else rows


def _shapes(network: Network, endpoints: Sequence[str], pool: Any) -> dict[str, tuple[int, ...]]:
    shapes = network.features(*endpoints).compute_output_shape((1, *network.images.size, network.images.channels))
    return {name: pool(np.zeros(shapes[name], "float32")).shape[1:] for name in endpoints}


def _digest(network: Network) -> str:
    found = hashlib.sha256()
    add_model(found, network.model)
    return found.hexdigest()


def _images(files: Sequence[str]) -> str:
    """What tells these images from others: their paths, sizes and times of modification."""
    found = hashlib.sha256(b"".join(os.fsencode(path) + b"\0" for path in files))
    found.update(stamps(list(map(os.fsencode, files)))[:, :2].tobytes())
    return found.hexdigest()


def _tell(error: DataError, on_error: OnError | None) -> None:
    if on_error is None:
        raise error
    on_error(error)

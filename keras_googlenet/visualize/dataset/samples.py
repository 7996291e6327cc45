"""What a layer sees in many images: the vectors of all channels at random places, a few of each image."""

from typing import NamedTuple

import keras
import numpy as np

from keras_googlenet.errors import InputError
from keras_googlenet.utils.messages import shown
from keras_googlenet.visualize.dataset.image_batches import OnError, Paths, layer_outputs, listed
from keras_googlenet.visualize.network import Network

IMAGES = 5000
"""Images at most: t-SNE takes half a minute of so many."""


class Samples(NamedTuple):
    """Vectors of a layer, in the order of the images.

    Attributes:
        layer: The layer's name.
        paths: Of each vector's image.
        places: int array of shape (vectors, 2): the row and the column that each was taken at.
        vectors: float32 array of shape (vectors, channels).
    """

    layer: str
    paths: list[str]
    places: np.ndarray
    vectors: np.ndarray


def sample_activations(
    model: keras.Model | Network,
    paths: Paths,
    layer: str,
    *,
    images: int = IMAGES,
    places: int = 1,
    batch_size: int = 32,
    seed: int = 0,
    on_error: OnError | None = None,
    verbose: int = 0,
) -> Samples:
    """The vectors of a layer at random places of images.

    Only these are kept: the memory grows with their number, not with the size of the layer's maps. The places at the
    border are left out where there are others, since there the layer sees the padding.

    Args:
        model: A model that is a GoogLeNet or holds one; or the `Network` of one.
        paths: Of image files and folders, or one of these. Of each image the network sees the central square.
        layer: A layer that makes maps, by any of its names.
        images: Images at most. Of more, so many are chosen at random.
        places: Places of each image, all different.
        batch_size: Images in a batch.
        seed: Of what is chosen. The places of an image do not depend on whether others can be read.
        on_error: Called with the error of an image that cannot be read, which is then left out; None raises it.
        verbose: As in Keras: 1 for a progress bar.

    Returns:
        `Samples`.

    Raises:
        InputError: There is no such layer, no image, or the layer has fewer places.
        ImageError: An image cannot be read.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> sample_activations(GoogLeNet(), "photos", "mixed4d").vectors.shape  # doctest: +SKIP
        (250, 528)
    """
    network = model if isinstance(model, Network) else Network(model)
    layer, files = network.endpoint(layer), listed(paths, on_error)
    if images < 1:
        raise InputError(f"Expected to take 1 image or more. Received: {shown(images)}")
    if len(files) > images:
        chosen = np.random.default_rng(seed).choice(len(files), images, replace=False)
        files = [files[index] for index in sorted(chosen)]
    bar = keras.utils.Progbar(len(files), verbose=verbose, unit_name="image")
    taken, kept, read = list[np.ndarray](), list[np.ndarray](), list[str]()
    batches = layer_outputs(network, [layer], files, batch_size=min(batch_size, len(files)), on_error=on_error)
    for done, readable, rows in batches:
        first = done - len(readable)
        for index, maps in zip((first + np.flatnonzero(readable)).tolist(), rows[layer], strict=True):
            where = _places(maps.shape[:2], places, np.random.default_rng([seed, index]))
            taken.append(where)
            kept.append(maps[where[:, 0], where[:, 1]])
            read += [files[index]] * places
        bar.update(done)
    if not kept:
        raise InputError(f"None of {len(files):,} images could be read")
    return Samples(layer, read, np.concatenate(taken), np.concatenate(kept))


def _places(shape, count, rng):
    """So many different places of a map of this shape, inside its border where it has an inside."""
    borders = [int(side > 2) for side in shape]
    inner = [side - 2 * border for side, border in zip(shape, borders, strict=True)]
    if not 1 <= count <= inner[0] * inner[1]:
        raise InputError(f"Expected 1 to {inner[0] * inner[1]} places of each image. Received: {shown(count)}")
    chosen = rng.choice(inner[0] * inner[1], count, replace=False)
    return np.stack(np.unravel_index(chosen, inner), axis=1) + borders

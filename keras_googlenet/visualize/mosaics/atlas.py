"""An activation atlas: what a layer sees in many images, like things side by side (Carter et al., 2019).

Vectors of the layer, taken at random places of the images, are laid out in the plane by their likeness. A grid lies
over the plane. The mean of the vectors in a cell is a direction, and a picture of it is drawn there.
"""

from typing import NamedTuple

import keras
import numpy as np
from sklearn.manifold import TSNE

from keras_googlenet.errors import InputError
from keras_googlenet.utils.extras import optional
from keras_googlenet.utils.messages import shown
from keras_googlenet.visualize.dataset.image_batches import OnError, Paths
from keras_googlenet.visualize.dataset.samples import IMAGES, Samples, sample_activations
from keras_googlenet.visualize.mosaics.icons import BATCH, SIDE, STEPS, icons
from keras_googlenet.visualize.mosaics.mosaic import mosaic
from keras_googlenet.visualize.network import Network

LEAST = 10
"""Vectors of which a plane can be made."""

OF_A_CELL = 6
"""Vectors of a cell, about, where the grid's size is not given."""

FEWEST = 2
"""Vectors that a cell is drawn with."""

CELLS = (2, 64)
"""Fewest and most cells a side."""


class Cells(NamedTuple):
    """The cells of an atlas that are drawn, row by row.

    Attributes:
        places: int array of shape (cells, 2): the row and the column of each.
        counts: int array of shape (cells,): how many vectors are in it.
        directions: float32 array of shape (cells, channels): their mean.
        members: For each cell the indices of its vectors.
    """

    places: np.ndarray
    counts: np.ndarray
    directions: np.ndarray
    members: list[np.ndarray]


def activation_atlas(
    model: keras.Model | Network,
    paths: Paths | Samples,
    layer: str | None = None,
    *,
    images: int = IMAGES,
    places: int = 1,
    layout: str = "tsne",
    cells: int | None = None,
    fewest: int = FEWEST,
    side: int = SIDE,
    steps: int = STEPS,
    batch_size: int = BATCH,
    seed: int = 0,
    on_error: OnError | None = None,
    verbose: int = 0,
) -> np.ndarray:
    """Draws what a layer sees in many images.

    Args:
        model: A model that is a GoogLeNet or holds one; or the `Network` of one.
        paths: Of image files and folders, or one of these; or the `Samples` of such.
        layer: A layer that makes maps, by any of its names; None where `Samples` are given, which have one.
        images: Images at most, as in `sample_activations`.
        places: Places of each image, likewise. Several make a fuller atlas of a small folder.
        layout: `tsne`, scikit-learn's, or `umap`, which needs umap-learn.
        cells: Rows and columns of the grid. None means about 6 vectors a cell.
        fewest: Vectors that a cell needs to be drawn.
        side: Of a cell, pixels.
        steps: Steps of gradient ascent.
        batch_size: Cells that are drawn at a time, and images that are looked at.
        seed: Of all that is random.
        on_error: Called with the error of an image that cannot be read, which is then left out; None raises it.
        verbose: As in Keras: 1 for progress bars.

    Returns:
        uint8 RGB array: cells of `side` pixels with 2 pixels of white between them, white where there are too few
        vectors. A picture is the larger the more vectors it stands for: its side goes from half a cell's to the whole
        for most.

    Raises:
        InputError: There is no such layer or layout, fewer than 10 vectors, or no cell with enough of them.
        ImageError: An image cannot be read.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(64, 64, 3))
        >>> vectors = np.random.default_rng(0).random((40, 192), "float32")
        >>> samples = Samples("conv2", ["?"] * 40, np.zeros((40, 2), int), vectors)
        >>> activation_atlas(model, samples, cells=2, side=32, steps=1).shape
        (70, 70, 3)

    Reference:
        [Activation Atlas](https://distill.pub/2019/activation-atlas/).
    """
    network = model if isinstance(model, Network) else Network(model)
    if layout not in LAYOUTS:
        raise InputError(f"`layout` must be one of {', '.join(LAYOUTS)}. Received: {shown(layout)}")
    if cells is not None and not CELLS[0] <= cells <= CELLS[1]:
        raise InputError(f"Expected {CELLS[0]} to {CELLS[1]} cells a side. Received: {shown(cells)}")
    options = {"batch_size": batch_size, "seed": seed, "verbose": verbose}
    samples = _samples(network, paths, layer, images=images, places=places, on_error=on_error, **options)
    plane = LAYOUTS[layout](units(samples.vectors), seed)
    cells = cells or int(np.clip(np.sqrt(len(plane) / OF_A_CELL), *CELLS))
    found = in_cells(samples.vectors, plane, cells, fewest)
    pictures = icons(network, samples.layer, found.directions, side=side, steps=steps, **options)
    return mosaic(pictures, found.places.tolist(), found.counts, (cells, cells))


def in_cells(vectors: np.ndarray, plane: np.ndarray, cells: int, fewest: int) -> Cells:
    """The means of vectors that are in one cell of a grid over the plane.

    Args:
        vectors: Array of shape (vectors, channels).
        plane: Array of shape (vectors, 2). The grid goes from its least to its largest numbers; rows go down with the
            second.
        cells: Rows and columns.
        fewest: Vectors that a cell needs to be there.

    Returns:
        `Cells`.

    Raises:
        InputError: No cell has so many.

    Example:
        >>> found = in_cells(np.eye(3), np.array([[0.0, 0], [0.1, 0], [1, 1]]), 2, 2)
        >>> found.places.tolist(), found.counts.tolist(), found.directions.tolist()
        ([[0, 0]], [2], [[0.5, 0.5, 0.0]])
    """
    low, high = plane.min(0), plane.max(0)
    scaled = (plane - low) / np.where(high == low, 1, high - low)
    columns, rows = np.minimum((scaled * cells).astype(int), cells - 1).T
    numbers, members, counts = np.unique(rows * cells + columns, return_inverse=True, return_counts=True)
    kept = np.flatnonzero(counts >= fewest)
    if not len(kept):
        raise InputError(f"No cell has {fewest} vectors; the fullest has {counts.max()}. Give fewer cells, or `fewest`")
    of_cells = [np.flatnonzero(members == cell) for cell in kept]
    means = np.stack([vectors[indices].mean(0) for indices in of_cells])
    return Cells(np.stack(np.divmod(numbers[kept], cells), axis=1), counts[kept], means, of_cells)


def _samples(network, paths, layer, **options):
    """The samples, if these are not given."""
    if not isinstance(paths, Samples):
        if layer is None:
            raise InputError("Expected the name of a layer. Received: none")
        paths = sample_activations(network, paths, layer, **options)
    elif layer is not None and network.endpoint(layer) != paths.layer:
        raise InputError(f"These samples are of {paths.layer}. Received: layer={shown(layer)}")
    if len(paths.vectors) < LEAST:
        raise InputError(
            f"An atlas is made of {LEAST} vectors or more: give more images, or more places of each. "
            f"Received: {len(paths.vectors)}"
        )
    return paths


def units(vectors):
    """Vectors of length 1, whose distances tell how alike their directions are; those of zeros stay so."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths == 0, 1, lengths)


def _tsne(vectors, seed):
    return TSNE(perplexity=min(30, (len(vectors) - 1) / 3), init="pca", random_state=seed).fit_transform(vectors)


def _umap(vectors, seed):
    umap = optional("umap", "The layout umap needs umap-learn", extra="umap")
    neighbors = min(20, len(vectors) - 1)
    return umap.UMAP(n_neighbors=neighbors, min_dist=0.01, random_state=seed, n_jobs=1).fit_transform(vectors)


LAYOUTS = {"tsne": _tsne, "umap": _umap}
"""From vectors and a seed to places in the plane, an array of shape (vectors, 2). UMAP's constants are the authors'."""

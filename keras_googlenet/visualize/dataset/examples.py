"""Dataset examples: the images of a folder that excite a channel most and least, and where in them it looks."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import numpy as np

from keras_googlenet.errors import InputError, WorkError
from keras_googlenet.utils.messages import one_line
from keras_googlenet.visualize.channels import parse_channel
from keras_googlenet.visualize.dataset.image_batches import OnError, Paths, layer_outputs, listed
from keras_googlenet.visualize.network import Network
from keras_googlenet.visualize.receptive import centers, field

NOWHERE = -1
"""In the place of a place in a flat map whose values are all the same."""


class Example(NamedTuple):
    """An image, and the place in it that a channel's value is of.

    Pixels are those of what the network sees of the image, `data.center_crop` of its input's size.

    Attributes:
        path: Of the image.
        value: Of the channel at that place.
        place: Row and column of the channel's map; None where no place differs from another, as in a vector, or where
            a ReLU left nothing.
        box: Left, upper, right and lower edge, pixels, of what that place sees of the image, its receptive field: a
            slice of the image is `image[upper:lower, left:right]`.
        center: Row and column, pixels, of the field's center, which may lie beyond the image's edge.
    """

    path: str
    value: float
    place: tuple[int, int] | None
    box: tuple[int, int, int, int]
    center: tuple[float, float]


class ChannelExamples(NamedTuple):
    """Images for a channel, each at most once in a list.

    Attributes:
        layer: The endpoint's name.
        channel: Its index.
        most: The images whose largest value, of all places, is the largest; the largest first.
        least: Those whose largest value is the smallest; the smallest first. After a ReLU many may have 0.
        lowest: Those whose smallest value is the smallest; the smallest first. Before a ReLU, what drives the channel
            most below zero.
    """

    layer: str
    channel: int
    most: list[Example]
    least: list[Example]
    lowest: list[Example]


def dataset_examples(
    model: keras.Model | Network,
    images: Paths,
    channels: str | Sequence[str],
    *,
    count: int = 8,
    batch_size: int = 32,
    on_error: OnError | None = None,
    on_batch: Callable[[int], None] | None = None,
    verbose: int | str = "auto",
) -> list[ChannelExamples]:
    """The images that excite channels most and least, found in one pass over all images for all channels.

    The memory that is taken does not grow with the number of images.

    Args:
        model: A model that is a GoogLeNet or holds one; or the `Network` of one.
        images: Paths of image files and folders, or one of these. Of each the network sees the central square.
        channels: A channel, a layer by any of its names and a number, such as `mixed4a:97`; or several.
        count: Images in each list.
        batch_size: Images in a batch.
        on_error: Called with the error of an image that cannot be read, which is then left out; None raises it.
        on_batch: Called with how many images are done, after each batch.
        verbose: 0 for silence, 1 for Keras's progress bar, 2 for one line at the end; `auto` is 1.

    Returns:
        `ChannelExamples` for each channel. Of images with equal values the first come first.

    Raises:
        InputError: There is no such layer or channel, or no image.
        ImageError: An image cannot be read.
        WorkError: A value is not a number.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> [found] = dataset_examples(GoogLeNet(), "photos", "mixed4a:97")  # doctest: +SKIP
        >>> found.most[0].path, found.most[0].value  # doctest: +SKIP
        ('photos/dog.jpg', 211.3)

    Reference:
        Olah, Mordvintsev and Schubert, [Feature Visualization](https://distill.pub/2017/feature-visualization), 2017.
    """
    if count < 1:
        raise InputError(f"`count` must be at least 1. Received: count={count}")
    network = model if isinstance(model, Network) else Network(model)
    asked = [parse_channel(network, text) for text in ([channels] if isinstance(channels, str) else channels)]
    files, endpoints = listed(images, on_error), list(dict.fromkeys(layer for layer, _ in asked))
    if not asked:
        raise InputError("Expected one or more channels, such as 4a:97. Received: none")
    best = [_Best(count) for _ in asked]
    shapes: dict[str, tuple[int, ...]] = {}
    bar = keras.utils.Progbar(len(files), verbose=1 if verbose == "auto" else verbose, unit_name="image")
    passes = layer_outputs(network, endpoints, files, batch_size=min(batch_size, len(files)), on_error=on_error)
    for done, readable, rows in passes:
        numbers = np.flatnonzero(readable) + done - len(readable)
        for (layer, channel), kept in zip(asked, best, strict=True):
            shapes[layer] = rows[layer].shape[1:-1]
            if len(numbers):
                kept.add(numbers, rows[layer][..., channel].reshape(len(numbers), -1), files)
        bar.update(done, finalize=done == len(files))
        if on_batch is not None:
            on_batch(done)
    return [
        ChannelExamples(layer, channel, *(_examples(network, layer, shapes[layer], one, files) for one in kept.lists()))
        for (layer, channel), kept in zip(asked, best, strict=True)
    ]


class _Best:
    """The best images so far: a few triples of a value, an image's number and a place in its flat map, in each list."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._most, self._least, self._lowest = [], [], []  # type: tuple[list, list, list]

    def add(self, numbers: np.ndarray, maps: np.ndarray, files: Sequence[str]) -> None:
        """Looks at the maps of some images, of shape (images, places), one place at the least."""
        if not np.isfinite(maps).all():
            wrong = files[numbers[~np.isfinite(maps).all(axis=1)][0]]
            raise WorkError(f"{one_line(wrong)}: the layer's values are no finite numbers")
        same = maps.max(axis=1) == maps.min(axis=1)
        largest, smallest = (
            list(zip(values.tolist(), numbers.tolist(), np.where(same, NOWHERE, places).tolist(), strict=True))
            for values, places in ((maps.max(axis=1), maps.argmax(axis=1)), (maps.min(axis=1), maps.argmin(axis=1)))
        )
        self._most = sorted(self._most + largest, key=lambda one: (-one[0], one[1]))[: self._count]
        self._least = sorted(self._least + largest)[: self._count]
        self._lowest = sorted(self._lowest + smallest)[: self._count]

    def lists(self) -> tuple[list, list, list]:
        return self._most, self._least, self._lowest


def _examples(network: Network, layer: str, shape: tuple[int, ...], found: list, files: Sequence[str]) -> list[Example]:
    """What is known of the best images, of whose maps `shape` is the rows and columns."""
    examples, sizes = [], network.images.size
    for value, number, flat in found:
        place = None if flat == NOWHERE else divmod(flat, shape[1])
        spans = [(0, side, (side - 1) / 2) for side in sizes]
        if place is not None:
            spans = [_span(network, layer, *along) for along in zip(sizes, shape, place, strict=True)]
        (top, bottom, row), (left, right, column) = spans
        examples.append(Example(files[number], value, place, (left, top, right, bottom), (row, column)))
    return examples


def _span(network: Network, layer: str, side: int, places: int, place: int) -> tuple[int, int, float]:
    """Where a place's field begins and ends within the image, along one side, and its center."""
    center, seen = float(centers(network.table, layer, side)(places)[place]), field(network.table, layer, side)
    start, stop = (0, side) if seen is None else seen.pixels(place)
    return max(0, start), min(side, stop), center

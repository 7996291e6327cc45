"""Between the images of a split and the network: reading ahead, and batches that are full whatever their number."""

import itertools
import os
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
import numpy as np

from keras_googlenet.data import ImageError
from keras_googlenet.data.splits import Split
from keras_googlenet.model.outputs import check_probabilities


def predict_crops(
    model: keras.Model,
    images: Iterable[tuple[int, np.ndarray]],
    views: int,
    batch_size: int,
    preprocess: Callable[[np.ndarray], Any],
) -> Iterator[tuple[int, np.ndarray]]:
    """Has a model see the crops of images; those of neighboring images share batches.

    All batches have the same shape, and each crop has a place of its own in them, which follows from the image's: that
    of an image which is left out stays empty. So an evaluation that goes on computes what it would have computed,
    to the last bit, where a row of a matrix product depends on where in the batch it is.

    Args:
        model: A classifier whose output, or the first of several, is probabilities.
        images: The place of each image in the split, in that order, and its uint8 crops, of shape
            `(views, size, size, 3)`.
        views: Crops of an image.
        batch_size: Crops in a batch.
        preprocess: From uint8 crops to what the model takes.

    Yields:
        An image's place and its float64 rows, of shape `(views, classes)`, as soon as they are known.

    Raises:
        WorkError: The model's output is not probabilities.
    """
    crops = (
        (place, *divmod(place * views + number, batch_size), crop)
        for place, some in images
        for number, crop in enumerate(some)
    )
    rows: list[np.ndarray] = []
    for _, group in itertools.groupby(crops, key=lambda crop: crop[1]):
        batch = list(group)
        full = np.zeros((batch_size, *batch[0][-1].shape), batch[0][-1].dtype)
        places, _, slots, some = zip(*batch, strict=True)
        full[list(slots)] = some
        output = model.predict_on_batch(np.asarray(preprocess(full)))
        output = np.asarray(output[0] if isinstance(output, (list, tuple)) else output, "float64")[list(slots)]
        check_probabilities(output)
        for place, row in zip(places, output, strict=True):
            rows.append(row)
            if len(rows) == views:
                yield place, np.stack(rows)
                rows = []


def read_ahead(
    split: Split, places: Collection[int], crop: Callable[[np.ndarray], np.ndarray], skip: bool = False
) -> Iterator[tuple[int, np.ndarray | None]]:
    """Reads some images of a split by threads, a few at a time.

    Args:
        split: Where they come from.
        places: Which images, by their place in the split's fixed order.
        crop: From an image to what is wanted of it.
        skip: Whether to pass over images that cannot be read.

    Yields:
        The place and what `crop` makes of the image, in the split's order; None for an image that is skipped.

    Raises:
        ImageError: An image cannot be read.
    """
    passed_over = (ImageError,) if skip else ()

    def read(record: Any) -> np.ndarray | None:
        try:
            return crop(split.read(record))
        except passed_over:
            return None

    wanted = set(places)
    records = itertools.islice(split.fixed().as_numpy_iterator(), max(wanted, default=-1) + 1)
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        queue: deque = deque()
        try:
            for place, (_, record, _) in enumerate(records):
                if place in wanted:
                    queue.append((place, pool.submit(read, record)))
                if len(queue) > workers:
                    first, future = queue.popleft()
                    yield first, future.result()
            for first, future in queue:
                yield first, future.result()
        finally:
            pool.shutdown(cancel_futures=True)

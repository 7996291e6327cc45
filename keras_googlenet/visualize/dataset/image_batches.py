"""Image files through a network, a batch at a time: few are in memory, however many there are."""

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from keras_googlenet.data.center_crop import Size
from keras_googlenet.data.errors import DataError, ImageError
from keras_googlenet.data.images import read_view
from keras_googlenet.data.scan import image_files
from keras_googlenet.data.worker_pool import processes
from keras_googlenet.errors import InputError
from keras_googlenet.model import memory
from keras_googlenet.visualize.network import Network

AHEAD = 2
"""Batches that are read while the network computes."""

Paths = str | os.PathLike | Iterable[str | os.PathLike]
OnError = Callable[[DataError], None]


def listed(paths: Paths, on_error: OnError | None = None) -> list[str]:
    """Image files, in order; in the place of a folder all images in it, at any depth, sorted by path.

    Args:
        paths: Of files and folders, or one of these.
        on_error: Called with what cannot be listed; None raises it.

    Raises:
        InputError: There is no image.
    """
    files: list[str] = []
    for path in [paths] if isinstance(paths, (str, os.PathLike)) else paths:
        files += map(str, image_files(Path(path), on_error) if os.path.isdir(path) else [os.fspath(path)])
    if not files:
        raise InputError("Expected one or more images. Received: none")
    return files


def layer_outputs(
    network: Network,
    endpoints: Sequence[str],
    files: Sequence[str],
    *,
    batch_size: int,
    first: int = 0,
    on_error: OnError | None = None,
) -> Iterator[tuple[int, np.ndarray, dict[str, np.ndarray]]]:
    """What layers make of images.

    Each batch is of the same size, filled up where it has to be, and of the same files whatever came before: numbers do
    not depend on where this began.

    Args:
        network: A `Network`.
        endpoints: Keys of `network.endpoints`.
        files: Paths of images, of which the network sees the central part.
        batch_size: Images in a batch.
        first: The image to begin with, the first of a batch.
        on_error: Called with the error of an image that cannot be read, which is then left out; None raises it.

    Yields:
        How many images are done; bool array, which of the batch could be read; and for each endpoint a float32 array
        of these images' outputs, of shape (images, ...).

    Raises:
        ImageError: An image cannot be read.
        MemoryShortage: The memory has no room for a batch.
    """
    model, images = network.features(*endpoints), network.images
    with memory.batches(model, batch_size, images.side):
        for start, views in _read_ahead(files, images.side, batch_size, first):
            readable = np.array([not isinstance(view, ImageError) for view in views])
            for view in views:
                if isinstance(view, ImageError):
                    if on_error is None:
                        raise view
                    on_error(view)
            pixels = np.zeros((batch_size, *images.size, 3), "uint8")
            for place in np.flatnonzero(readable):
                pixels[place] = views[place]
            found = model.predict_on_batch(np.asarray(images.preprocess(pixels)))
            rows = {name: np.asarray(found[name]).astype("float32")[: len(views)][readable] for name in endpoints}
            yield start + len(views), readable, rows


def _read_ahead(files: Sequence[str], size: Size, batch_size: int, first: int) -> Iterator[tuple[int, list]]:
    """The first image's place of each batch, and for each of its images the view or the error."""

    def read(path: str) -> np.ndarray | ImageError:
        try:
            return read_view(path, size)
        except ImageError as error:
            return error

    starts = iter(range(first, len(files), batch_size))
    queue: deque[tuple[int, list[Future]]] = deque()
    with ThreadPoolExecutor(processes()) as pool:
        try:
            while True:
                for start in itertools.islice(starts, AHEAD + 1 - len(queue)):
                    queue.append((start, [pool.submit(read, path) for path in files[start : start + batch_size]]))
                if not queue:
                    return
                start, views = queue.popleft()
                yield start, [view.result() for view in views]
        finally:
            pool.shutdown(cancel_futures=True)

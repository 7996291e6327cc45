"""Between the images of a split and the network: reading ahead, and batches that are full whatever their number."""

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from keras_googlenet.data import ImageError
from keras_googlenet.model.outputs import check_probabilities


class Batches:
    """Packs crops into full batches and keeps the answers until they are taken.

    Args:
        model: A classifier whose output is probabilities.
        size: Crops in a batch.
        preprocess: From uint8 crops to what the model takes.

    Attributes:
        given: Crops that were added.
        answered: How many of them the model has seen.
    """

    def __init__(self, model, size, preprocess):
        self._model, self._size, self._preprocess = model, size, preprocess
        self._waiting, self._answers = [], deque()
        self._first = 0
        self.given = self.answered = 0

    def add(self, views):
        """Takes more crops, and has the model see all batches that are full with them."""
        self.given += len(views)
        self._waiting.append(views)
        if sum(map(len, self._waiting)) >= self._size:
            views = np.concatenate(self._waiting)
            full = len(views) // self._size * self._size
            for start in range(0, full, self._size):
                self._ask(views[start : start + self._size])
            self._waiting = [views[full:]] if full < len(views) else []

    def finish(self):
        """Answers what is left, in a batch filled up so that it has the shape of the others."""
        if self._waiting:
            views = np.concatenate(self._waiting)
            self._waiting = []
            filled = np.zeros((self._size, *views.shape[1:]), views.dtype)
            filled[: len(views)] = views
            self._ask(filled, len(views))

    def take(self, start, end):
        """The answers to the crops `start` to `end`, counted from the first; those before them are let go."""
        while self._first + len(self._answers[0]) <= start:
            self._first += len(self._answers.popleft())
        rows, first = [], self._first
        for answer in self._answers:
            rows.append(answer[max(start - first, 0) : max(end - first, 0)])
            first += len(answer)
        return np.concatenate(rows)

    def _ask(self, views, count=None):
        output = self._model.predict_on_batch(np.asarray(self._preprocess(views)))
        output = np.asarray(output[0] if isinstance(output, (list, tuple)) else output, "float64")[:count]
        check_probabilities(output)
        self._answers.append(output)
        self.answered += len(output)


def read_ahead(split, places, view, skip):
    """Reads some images of a split by threads, a few at a time.

    Args:
        split: A `data.Split`.
        places: Which images, by their place in its fixed order, ascending.
        view: From an image to what is wanted of it.
        skip: Whether to pass over images that cannot be read.

    Yields:
        The place and the view, in order; None for an image that is skipped.

    Raises:
        ImageError: An image cannot be read.
    """
    wanted = iter(places)
    workers = os.cpu_count() or 1

    def read(record):
        try:
            return view(split.read(record))
        except ImageError:
            if not skip:
                raise
            return None

    with ThreadPoolExecutor(workers) as pool:
        queue = deque()
        try:
            following = next(wanted, None)
            for place, (_, record, _) in enumerate(split.fixed().as_numpy_iterator()):
                if following is None:
                    break
                if place != following:
                    continue
                following = next(wanted, None)
                queue.append((place, pool.submit(read, record)))
                if len(queue) > workers:
                    first, future = queue.popleft()
                    yield first, future.result()
            while queue:
                first, future = queue.popleft()
                yield first, future.result()
        finally:
            for _, future in queue:
                future.cancel()

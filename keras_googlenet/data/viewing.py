"""A few records of a split to their views, in one call: other processes make them, where they can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from keras_googlenet.data import decoding, undecodable, views, worker_pool
from keras_googlenet.data.center_crop import center_crop
from keras_googlenet.data.errors import ImageError
from keras_googlenet.data.reading import Reader
from keras_googlenet.data.sampling import name_of, sampler_for
from keras_googlenet.data.tasks import Task
from keras_googlenet.data.views import Answer, View

SamplerFunction = Callable[[np.ndarray, int, int, int], np.ndarray]


class Viewing:
    """Makes views of the images of a split.

    Args:
        reader: of the split.
        size: side of the views, in pixels.
        sampler: as in `training_stream`.
    """

    def __init__(self, reader: Reader, size: int, sampler: SamplerFunction | None):
        self._reader, self._size, self._sampler = reader, int(size), sampler
        self._named = name_of(sampler) or "", int(getattr(sampler, "seed", 0))

    def __call__(self, epochs: np.ndarray, indices: np.ndarray, records: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Makes a few views. It may be called from several threads.

        Args:
            epochs: the pass over the data, for each image.
            indices: the images' numbers in their split.
            records: the images' records.

        Returns:
            Whether each image could be read, and a uint8 array of shape (images, size, size, 3).

        Raises:
            ImageError: as `Reader.read`.
        """
        if not self._reader.skipped:
            return self._views(epochs, indices, records)
        pixels = np.zeros((len(records), self._size, self._size, 3), np.uint8)
        readable = np.isin(indices, list(self._reader.skipped), invert=True)
        wanted = np.flatnonzero(readable)
        readable[wanted], pixels[wanted] = self._views(epochs[wanted], indices[wanted], records[wanted])
        return readable, pixels

    def _views(self, epochs: np.ndarray, indices: np.ndarray, records: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pixels = np.empty((len(records), self._size, self._size, 3), np.uint8)
        readable = np.ones(len(records), bool)
        task, answers = self._elsewhere(epochs, indices, records, pixels)
        self._reader.check()
        if answers.count(Answer.MADE) == len(answers):
            return readable, pixels
        for place, (answer, epoch, index) in enumerate(zip(answers, epochs.tolist(), indices.tolist(), strict=True)):

            def finish(place=place, answer=answer, epoch=epoch, index=index):
                if isinstance(answer, str):
                    raise ImageError(answer)
                view = task and task.view(place)
                return answer == Answer.MADE or self._here(pixels[place], view, answer, epoch, index, records[place])

            readable[place] = bool(self._reader.attempt(index, finish))
        return readable, pixels

    def _elsewhere(
        self, epochs: np.ndarray, indices: np.ndarray, records: np.ndarray, pixels: np.ndarray
    ) -> tuple[Task | None, list[int | str]]:
        """What other processes could make, and what they make of it."""
        not_made: list[int | str] = [Answer.LIMITED] * len(records)
        images = self._reader.split.encoded(records) if self._named[0] else None
        if images is None or not len(records):
            return None, not_made
        task = Task(images, epochs.tolist(), indices.tolist(), self._size, self._named, decoding.settings())
        if not worker_pool.available() or undecodable.foreign_plugins():
            return task, not_made
        try:
            return task, worker_pool.views(task, pixels)
        except worker_pool.CannotStart:
            return task, not_made

    def _here(self, pixels: np.ndarray, view: View | None, answer: int, epoch: int, index: int, record: Any) -> bool:
        """Makes a view in this process; returns whether there is one."""
        if view is not None and answer == Answer.LIMITED:
            sampler = sampler_for(*self._named)
            made = views.make(view, view.name, self._size, sampler, limit=lambda file: False)
            if isinstance(made, bytes):
                pixels[:] = np.frombuffer(made, np.uint8).reshape(pixels.shape)
                return True
        image = self._reader.read(index, record) if view is None else self._reader.split.read(record)
        if image is None:
            return False
        found = self._sampler(image, self._size, epoch, index) if self._sampler else center_crop(image, self._size)
        if found.shape != pixels.shape:
            raise ValueError(f"A view of shape {found.shape} is not compatible with the {pixels.shape} asked for")
        pixels[:] = found
        return True

"""A few records of a split to their views, in one call: other processes make them, where they can."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
        pixels = np.empty((len(records), self._size, self._size, 3), np.uint8)
        readable = np.zeros(len(records), bool)
        numbers = list(zip(epochs.tolist(), indices.tolist(), strict=True))
        todo = [place for place, (_, index) in enumerate(numbers) if index not in self._reader.skipped]
        asked = [self._view(*numbers[place], records[place]) for place in todo]
        answers = self._elsewhere(asked, todo, pixels)
        for place, view, answer in zip(todo, asked, answers, strict=True):
            epoch, index = numbers[place]

            def finish(place=place, view=view, answer=answer, epoch=epoch, index=index):
                if isinstance(answer, str):
                    raise ImageError(answer)
                return answer == Answer.MADE or self._here(pixels[place], view, answer, epoch, index, records[place])

            readable[place] = bool(self._reader.attempt(index, finish))
        return readable, pixels

    def _view(self, epoch: int, index: int, record: Any) -> View | None:
        """What another process could make."""
        image = self._reader.split.encoded(record) if self._named[0] else None
        return None if image is None else View(image, epoch, index)

    def _elsewhere(
        self, asked: Sequence[View | None], places: Sequence[int], pixels: np.ndarray
    ) -> Sequence[Answer | str]:
        """What other processes make of views."""
        wanted = [view for view in asked if view is not None]
        if not wanted or len(wanted) < len(asked) or not worker_pool.available() or undecodable.foreign_plugins():
            return [Answer.LIMITED] * len(asked)
        task = Task(wanted, self._size, self._named, decoding.settings())
        room = pixels if len(places) == len(pixels) else np.empty((len(places), *pixels.shape[1:]), np.uint8)
        try:
            answers = worker_pool.views(task, room)
        except worker_pool.CannotStart:
            return [Answer.LIMITED] * len(asked)
        if room is not pixels:
            pixels[places] = room
        return answers

    def _here(self, pixels: np.ndarray, view: View | None, answer: Answer, epoch: int, index: int, record: Any) -> bool:
        """Makes a view in this process; returns whether there is one."""
        if view is not None and answer == Answer.LIMITED:
            sampler = sampler_for(*self._named)
            made = views.make(view, view.image.name, self._size, sampler, limit=lambda file: False)
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

"""What a process that decodes is asked for."""

import contextlib
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from keras_googlenet.data.views import View


class Job(NamedTuple):
    """An image to decode.

    Attributes:
        name: what an error calls it.
        data: the bytes of its file; or
        descriptor: of its file.
        sizes: of the views to return, or `None` for the whole image.
        settings: what decoding goes by: modules, their attributes, and these attributes' values.
    """

    name: str
    data: bytes | None
    descriptor: int | None
    sizes: tuple[int | tuple[int, int], ...] | None
    settings: list[tuple[str, str, Any]]


class Task(NamedTuple):
    """Views to make, of one size and one kind of sampling.

    Attributes:
        views: which.
        size: side of the views, in pixels.
        sampler: what `sampling.sampler_for` makes the sampler of.
        settings: as those of a `Job`.
    """

    views: Sequence[View]
    size: int
    sampler: tuple[str, int]
    settings: list[tuple[str, str, Any]]

    def request(self) -> dict[str, Any]:
        """What JSON holds of it."""
        views = [_request(view) for view in self.views]
        return {"views": views, "size": self.size, "sampler": self.sampler, "settings": self.settings}

    def alone(self, place: int) -> "Task":
        """The same of one of its views."""
        return Task(self.views[place : place + 1], self.size, self.sampler, self.settings)

    def data(self) -> bytes:
        """The images that lie in no file."""
        return b"".join(view.image.data or b"" for view in self.views)


def _request(view: View) -> tuple[Any, ...]:
    name, data, stamp = view.image
    return _absolute(name), name, stamp, view.epoch, view.number, None if data is None else len(data)


def _absolute(path: str) -> str:
    """The processes have another current folder."""
    with contextlib.suppress(OSError):  # this one's was removed, and with it what lay there
        return path if os.path.isabs(path) else os.path.join(os.getcwd(), path)
    return path

"""What a process that decodes is asked for."""

import contextlib
import os
from itertools import repeat
from typing import Any, NamedTuple

from keras_googlenet.data.views import Encoded, View


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

    It holds lists, and handles no image by itself: what is done here is done with the lock that all threads wait for.

    Attributes:
        images: of which images.
        epochs: for each, the pass over the data.
        numbers: of the images, in their split.
        size: side of the views, in pixels.
        sampler: what `sampling.sampler_for` makes the sampler of.
        settings: as those of a `Job`.
    """

    images: Encoded
    epochs: list[int]
    numbers: list[int]
    size: int
    sampler: tuple[str, int]
    settings: list[tuple[str, str, Any]]

    def request(self) -> dict[str, Any]:
        """What JSON holds of it: all but `data`, but for its lengths; and the folder that names count from."""
        names, data, stamps = self.images
        request: dict[str, Any] = {
            "images": (names, None if data is None else list(map(len, data)), stamps),
            "epochs": self.epochs,
            "numbers": self.numbers,
            "size": self.size,
            "sampler": self.sampler,
            "settings": self.settings,
            "folder": "",
        }
        if not all(map(str.startswith, names, repeat(os.sep))):  # the processes have another current folder
            with contextlib.suppress(OSError):  # this one's was removed, and with it what lay there
                request["folder"] = os.getcwd()
        return request

    def data(self) -> bytes:
        """The images that lie in no file."""
        return b"".join(self.images.data or ())

    def view(self, place: int) -> View:
        """One of them."""
        names, data, stamps = self.images
        image = names[place], data[place] if data else None, stamps[place] if stamps else None
        return View(*image, self.epochs[place], self.numbers[place])

    def alone(self, place: int) -> "Task":
        """The same of one of its views."""
        only = slice(place, place + 1)
        names, data, stamps = self.images
        images = Encoded(names[only], data and data[only], stamps and stamps[only])
        return Task(images, self.epochs[only], self.numbers[only], self.size, self.sampler, self.settings)

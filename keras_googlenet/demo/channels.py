"""What a network's channels look for, one at a time: what the page's second tab shows, without the page."""

import functools
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from keras_googlenet.architecture.rows import Convolution, Inception
from keras_googlenet.architecture.table import PAPER
from keras_googlenet.data.images import read_view
from keras_googlenet.errors import InputError
from keras_googlenet.visualize import dataset_examples, objectives, render
from keras_googlenet.visualize.network import Network

SIDE, STEPS = 160, 96
"""Of a picture: pixels a side, and steps. On two cores it takes some ten seconds."""

SHOWN = 6
"""So many examples are shown."""

KEPT = 256
"""So many channels are kept in memory: a second visitor need not wait."""


@dataclass(frozen=True)
class Channel:
    """What is known of a channel.

    Attributes:
        picture: An image made to excite it, uint8 RGB of shape (SIDE, SIDE, 3), or of the model's size where that is
            the only one that it takes.
        examples: `(image, value)` of the images that excite it most, the most first: uint8 RGB, and the channel's
            largest value at any place.
        seconds: How long it took.
    """

    picture: np.ndarray
    examples: tuple[tuple[np.ndarray, float], ...]
    seconds: float


class Channels:
    """Answers about one channel at a time; what was asked before is there at once.

    Args:
        model: A model that is a GoogLeNet or holds one.
        images: Paths of images to choose examples from; may be empty.

    Attributes:
        layers: How many channels each layer has, by the layer's name: the convolutions and Inception modules.

    Raises:
        InputError: There is no GoogLeNet in the model.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(64, 64, 3))
        >>> Channels(model).layers["inception_4a"]
        512
    """

    def __init__(self, model: keras.Model, images: Sequence[str] = ()) -> None:
        self._network, self._images = Network(model, compiled=True), list(images)
        rows = [row for row in (self._network.table or PAPER).trunk if isinstance(row, Convolution | Inception)]
        made = self._network.endpoints
        self.layers = {row.name: int(made[row.name].shape[-1]) for row in rows if row.name in made}
        self._size = None if self._network.table is None else SIDE
        self._lock = threading.Lock()
        self._found = functools.lru_cache(KEPT)(self._find)

    def look(self, layer: str, channel: int) -> Channel:
        """What a channel looks for.

        Args:
            layer: One of `layers`.
            channel: Its number.

        Returns:
            A `Channel`.

        Raises:
            InputError: There is no such channel.
        """
        count = self.layers.get(layer, 0)
        if not isinstance(channel, int) or not 0 <= channel < count:
            raise InputError(f"{layer} has the channels 0 to {count - 1}. Received: {channel}")
        with self._lock:
            return self._found(layer, channel)

    def _find(self, layer, channel):
        begun = time.perf_counter()
        objective = objectives.channel(layer, channel)
        [picture], _ = render(self._network, objective, size=self._size, steps=STEPS)
        examples = ()
        if self._images:
            channels = [f"{layer}:{channel}"]
            options = {"count": SHOWN, "on_error": lambda error: None, "verbose": 0}
            [found] = dataset_examples(self._network, self._images, channels, **options)
            size = self._network.images.size
            examples = tuple((read_view(example.path, size), example.value) for example in found.most)
        return Channel(picture, examples, time.perf_counter() - begun)

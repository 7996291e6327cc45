"""What a network says of an image, and where in it: what the page shows, without the page."""

import collections
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
from PIL import Image

from keras_googlenet.data import ImageError
from keras_googlenet.data.images import decode_views
from keras_googlenet.visualize import grad_cam, overlay
from keras_googlenet.visualize.network import Network

SIDE = 448
"""Side in pixels of the pictures that are shown, twice what the paper's network sees."""

SECONDS = 4
"""Of processor time that reading an image may take: others wait for it."""

Example = tuple[str, bytes, np.ndarray]
"""An image to click on: a file's name and content, and a uint8 RGB thumbnail."""


@dataclass(frozen=True)
class Answer:
    """What the network said of one image.

    Attributes:
        crop: What it saw, uint8 RGB of the model's input size.
        picture: The same part for a person to look at, uint8 of shape (SIDE, SIDE, 3); where the model's images are no
            squares, their longer side is SIDE.
        best: `(index, label, probability)` of the best classes, the best first; scores where they are independent.
        seconds: How long it took to read the image and to classify it.
    """

    crop: np.ndarray
    picture: np.ndarray
    best: tuple[tuple[int, str, float], ...]
    seconds: float


class Predictor:
    """A network that answers about one image at a time, and reads others meanwhile.

    Args:
        model: A classifier with the rows of a GoogLeNet, as in `Classifier`.
        names: A `(key, name)` pair for each class.
        top: How many classes to name.
        max_bytes: The largest file that is read; None means any.

    Attributes:
        classes: How many classes there are.
        independent: Whether what is said of them are scores of each by itself, rather than probabilities.

    Raises:
        InputError: The model is no such one.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(64, 64, 3))
        >>> Predictor(model, [("0", "ant"), ("1", "bee")]).predict(b"GIF87a", "cut off.gif")
        Traceback (most recent call last):
            ...
        keras_googlenet.data.errors.ImageError: cut off.gif: not an image in a format that Pillow can read
    """

    def __init__(
        self, model: keras.Model, names: Sequence[tuple[str, str]], *, top: int = 5, max_bytes: int | None = None
    ):
        self._network, self.top, self.max_bytes = Network(model, compiled=True), min(top, len(names)), max_bytes
        self._network.scores()  # there is a classifier
        self._lock = threading.Lock()
        self._labels, self.classes = labels(names), len(names)
        self.independent, self._size = self._network.classifier.independent, self._network.images.size
        self._shown = tuple(max(1, round(SIDE * side / max(self._size))) for side in self._size)

    def predict(self, data: bytes, name: str) -> Answer:
        """Reads an image and classifies it.

        Args:
            data: The bytes of an image file.
            name: What an error calls it.

        Returns:
            An `Answer`.

        Raises:
            ImageError: The file is too large, or can't be read; the message names it and says why, on one line.
        """
        start = time.perf_counter()
        if self.max_bytes is not None and len(data) > self.max_bytes:
            raise ImageError(f"{name}: {len(data):,} bytes are more than the {self.max_bytes:,} allowed")
        crop, picture = decode_views(data, name, (self._size, self._shown), SECONDS)
        with self._lock:
            scores = self._network.predictions(crop)
        order = np.argsort(-scores, kind="stable")[: self.top]
        best = tuple((int(i), self._labels[i], float(scores[i])) for i in order)
        return Answer(crop, picture, best, time.perf_counter() - start)

    def heatmap(self, answer: Answer, index: int) -> np.ndarray:
        """Shows where in an image a class is.

        Args:
            answer: What was said of the image.
            index: A class's index.

        Returns:
            The answer's picture under the class's heat (Grad-CAM), uint8; as it is where nothing in it speaks for
            the class.

        Raises:
            InputError: There is no such class.
        """
        with self._lock:
            (heat,) = grad_cam(self._network, answer.crop[None], [index])
        large = Image.fromarray(heat).resize(self._shown[::-1], Image.Resampling.BILINEAR)
        return overlay(answer.picture, np.asarray(large))

    def warm_up(self) -> None:
        """Answers once: Keras compiles at the first call, and the first visitor shall not wait for it."""
        gray = np.full((*self._size, 3), 128, "uint8")
        self._network.predictions(gray)
        grad_cam(self._network, gray[None], [0])


def labels(names: Sequence[tuple[str, str]]) -> list[str]:
    """What the classes are called on the page: no two alike.

    Args:
        names: A `(key, name)` pair for each class.

    Returns:
        A list of names without underscores, with the key behind those that several classes have.

    Example:
        >>> labels([("n1", "crane"), ("n2", "black_stork"), ("n3", "crane")])
        ['crane (n1)', 'black stork', 'crane (n3)']
    """
    plain = [name.replace("_", " ") for _, name in names]
    count = collections.Counter(plain)
    return [name if count[name] == 1 else f"{name} ({key})" for (key, _), name in zip(names, plain, strict=True)]

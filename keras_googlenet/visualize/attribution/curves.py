"""Deletion and insertion (Petsiuk et al., 2018): does the network itself need the pixels that are called important?"""

import dataclasses
from collections.abc import Sequence
from typing import Literal

import keras
import numpy as np

from keras_googlenet.errors import InputError
from keras_googlenet.utils.messages import shown
from keras_googlenet.visualize.attribution.baselines import baseline_of
from keras_googlenet.visualize.attribution.targets import check_count, checked, chunks
from keras_googlenet.visualize.network import Network


@dataclasses.dataclass(frozen=True)
class Curve:
    """The probability of a class, as the most important pixels of an image are deleted or inserted.

    Attributes:
        parts: float array of shape (steps + 1,): the part of the pixels, from 0 to 1.
        probabilities: float32 array of shape (images, steps + 1).
    """

    parts: np.ndarray
    probabilities: np.ndarray

    @property
    def areas(self) -> np.ndarray:
        """The area under each curve by trapezoids, of shape (images,). Good: small of deletion, large of insertion."""
        return (self.probabilities[:, 1:] + self.probabilities[:, :-1]).mean(axis=1) / 2


def importance_curve(
    model: keras.Model | Network,
    images: np.ndarray,
    classes: Sequence[int],
    heats: np.ndarray,
    kind: Literal["deletion", "insertion"] = "deletion",
    *,
    steps: int = 32,
    baseline: str | None = None,
    seed: int = 0,
    verbose: int = 0,
) -> Curve:
    """Deletes the pixels of an image, or inserts them, the hottest first, and asks for the probability of a class.

    Args:
        model: A classifier that is a GoogLeNet or holds one; or the `Network` of one.
        images: RGB in [0, 255], of shape (images, height, width, 3), of the model's input size.
        classes: The index of a class for each image.
        heats: Array of shape (images, height, width): what an attribution method returns.
        kind: `deletion`, from the image to the baseline; or `insertion`, from the baseline to the image.
        steps: In how many parts the pixels are taken.
        baseline: What is seen of deleted pixels: `mean`, `gray`, `black` or `blur`. None means the authors': one color,
            `mean`, of deletion; `blur` of insertion, where sharp edges of what was inserted would be seen themselves.
        seed: Of the order of pixels that are equally hot.
        verbose: As in Keras: 1 for a progress bar.

    Returns:
        A `Curve`.

    Raises:
        InputError: There is no such class, kind or baseline, the images or heats are of another kind or size, steps are
            less than 1, or the model is no such classifier.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> from keras_googlenet.visualize import saliency
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(64, 64, 3))
        >>> images = np.zeros((1, 64, 64, 3))
        >>> importance_curve(model, images, [0], saliency(model, images, [0]), steps=4).probabilities.shape
        (1, 5)

    Reference:
        [RISE](https://arxiv.org/abs/1806.07421), section 4.1.
    """
    network, images, classes = checked(model, images, classes)
    check_count("steps", steps)
    if kind not in ("deletion", "insertion"):
        raise InputError(f"Expected deletion or insertion. Received: {shown(kind)}")
    heats = np.asarray(heats)
    if heats.shape != images.shape[:3] or not np.isfinite(heats).all():
        received = f"shape {heats.shape}" if heats.shape != images.shape[:3] else "values that are no numbers"
        raise InputError(f"Expected heats, finite numbers of shape {images.shape[:3]}. Received: {received}")
    covers = baseline_of(images, baseline or ("mean" if kind == "deletion" else "blur"))
    before, after = (images, covers) if kind == "deletion" else (covers, images)
    parts, rng = np.linspace(0, 1, steps + 1), np.random.default_rng(seed)
    bar = keras.utils.Progbar(len(parts) * len(images), verbose=verbose)
    found = np.zeros((len(images), len(parts)), "float32")
    for row, one, other, heat, index in zip(found, before, after, heats, classes, strict=True):
        rank = np.empty(heat.size, int)
        rank[np.lexsort((rng.random(heat.size), -heat.ravel()))] = np.arange(heat.size)
        counts = np.rint(parts * heat.size)
        for part in chunks(len(parts)):
            taken = rank.reshape(1, *heat.shape, 1) < counts[part, None, None, None]
            row[part] = network.classifier.predict(np.where(taken, other, one))[:, index]
            bar.add(len(taken))
    return Curve(parts, found)

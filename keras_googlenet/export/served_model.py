"""What is exported: a network with one input and one output, and what the formats must know of it."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_googlenet.model.classifier import Classifier


@dataclass(frozen=True)
class ServedModel:
    """A network on its way into an artifact.

    Attributes:
        model: A Keras model with one input and one output.
        output: What the artifact calls the output.
        samples: Images that the artifact is tried on, and calibrated on in 8 bits: float32, preprocessed.
        int8: Whether the artifact computes in 8-bit integers.
        precision: What it is written in otherwise, one of `export_formats.PRECISIONS`.
        labels: A name for each class.
        classifier: The `Classifier` that the model is; None where it is none.
    """

    model: keras.Model
    output: str
    samples: np.ndarray
    int8: bool = False
    precision: str = "float32"
    labels: tuple[str, ...] = ()
    classifier: Any = None

    def export(self, path: Path, format: str, **options: Any) -> None:
        """Has Keras write the model as it is at inference, with named input and output.

        Keras's exporters leave it to each layer whether it trains, and `RandomFlip` and its kind do unless told
        otherwise.

        Args:
            path: Where to.
            format: One of Keras's.
            **options: As in `keras.Model.export`.
        """
        taken = self.model.inputs[0]
        images = keras.Input(taken.shape[1:], dtype=taken.dtype, name="images")
        named = keras.Model(images, {self.output: self.model(images, training=False)}, name=self.model.name)
        signature = [keras.InputSpec(shape=(None, *taken.shape[1:]), dtype="float32", name="images")]
        named.export(str(path), format=format, verbose=False, input_signature=signature, **options)


def served(
    classifier: Classifier,
    labels: Sequence[str] = (),
    calibration: np.ndarray | None = None,
    precision: str = "float32",
) -> ServedModel:
    """A classifier as it is exported.

    Args:
        classifier: The `Classifier`.
        labels: A name for each class.
        calibration: As in `export`; None means no 8 bits.
        precision: What it is written in otherwise.
    """
    images = noise(classifier) if calibration is None else np.asarray(calibration)
    samples, names = classifier.images.preprocess(images), tuple(map(str, labels))
    int8 = calibration is not None
    return ServedModel(classifier.served, classifier.output_name, samples, int8, precision, names, classifier)


def noise(classifier: Classifier) -> np.ndarray:
    """Two images of noise, uint8, of the size that a classifier takes."""
    return np.random.default_rng(0).integers(0, 256, (2, *classifier.images.size, 3), dtype="uint8")


@contextlib.contextmanager
def replaced(owners: Iterable[Any], attribute: str, value: Callable[[Any], Any]) -> Iterator[None]:
    """Gives an attribute of some objects another value for a while.

    Args:
        owners: The objects.
        attribute: The name.
        value: Makes the other value of the one that there is.
    """
    held = [(owner, getattr(owner, attribute)) for owner in owners]
    try:
        for owner, before in held:
            setattr(owner, attribute, value(before))
        yield
    finally:
        for owner, before in held:
            setattr(owner, attribute, before)

"""Section 7's protocol: softmax probabilities averaged over the crops of an image. All measures come from it."""

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_googlenet.data.center_crop import Size
from keras_googlenet.data.splits import Split
from keras_googlenet.evaluation.crop_batches import predict_crops, read_ahead
from keras_googlenet.evaluation.crops import crops as cut
from keras_googlenet.evaluation.kept import KeptPredictions
from keras_googlenet.evaluation.measures import crossentropy
from keras_googlenet.evaluation.predictions import Predictions
from keras_googlenet.model import memory
from keras_googlenet.model.digest import add_model
from keras_googlenet.model.inputs import image_input

SAVE_SECONDS = 60
"""Between two writings of a file of predictions, so that an evaluation that is killed loses no more."""


def predict(
    model: keras.Model,
    split: Split,
    columns: Sequence[int] | None = None,
    *,
    size: Size | None = None,
    preprocess: Callable[[np.ndarray], Any] | None = None,
    crops: Sequence[int] = (0,),
    pool: str = "mean",
    name: str = "model",
    outputs: Sequence[Sequence[str]] | None = None,
    file: str | Path | None = None,
    batch_size: int = 32,
    on_corrupt: str = "stop",
    on_image: Callable[[], None] | None = None,
    verbose: int | str = "auto",
) -> Predictions:
    """What a model says of each image of a split.

    Each image is decoded once, each of its scales resized once, and the crops of neighboring images share batches,
    so that all batches are full whatever the number of images. Images are read ahead by threads, a few at a time.

    Args:
        model: A classifier whose output, or the first of several, is probabilities, on any backend.
        split: The images and their labels, such as `data.load("digits").validation`.
        columns: The model's output for each class of the split: see `class_mapping`. None: they are numbered alike.
        size: Side of the crops, pixels. None: the model's input.
        preprocess: From uint8 crops, RGB, 0-255, to what the model takes. None: as the model's layers tell, which is
            `preprocess_input` for a `GoogLeNet`.
        crops: Numbers of crops to keep probabilities for. The model sees the largest number, which contains the others.
        pool: Over an image's crops, `mean` or `max`.
        name: What the model is called.
        outputs: For each of the model's outputs, its names. They are kept, so that an ensemble is sure to be of the
            same classes.
        file: An `.npz` file. It is written once a minute and at the end, also when the evaluation is interrupted or
            fails; an evaluation of the same model, images and crops goes on from it. Several may write it at a time:
            each keeps what the others have done.
        batch_size: Crops in a batch.
        on_corrupt: `stop` to raise the error of an image that cannot be read, `skip` to pass over it.
        on_image: Called with nothing when an image is done. What it raises ends the evaluation.
        verbose: 0 for silence, 1 for Keras's progress bar, 2 for one line at the end; `auto` is 1.

    Returns:
        `Predictions`.

    Raises:
        ImageError: An image cannot be read.
        PredictionsError: The file is damaged, or of something else. It is as it was.
        ValueError: A label is no class.
        WorkError: The model's output is not probabilities, or a batch does not fit the memory (`MemoryShortage`).
        OSError: The file cannot be written.

    Example:
        >>> from keras_googlenet import GoogLeNet, data
        >>> split = data.load("digits").validation
        >>> predict(GoogLeNet("model.keras"), split, crops=(1, 10, 144)).complete  # doctest: +SKIP
        True
    """
    if size is None or preprocess is None:
        images = image_input(model)
        size, preprocess = size or images.side, preprocess or images.preprocess
    classes, names = model.outputs[0].shape[-1], split.names
    labels = _labels(split, range(classes) if columns is None else columns)
    predictions = Predictions.begun(name, digest(model, names, labels, size), names, labels, classes, crops)
    predictions.pool = pool
    predictions.outputs = None if outputs is None else tuple(tuple(map(str, some)) for some in outputs)
    kept = None if file is None else KeptPredictions(file, predictions)
    written, most, bar = time.monotonic(), max(crops), _Bar(predictions, verbose)
    batch_size = min(batch_size, len(names) * max(most, 1))

    def images_left() -> Iterator[tuple[int, np.ndarray]]:
        left = np.flatnonzero(~predictions.done).tolist()
        for place, views in read_ahead(split, left, lambda image: cut(image, most, size), on_corrupt == "skip"):
            if views is None:
                predictions.skipped[place] = True
            else:
                yield place, views

    with contextlib.ExitStack() as last:
        if kept is not None:
            last.callback(kept.write)
        last.enter_context(memory.batches(model, batch_size, size))
        for place, rows in predict_crops(model, images_left(), max(most, 1), batch_size, preprocess):
            predictions.pool_crops(place, rows)
            bar.add([place])
            if kept is not None and time.monotonic() - written > SAVE_SECONDS:
                kept.write()
                written = time.monotonic()
            if on_image is not None:
                on_image()
    bar.show(finalize=True)
    return predictions


def _labels(split: Split, columns: Sequence[int]) -> np.ndarray:
    labels = np.asarray(split.labels)
    if not len(labels):
        raise ValueError("Expected one or more images. Received: a split of none")
    if labels.min() < 0 or labels.max() >= len(columns):
        raise ValueError(f"Labels must be 0 to {len(columns) - 1}. Received: {labels.min()} to {labels.max()}")
    return np.asarray(columns)[labels]


def digest(model: keras.Model, images: Sequence[str], labels: Sequence[int] | np.ndarray, size: Size) -> str:
    """What predictions follow from, in a word: the weights, the precision, the images' names and classes, their size.

    Args:
        model: The model.
        images: A name for each image.
        labels: A column for each image.
        size: Side of the crops.

    Returns:
        64 hexadecimal digits.
    """
    found = hashlib.sha256(f"{size} {model.output_shape}".encode())
    add_model(found, model)
    found.update("".join(f"{name}\n" for name in images).encode(errors="surrogateescape"))
    found.update(np.ascontiguousarray(labels, "int64").data)
    return found.hexdigest()


class _Bar:
    """Keras's progress bar, with the loss and the accuracy of the images so far."""

    def __init__(self, predictions: Predictions, verbose: int | str):
        self._predictions, self._loss, self._right, self._seen = predictions, 0.0, 0, 0
        count, verbose = len(predictions.labels), 1 if verbose == "auto" else verbose
        self._bar = keras.utils.Progbar(
            count, verbose=verbose, stateful_metrics=("loss", "accuracy"), unit_name="image"
        )
        self.add(np.flatnonzero(predictions.done).tolist())

    def add(self, places: Sequence[int]) -> None:
        """Counts images that the model has seen."""
        rows = self._predictions.probabilities[max(self._predictions.probabilities)][places]
        labels = self._predictions.labels[places]
        self._loss += crossentropy(rows, labels).sum()
        self._right += int((rows.argmax(axis=-1) == labels).sum())
        self._seen += len(places)
        self.show()

    def show(self, finalize: bool = False) -> None:
        """Shows how far it is."""
        values = [("loss", self._loss / self._seen), ("accuracy", self._right / self._seen)] if self._seen else None
        self._bar.update(self._seen + int(self._predictions.skipped.sum()), values, finalize=finalize)

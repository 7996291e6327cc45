"""Section 7's protocol: softmax probabilities averaged over the crops of an image, and over models."""

import contextlib
import hashlib
import os
import time
from collections import deque

import keras
import numpy as np

from keras_googlenet.evaluation.crop_batches import Batches, read_ahead
from keras_googlenet.evaluation.crops import crops as cut
from keras_googlenet.evaluation.crops import members
from keras_googlenet.evaluation.predictions import Predictions, PredictionsError

SAVE_SECONDS = 60
"""Between two writings of a file of predictions, so that an evaluation that is killed loses no more."""


def predict(
    model,
    images,
    columns,
    *,
    size,
    preprocess,
    crops=(0,),
    pool="mean",
    name="model",
    outputs=None,
    file=None,
    batch_size=32,
    skip=False,
    verbose="auto",
):
    """What a model says of labeled images.

    Args:
        model: A classifier whose output is probabilities, on any backend.
        images: `data.Labeled` images.
        columns: The model's output for each of their classes: see `columns`.
        size: Side of the crops, pixels: the model's input.
        preprocess: From float32 or uint8 crops, RGB, 0-255, to what the model takes, such as `preprocess_input`.
        crops: Numbers of crops to keep probabilities for. The model sees the largest number, which contains the others.
        pool: Over an image's crops, `mean` or `max`.
        name: What the model is called.
        outputs: For each of the model's outputs, its names, as `columns` takes them. They are kept, so that an ensemble
            is sure to be of the same classes.
        file: An `.npz` file. It is written once a minute and at the end, also when the evaluation is interrupted or
            fails; an evaluation of the same model, images and crops goes on from it.
        batch_size: Crops in a batch.
        skip: Pass over images that cannot be read.
        verbose: 0 for silence, 1 for Keras's progress bar; `auto` is 1.

    Returns:
        `Predictions`.

    Raises:
        ImageError: An image cannot be read.
        PredictionsError: The file is damaged, or of something else. It is as it was.
        WorkError: The model's output is not probabilities.
        OSError: The file cannot be written.

    Example:
        >>> predict(model, images, (0, 1), size=224, preprocess=preprocess_input, crops=(1, 10, 144))  # doctest: +SKIP
    """
    labels = [columns[label] for label in images.labels]
    mark = digest(model, images.images, labels, size)
    predictions = Predictions.begun(name, mark, images.images, labels, model.output_shape[-1], crops, pool, outputs)
    if file is not None and os.path.exists(file):
        predictions = _continued(Predictions.read(file), predictions, file)
    written = time.monotonic()

    def save():
        nonlocal written
        if file is not None and time.monotonic() - written > SAVE_SECONDS:
            predictions.write(file)
            written = time.monotonic()

    with contextlib.ExitStack() as last:
        if file is not None:
            predictions.write(file)  # a file that cannot be written is noticed before the work is done
            last.callback(predictions.write, file)
        fill(
            predictions,
            model,
            images.split,
            size=size,
            preprocess=preprocess,
            batch_size=batch_size,
            skip=skip,
            save=save,
            verbose=verbose,
        )
    return predictions


def _continued(found, wanted, file):
    def facts(one):
        return one.digest, set(one.probabilities), one.pool

    if facts(found) != facts(wanted):
        raise PredictionsError(
            f"{file} holds predictions of another model, other images or other crops. Give it another name, or delete "
            "it. It is as it was"
        )
    found.skipped[:] = False  # they may have been mended
    found.outputs = wanted.outputs
    return found


def fill(predictions, model, split, *, size, preprocess, batch_size=32, skip=False, save=None, verbose="auto"):
    """Has a model see the images that it has not seen yet.

    Each image is decoded once, each of its scales resized once, and the crops of neighboring images share batches,
    so that all batches but the last are full whatever the number of images. Images are read ahead by threads, a few
    at a time.

    Args:
        predictions: The `Predictions` to fill in; their largest number of crops is what the model sees.
        model: A classifier whose output is probabilities, on any backend.
        split: The `data.Split`, whose fixed order is that of `predictions`.
        size: Side of the crops.
        preprocess: From float32 crops, RGB, 0-255, to what the model takes.
        batch_size: Crops in a batch.
        skip: Pass over images that cannot be read.
        save: Called now and then, when an image is done, with nothing.
        verbose: 0 for silence, 1 for Keras's progress bar; `auto` is 1.

    Raises:
        ImageError: An image cannot be read.
        WorkError: The model's output is not probabilities.
    """
    most = max(predictions.probabilities)
    ready = predictions.done | predictions.skipped
    bar = keras.utils.Progbar(len(ready), verbose=1 if verbose == "auto" else verbose, unit_name="image")
    seen = int(ready.sum())
    bar.update(seen, finalize=False)
    packer = Batches(model, batch_size, preprocess)
    pending = deque()

    def settle():
        nonlocal seen
        while pending and pending[0][1] <= packer.answered:
            place, end = pending.popleft()
            _pool(predictions, place, packer.take(end - max(most, 1), end))
            predictions.done[place] = True
            seen += 1
            bar.update(seen, finalize=False)
            if save is not None:
                save()

    for place, views in read_ahead(split, np.flatnonzero(~ready), lambda image: cut(image, most, size), skip):
        if views is None:
            predictions.skipped[place] = True
            seen += 1
            continue
        packer.add(views)
        pending.append((place, packer.given))
        settle()
    packer.finish()
    settle()
    bar.update(seen, finalize=True)


def digest(model, images, labels, size):
    """What predictions follow from, in a word: the weights, the images' names and classes, and the crops' size.

    Args:
        model: The model.
        images: A name for each image.
        labels: A column for each image.
        size: Side of the crops.

    Returns:
        64 hexadecimal digits.
    """
    found = hashlib.sha256(f"{size} {model.output_shape}".encode())
    for array in model.get_weights():
        found.update(np.ascontiguousarray(array))
    for name in images:
        found.update(f"{name}\n".encode(errors="surrogateescape"))
    found.update(np.ascontiguousarray(labels, "int64"))
    return found.hexdigest()


def _pool(predictions, place, rows):
    """Pools the crops' answers, float64 `(crops, classes)`, for each number of crops that is asked for."""
    most = max(predictions.probabilities)
    for number, kept in predictions.probabilities.items():
        some = rows[list(members(number, of=most))]
        kept[place] = some.max(axis=0) if predictions.pool == "max" else some.mean(axis=0)

"""One pass over a data set, each image counted once."""

import heapq

import keras
import numpy as np
import tensorflow as tf

from keras_googlenet.evaluation.result import TOP, Assessment, Mistake, places
from keras_googlenet.model.outputs import check_probabilities


def assess(model, batches, class_names, count=None, *, split="validation", mistakes=24, name=None, verbose="auto"):
    """Measures a network on a data set.

    It runs where it is called, on one device: several workers or replicas would each have to see all the images.

    Args:
        model: A classifier whose first output is probabilities, shape `(batch, classes)`. Other outputs are left out.
        batches: Pairs (preprocessed images, int labels of shape `(batch,)`), in a fixed order, such as
            `data.evaluation_batches` makes.
        class_names: A name for each class.
        count: Number of images, for the progress bar and as a check; None if it is not known.
        split: What is assessed, in a word: `validation` or `test`.
        mistakes: How many of the most confident mistakes to keep.
        name: From an image's position in `batches` to what it is called, a file's path for instance. None leaves
            them nameless.
        verbose: 0 for silence, 1 for Keras's progress bar, 2 for one line at the end; `auto` is 1.

    Returns:
        An `Assessment`.

    Raises:
        ValueError: The model's output does not fit the classes, a label is out of range, there are no images, or not
            `count` of them.
        WorkError: The model's output is not a number, or no probability.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Softmax()])
        >>> batches = [(np.array([[0.0, 9.0], [9.0, 0.0]]), np.array([1, 1]))]
        >>> assess(model, batches, ("cat", "dog"), verbose=0).top1
        0.5
    """
    tally = _Tally(len(class_names), mistakes)
    predict = tf.function(lambda images: _first(model(images, training=False)), reduce_retracing=True)
    bar = keras.utils.Progbar(
        count, verbose=1 if verbose == "auto" else verbose, stateful_metrics=("loss", "accuracy"), unit_name="image"
    )
    for images, labels in batches:
        tally.add(np.asarray(predict(tf.convert_to_tensor(images)), "float64"), np.asarray(labels))
        bar.update(tally.count, tally.progress(), finalize=False)
    if tally.count == 0 or count not in (None, tally.count):
        raise ValueError(f"Expected {count or 'one or more'} images in `batches`. Received: {tally.count}")
    bar.update(tally.count, tally.progress(), finalize=True)
    return tally.assessment(tuple(class_names), split, name or (lambda index: None))


def images_at(split, positions):
    """Some images of a split, by their position in its fixed order.

    Args:
        split: A `data.Split`.
        positions: Positions, from 0, such as the `index` of each `Mistake`.

    Returns:
        A dict from position to a uint8 RGB array of shape (height, width, 3). Its `get` is what
        `report.write_report` takes.

    Raises:
        ImageError: An image cannot be read.
    """
    wanted, found = set(positions), {}
    if wanted:
        for position, (_, record, _) in enumerate(split.fixed().take(max(wanted) + 1).as_numpy_iterator()):
            if position in wanted:
                found[position] = split.read(record)
    return found


def _first(outputs):
    return outputs[0] if isinstance(outputs, (list, tuple)) else outputs


class _Tally:
    """What has been counted so far."""

    def __init__(self, classes, kept):
        self.count = 0
        self.kept = kept
        self.confusion = np.zeros((classes, classes), "int64")
        self.loss = 0.0
        self.in_top = 0
        self.worst = []

    def progress(self):
        return [("loss", self.loss / self.count), ("accuracy", self.top1)]

    @property
    def top1(self):
        return float(np.trace(self.confusion)) / self.count

    def add(self, probabilities, labels):
        """Counts a batch: float64 `(batch, classes)` and int `(batch,)`."""
        self._check(probabilities, labels)
        of_true = probabilities[np.arange(len(labels)), labels]
        predicted = probabilities.argmax(axis=1)
        np.add.at(self.confusion, (labels, predicted), 1)
        self.in_top += int((places(probabilities, labels) < TOP).sum())
        # Clipped as Keras clips it, so that the loss is the one that training reports.
        self.loss -= float(np.log(np.maximum(of_true, keras.config.epsilon())).sum())
        for row in np.flatnonzero(predicted != labels):
            probability = float(probabilities[row, predicted[row]])
            mistake = (probability, -(self.count + int(row)), int(labels[row]), int(predicted[row]))
            heapq.heappush(self.worst, mistake)
            if len(self.worst) > self.kept:
                heapq.heappop(self.worst)
        self.count += len(labels)

    def _check(self, probabilities, labels):
        classes = len(self.confusion)
        if probabilities.shape != (len(labels), classes):
            raise ValueError(
                f"Expected an output of shape {(len(labels), classes)}: a column for each of the {classes} classes. "
                f"Received: {probabilities.shape}"
            )
        if len(labels) and not (labels.min() >= 0 and labels.max() < classes):
            raise ValueError(f"Labels must be 0 to {classes - 1}. Received: {labels.min()} to {labels.max()}")
        check_probabilities(probabilities)

    def assessment(self, class_names, split, name):
        return Assessment(
            class_names=class_names,
            split=split,
            count=self.count,
            loss=self.loss / self.count,
            top1=self.top1,
            top5=self.in_top / self.count if len(class_names) > TOP else None,
            confusion=self.confusion,
            mistakes=tuple(
                Mistake(-negated, true, predicted, probability, name(-negated))
                for probability, negated, true, predicted in sorted(self.worst, reverse=True)
            ),
        )

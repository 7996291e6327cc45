"""What happens around each epoch of a run."""

import csv
import math
from pathlib import Path

import keras

from keras_googlenet.errors import WorkError


class TrainingError(WorkError):
    """Training cannot go on."""


class SetEpoch(keras.callbacks.Callback):
    """Tells a sampler which epoch begins: its views follow from that.

    Counting the passes over the data instead would miscount, for Keras begins some that it does not finish.

    Args:
        sampler: A `data.Sampler`.
    """

    def __init__(self, sampler):
        super().__init__()
        self.sampler = sampler

    def on_epoch_begin(self, epoch, logs=None):
        """Sets the sampler's epoch."""
        self.sampler.epoch = epoch


class LogLearningRate(keras.callbacks.Callback):
    """Adds the learning rate of the epoch's last step to its metrics."""

    def on_epoch_end(self, epoch, logs=None):
        """Adds `learning_rate` to `logs`."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class StopOnNonFinite(keras.callbacks.Callback):
    """Ends training when the loss is not a number any more: nothing after it would be worth having."""

    def __init__(self):
        super().__init__()
        self._epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        """Remembers the epoch for the message."""
        self._epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        """Looks at the running loss.

        Raises:
            TrainingError: It is infinite or not a number.
        """
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            raise TrainingError(
                f"The loss became {loss} in epoch {self._epoch + 1}, batch {batch + 1}. Try a lower learning rate, a "
                "longer warm-up or a lower clip_norm."
            )


class WriteMetrics(keras.callbacks.Callback):
    """Appends a row of metrics to a CSV file at the end of each epoch.

    `keras.callbacks.CSVLogger` keeps the file open for the whole run, and leaves it so when training ends in an error.

    Args:
        path: The file; its first row names the columns.
    """

    def __init__(self, path):
        super().__init__()
        self.path = Path(path)

    def on_epoch_end(self, epoch, logs=None):
        """Writes the epoch's row."""
        row = {"epoch": epoch, **{name: float(value) for name, value in (logs or {}).items()}}
        with self.path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, row)
            if file.tell() == 0:
                writer.writeheader()
            writer.writerow(row)


def for_run(recipe, metrics_path, sampler):
    """The callbacks of a run, in the order in which Keras must call them.

    Args:
        recipe: A `Recipe`.
        metrics_path: Where the metrics go, as CSV, a row per epoch.
        sampler: The `data.Sampler` that the training images go through, or None.

    Returns:
        A list of `keras.callbacks.Callback`.
    """
    return [
        *([] if sampler is None else [SetEpoch(sampler)]),
        LogLearningRate(),
        StopOnNonFinite(),
        *([keras.callbacks.SwapEMAWeights(swap_on_epoch=True)] if recipe.averaging else []),
        WriteMetrics(metrics_path),
    ]

"""What happens around each step and each epoch of a run."""

import math

import keras

from keras_googlenet.errors import WorkError
from keras_googlenet.training.checkpoints import DIVERGED
from keras_googlenet.training.interruption import Interrupted
from keras_googlenet.training.optimizers.ema import ValidateAverages, averaged
from keras_googlenet.utils.files import written_whole

MONITOR = "val_predictions_accuracy", "val_accuracy"
"""What decides which epoch is the best; the second is that of a network with one head."""


class TrainingError(WorkError):
    """Training cannot go on."""


class LogLearningRate(keras.callbacks.Callback):
    """Adds the learning rate of the epoch's last step to its metrics."""

    def on_epoch_end(self, epoch, logs=None):
        """Adds `learning_rate` to `logs`."""
        if logs is not None:
            logs["learning_rate"] = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))


class EndValidation(keras.callbacks.Callback):
    """Lets go of validation's iterator once validation is done. Keras keeps it until the next one.

    An iterator that is deleted may wait for a thread of its own, for about as long as it has lived (TensorFlow 2.21
    wakes that thread, `tf.data`'s tuner, before it marks it as canceled). Under `MirroredStrategy` each device has
    such iterators, and two replicas stood still for most of an epoch.
    """

    def on_test_end(self, logs=None):
        """Resets it, as Keras does before it is used again."""
        iterator = getattr(self.model, "_eval_epoch_iterator", None)
        if iterator is not None:
            iterator.reset()


class StopOnNonFinite(keras.callbacks.Callback):
    """Ends training when the loss is not a number any more: nothing after it would be worth having.

    Args:
        checkpoints: The run's `Checkpoints`.
    """

    def __init__(self, checkpoints):
        super().__init__()
        self.checkpoints = checkpoints
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
                f"The loss became {loss} in epoch {self._epoch + 1}, batch {batch + 1}. {self.checkpoints.last_good()} "
                f"{DIVERGED}"
            )


class KeepEpoch(keras.callbacks.Callback):
    """Writes an epoch's metrics, and saves the averaged network if the epoch is the best by validation accuracy so far.

    Args:
        folder: The run's `RunFolder`.
    """

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def on_epoch_end(self, epoch, logs=None):
        """Writes the epoch's row, and anew those that a run left behind when it was stopped; then `best.keras`."""
        row = {"epoch": epoch, **{name: float(value) for name, value in (logs or {}).items()}}
        rows = [*self.folder.read_metrics()[:epoch], row]
        self.folder.write_metrics(rows)
        monitor = next((name for name in MONITOR if name in row), None)
        if monitor is None or best_epoch(rows, monitor) == epoch:
            with averaged(self.model) as model:
                save(model, self.folder.best)


def best_epoch(rows, monitor):
    """The first epoch of the highest value, counted from 0."""
    values = [float(row[monitor]) for row in rows]
    return max(range(len(values)), key=lambda epoch: (values[epoch], -epoch))


def save(model, path):
    """Writes a network, all heads and no optimizer, to a `.keras` file, whole or not at all.

    It is not compiled: the file is a third as large, and loads wherever the package is imported.

    Raises:
        TrainingError: It cannot be written; what was there before is as it was.
    """
    try:
        with written_whole(path) as partial:
            _uncompiled(model).save(partial)
    except OSError as error:
        raise TrainingError(f"{path} could not be written: {error}. What was saved before is as it was.") from None


def _uncompiled(model):
    """The same layers and weights in a model without an optimizer."""
    return type(model)(model.input, model.outputs, name=model.name, **model.traits())


class Checkpoint(keras.callbacks.Callback):
    """Saves the run's state every so many steps and after each epoch, and puts back that of a run that goes on.

    Args:
        checkpoints: The run's `Checkpoints`.
        steps_per_epoch: Batches in an epoch.
        every: Steps between two checkpoints.
        step: Steps that were done before.
        restore: The parts to restore at that step; none for a new run.
        interruption: The `Interruption` to look at after each step.
    """

    def __init__(self, checkpoints, steps_per_epoch, every, step, restore, interruption):
        super().__init__()
        self.checkpoints = checkpoints
        self.steps_per_epoch = steps_per_epoch
        self.every = every
        self.step = step
        self._restore = restore
        self._interruption = interruption

    def on_epoch_begin(self, epoch, logs=None):
        """Restores: only now are the optimizer and the metrics built, and the metrics set to zero."""
        if self._restore:
            self.checkpoints.restore(self.model, self.step, self._restore)
            self._restore = ()
            if self.step % self.steps_per_epoch == 0:
                self.model.reset_metrics()

    def on_train_batch_end(self, batch, logs=None):
        """Saves if it is time to.

        Raises:
            Interrupted: A signal came; the state of a run on one machine is saved.
        """
        self.step += 1
        if self._interruption.signal is not None:
            # Several workers can only save together, and the others may know of no signal.
            if self.checkpoints.placement.workers == 1:
                self.checkpoints.save(self.model, self.step)
            self._stop()
        # The epoch's last step is saved once the epoch is validated.
        if self.step % self.every == 0 and self.step % self.steps_per_epoch:
            self.checkpoints.save(self.model, self.step)

    def on_test_batch_end(self, batch, logs=None):
        """Stops a validation, too: it is not saved, and will be done again."""
        if self._interruption.signal is not None:
            self._stop()

    def on_epoch_end(self, epoch, logs=None):
        """Saves; the epoch's metrics and models are written already.

        Raises:
            Interrupted: A signal came.
        """
        self.checkpoints.save(self.model, self.step)
        if self._interruption.signal is not None:
            self._stop()

    def _stop(self):
        raise Interrupted(self._interruption.signal, f"{self.checkpoints.last_good()} Go on with --resume.")


def for_run(recipe, folder, checkpoint, board, callbacks=()):
    """The callbacks of a run, in the order in which Keras must call them.

    Args:
        recipe: A `Recipe`.
        folder: The run's `RunFolder`.
        checkpoint: The run's `Checkpoint`: it comes last, when all else of the epoch is written.
        board: The run's `WriteTensorBoard`.
        callbacks: The user's.

    Returns:
        A list of `keras.callbacks.Callback`.
    """
    return [
        LogLearningRate(),
        EndValidation(),
        StopOnNonFinite(checkpoint.checkpoints),
        *([ValidateAverages()] if recipe.averaging else []),
        *callbacks,
        *([KeepEpoch(folder), board] if checkpoint.checkpoints.placement.is_chief else []),
        checkpoint,
    ]

"""What happens around each step and each epoch of a run."""

import math

import keras

from keras_googlenet.errors import WorkError
from keras_googlenet.keras_compat.fit import release_validation
from keras_googlenet.keras_compat.on_jax import synchronize
from keras_googlenet.training.checkpoints import DIVERGED
from keras_googlenet.training.interruption import Interrupted
from keras_googlenet.training.optimizers.ema import ValidateEMA, ema_weights
from keras_googlenet.utils.partial import temporary_files_in
from keras_googlenet.utils.writing import written_whole
from keras_googlenet.weights.saving import write_model

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
    """Deletes validation's iterator when validation is done; Keras keeps it until the next validation.

    Each iterator has a thread of its own, which adjusts the pipeline (`tf.data`'s tuner). To delete an iterator is to
    wait until its thread has ended. In TensorFlow 2.21 that thread may go on sleeping, for about as long as the
    iterator has lived: a minute late in an epoch, nothing at once. Under `MirroredStrategy`, where each device has such
    iterators, two replicas stood still for most of an epoch.
    """

    def on_test_end(self, logs=None):
        """Deletes it."""
        release_validation(self.model)


class RunCallback(keras.callbacks.Callback):
    """A callback that knows its run.

    Args:
        run: The `Run`.
    """

    def __init__(self, run):
        super().__init__()
        self.run = run


class StopOnNonFinite(RunCallback):
    """Ends training when the loss is not a number any more: nothing after it would be worth having."""

    def on_train_batch_end(self, batch, logs=None):
        """Looks at the running loss.

        Raises:
            TrainingError: It is infinite or not a number.
        """
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            epoch = self.run.step // self.run.feed.steps_per_epoch + 1
            good = self.run.checkpoints.last_good()
            raise TrainingError(f"The loss became {loss} in epoch {epoch}, batch {batch + 1}. {good} {DIVERGED}")


class KeepEpoch(RunCallback):
    """Writes an epoch's metrics, and saves the averaged network if no epoch before had its validation accuracy."""

    def on_epoch_end(self, epoch, logs=None):
        """Writes the epoch's row, and anew those that a run left behind when it was stopped; then `best.keras`."""
        self.run.folder.check_there()
        row = {"epoch": epoch, **{name: float(value) for name, value in (logs or {}).items()}}
        before = self.run.folder.read_metrics()[:epoch]
        self.run.folder.write_metrics([*before, row])
        monitor = next((name for name in MONITOR if name in row), None)
        if monitor is None or all(float(other[monitor]) < row[monitor] for other in before):
            with ema_weights(self.model) as model:
                save(model, self.run.folder.best)


def save(model, path):
    """Writes a network, all heads and no optimizer, to a `.keras` file, whole or not at all.

    It is not compiled: the file is a third as large, and loads wherever the package is imported.

    Raises:
        WriteError: It cannot be written; what was there before is as it was.
    """
    with written_whole(path) as partial, temporary_files_in(partial.parent):
        write_model(type(model)(model.input, model.outputs, name=model.name, **model.traits()), partial)


class Checkpoint(RunCallback):
    """Counts the steps; saves the state every so many and after each epoch; restores that of a run that goes on."""

    def on_epoch_begin(self, epoch, logs=None):
        """Restores: Keras sets the metrics to zero before this, and would do so with the saved ones."""
        if self.run.restore:
            self.run.checkpoints.restore(self.model, self.run.step, self.run.restore)
            self.run.restore = ()
            if self.run.step % self.run.feed.steps_per_epoch == 0:
                self.model.reset_metrics()

    def on_train_batch_end(self, batch, logs=None):
        """Saves if it is time to.

        Raises:
            Interrupted: A signal came; the state of a run on one machine is saved.
            RunFolderError: The run's folder is gone.
        """
        self.run.step += 1
        self.run.folder.check_there()
        # Several workers can only save together, and the others may know of no signal.
        if self.run.interruption.signal is not None and self.run.context.workers == 1:
            self._save()
        self._stop_if_interrupted()
        # The epoch's last step is saved once the epoch is validated.
        if self.run.step % self.run.recipe.checkpoint_steps == 0 and self.run.step % self.run.feed.steps_per_epoch:
            self._save()

    def on_test_batch_end(self, batch, logs=None):
        """Stops a validation, too: it is not saved, and will be done again."""
        self.run.folder.check_there()
        self._stop_if_interrupted()

    def on_epoch_end(self, epoch, logs=None):
        """Saves; the epoch's metrics and models are written already.

        Raises:
            Interrupted: A signal came.
        """
        self._save()
        self._stop_if_interrupted()

    def _save(self):
        synchronize(self.model)
        self.run.checkpoints.save(self.model, self.run.step)

    def _stop_if_interrupted(self):
        signal = self.run.interruption.signal
        if signal is not None:
            raise Interrupted(signal, f"{self.run.checkpoints.last_good()} Go on with --resume.")


def for_run(run, board):
    """The callbacks of a run, in the order in which Keras must call them.

    Args:
        run: The `Run`. Its `Checkpoint` comes last, when all else of the epoch is written.
        board: Its `WriteTensorBoard`.

    Returns:
        A list of `keras.callbacks.Callback`.
    """
    return [
        LogLearningRate(),
        EndValidation(),
        StopOnNonFinite(run),
        *([ValidateEMA()] if run.recipe.averaging else []),
        *run.callbacks,
        *([KeepEpoch(run), board] if run.context.is_chief else []),
        Checkpoint(run),
    ]

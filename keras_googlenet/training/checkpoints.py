"""Everything that a run needs to go on as if it had never stopped, written to disk now and then."""

import collections
import re
import shutil
import warnings
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_googlenet.errors import WorkError
from keras_googlenet.model.version_0_1_0 import old_places
from keras_googlenet.training.distributed.lost_workers import is_loss
from keras_googlenet.training.distributed.strategy import write_folder
from keras_googlenet.utils.messages import one_line

PARTS = ("model", "optimizer", "metrics")

DIVERGED = "Start a new run with a lower learning rate, a longer warm-up or a lower clip_norm."
"""What to do about weights or a loss that are not finite."""

_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"  # what `tf.train.Checkpoint` appends to a variable's place
_NAME = re.compile(r"step-(\d+)\.index")

# What TensorFlow makes of a disk that is full, or is not there any more.
_FULL = (tf.errors.ResourceExhaustedError, tf.errors.UnknownError, tf.errors.NotFoundError, tf.errors.DataLossError)


class CheckpointError(WorkError):
    """A checkpoint could not be written, or is not of this run."""


class Checkpoints:
    """The checkpoints of a run: `step-N.index` and `step-N.data-...`, N being the steps that were done.

    They are written by `tf.train.Checkpoint`, whose files carry a checksum for each tensor and whose index is put in
    place last, so that a checkpoint is whole or none.

    Args:
        folder: Where they go; all workers see it.
        context: The run's `DistributionContext`: of several workers, the chief's files are the ones that are kept.
        kept: How many to keep; the oldest go first.
    """

    def __init__(self, folder, context, kept=3):
        self.folder = Path(folder)
        self.context = context
        self.kept = kept

    def save(self, model, step):
        """Writes the state of a model, its optimizer and its metrics.

        Args:
            model: A compiled model.
            step: Steps done so far, counted over the whole run.

        Raises:
            CheckpointError: It could not be written, for instance since the disk is full; or a weight is not finite,
                so that nothing could go on from it. Older checkpoints are as they were.
        """
        self._check_finite(model, step)
        path = self.path(step)
        try:
            if self.context.is_chief:
                self.folder.mkdir(exist_ok=True)  # where the run's own folder is gone, nothing is made
            with write_folder(self.context, self.folder) as folder:
                _checkpoint(_state(model, PARTS)).write(str(folder / path.name))
                if self.context.is_chief:
                    for file in sorted(folder.iterdir(), key=_is_index):
                        file.replace(self.folder / file.name)
        except (OSError, *_FULL) as error:
            if is_loss(error) and self.context.workers > 1:
                raise  # the disk is well: another worker was lost
            if self.context.is_chief:
                self._clear()
            why = getattr(error, "reason", "") or one_line(str(error) or type(error).__name__)[:200]
            raise CheckpointError(
                f"{path}: the checkpoint cannot be written: {why}. {self.last_good()} "
                "Make room, then go on with --resume."
            ) from None
        if self.context.is_chief:
            for old in self.steps()[: -self.kept]:
                self._remove(self.path(old))
            self._clear()

    def restore(self, model, step, parts=PARTS):
        """Puts a saved state back.

        Args:
            model: The model, compiled as the saved one was, its optimizer and metrics built.
            step: Which checkpoint.
            parts: What to restore.

        Raises:
            CheckpointError: The checkpoint is of another network or optimizer.
        """
        reader = tf.train.load_checkpoint(str(self.path(step)))
        saved = reader.get_variable_to_shape_map()
        saved = {name: shape for name, shape in saved.items() if name.partition("/")[0] in parts}
        state = _state(model, parts, by_place=f"optimizer/0{_SUFFIX}" in saved)
        variables = {f"{part}/{key}{_SUFFIX}": variable for part in state for key, variable in state[part].items()}
        if saved != {name: list(variable.shape) for name, variable in variables.items()}:
            raise CheckpointError(
                f"{self.path(step)}: this checkpoint is of another network or optimizer. Start a new run."
            )
        if keras.backend.backend() == "tensorflow":
            _checkpoint(state).read(str(self.path(step))).expect_partial()
        else:
            for name, variable in variables.items():
                variable.assign(reader.get_tensor(name))

    def newest(self):
        """The step of the newest checkpoint that is whole, or None. It warns of each that is not."""
        for step in reversed(self.steps()):
            try:
                # To read every tensor is to compare its checksum.
                reader = tf.train.load_checkpoint(str(self.path(step)))
                for name in reader.get_variable_to_shape_map():
                    reader.get_tensor(name)
            except Exception as error:  # of many kinds: TensorFlow's, IndexError, RuntimeError, ...
                why = " ".join(str(error).split())[:160]
                warnings.warn(f"{self.path(step)}: passed over, it is damaged: {why}", stacklevel=2)
            else:
                return step
        return None

    def forget_after(self, step):
        """Removes the checkpoints after a step: a run that goes on from it will write them anew."""
        for later in self.steps() if self.context.is_chief else ():
            if later > step:
                self._remove(self.path(later))

    def steps(self):
        """The steps of which there is a checkpoint, whole or not, in order."""
        found = (_NAME.fullmatch(path.name) for path in self.folder.glob("step-*.index"))
        return sorted(int(match[1]) for match in found if match)

    def last_good(self):
        """A sentence about the newest checkpoint that is whole."""
        step = self.newest()
        return "There is no checkpoint yet." if step is None else f"The last good checkpoint is of step {step}."

    def path(self, step):
        """Where the checkpoint of a step lies, without the extensions of its files."""
        return self.folder / f"step-{step}"

    def _check_finite(self, model, step):
        """A loss can be finite where a weight is not: rectification hides it."""
        for variable in model.trainable_variables:
            if not np.isfinite(keras.ops.convert_to_numpy(variable)).all():
                raise CheckpointError(
                    f"After step {step}, {variable.path} is not finite. {self.last_good()} {DIVERGED}"
                )

    def _remove(self, path):
        # The index first: without it the rest is no checkpoint.
        for file in sorted(self.folder.glob(f"{path.name}.*"), key=_is_index, reverse=True):
            if file.is_file():
                file.unlink(missing_ok=True)

    def _clear(self):
        """Removes what killed runs left, of 0.1.0 too: folders that TensorFlow wrote in, and data without an index."""
        for left in self.folder.glob("step-*_temp"):
            shutil.rmtree(left, ignore_errors=True)
        whole = {f"step-{step}" for step in self.steps()}
        for file in self.folder.glob("step-*.data-*"):
            if file.name.partition(".")[0] not in whole:
                file.unlink(missing_ok=True)


def _is_index(file):
    return file.suffix == ".index"


def _state(model, parts, by_place=False):
    """The variables of a model, its optimizer and its metrics, by names that are the same in each process.

    `by_place` is for checkpoints of version 0.1.0, which name the optimizer's by their places in its order.
    """
    optimizer = model.optimizer
    names = old_places(model, optimizer) if by_place else _distinct(variable.name for variable in optimizer.variables)
    variables = {
        "model": {
            f"{layer.name}:{i}": variable for layer in model.layers for i, variable in enumerate(layer.variables)
        },
        "optimizer": {str(name): variable for name, variable in zip(names, optimizer.variables, strict=True)},
        "metrics": {str(i): variable for i, variable in enumerate(model.metrics_variables)},
    }
    return {part: variables[part] for part in parts}


def _distinct(names):
    """Names, of which a second one like another, as of the optimizer inside `LossScaling`, is numbered."""
    counts = collections.Counter()
    for name in names:
        counts[name] += 1
        yield name if counts[name] == 1 else f"{name}:{counts[name]}"


def _checkpoint(state):
    """What TensorFlow writes and reads: its own variables, and on other backends copies of theirs."""
    copies = keras.backend.backend() != "tensorflow"

    def holder(variable):
        return tf.Variable(keras.ops.convert_to_numpy(variable)) if copies else variable.value

    parts = {part: {key: holder(variable) for key, variable in variables.items()} for part, variables in state.items()}
    return tf.train.Checkpoint(**{part: tf.train.Checkpoint(**holders) for part, holders in parts.items()})

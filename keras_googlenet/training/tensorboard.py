"""What TensorBoard shows of a run: its curves, the first layer's filters and the recipe.

The events are written by TensorFlow itself; the `tensorboard` package is needed only to look at them.
"""

import io
import json
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from keras_googlenet.utils.disk import naming
from keras_googlenet.utils.pictures import filter_grid

FIRST_LAYER = "conv1_7x7_s2"
"""The layer whose filters are shown: they are as deep as an image (Table 1)."""


class WriteTensorBoard(keras.callbacks.Callback):
    """Writes TensorBoard's events into `<folder>/tensorboard/`.

    Every tag counts training steps, from the run's first. At the end of each epoch: its metrics, as `epoch/<name>`, and
    the first layer's filters; every few steps, `steps/loss`, the mean over the steps since the last value of the same
    epoch. It goes after the callbacks that add to the metrics, such as `LogLearningRate`, and only into the chief of
    several workers.

    Each start of a run, resumed ones too, writes a file of its own and leaves the older ones as they are. Steps that
    were trained again after an interruption are therefore there twice, with equal values where the run is
    deterministic. No random number is drawn.

    Args:
        folder: The run's folder.
        recipe: What to show as text, a dict; None for nothing.
        steps_per_epoch: Steps in an epoch.
        first_step: Steps that were trained before this start: 0, or the checkpoint's. Keras's running loss is taken to
            be that of the whole epoch, including the part before the start.
        every: Steps between two values of `steps/loss`.

    Example:
        >>> WriteTensorBoard("runs/first", steps_per_epoch=45).every
        50
    """

    def __init__(self, folder, *, recipe=None, steps_per_epoch, first_step=0, every=50):
        super().__init__()
        self.folder = Path(folder) / "tensorboard"
        self.recipe = recipe
        self.steps_per_epoch = steps_per_epoch
        self.first_step = first_step
        self.every = every
        self._writer = None

    @classmethod
    def of(cls, run):
        """That of a `Run`, from where it stands."""
        recipe, steps = run.recipe.record(), run.feed.steps_per_epoch
        return cls(run.folder.path, recipe=recipe, steps_per_epoch=steps, first_step=run.step)

    def on_train_begin(self, logs=None):
        """Opens the file."""
        with self._naming():
            self._writer = tf.summary.create_file_writer(str(self.folder))
        self._step = self.first_step
        # The epoch's sum of losses up to a step: unknown where training begins in the midst of one.
        place = self._step % self.steps_per_epoch
        self._place, self._sum = place, 0.0 if place == 0 else None
        if self.recipe is not None:
            self._write("recipe", np.array(_markdown(self.recipe), object), "text")
        self._write_filters()

    def on_train_batch_end(self, batch, logs=None):
        """Writes the mean loss of the last steps, if it is time."""
        self._step += 1
        place = (self._step - 1) % self.steps_per_epoch + 1
        if self._step % self.every == 0 and "loss" in (logs or {}):
            # Keras reports the mean of the epoch so far.
            total = float(logs["loss"]) * place
            if self._sum is not None:
                self._write("steps/loss", np.float32((total - self._sum) / (place - self._place)), "scalars")
                self._flush()
            self._place, self._sum = place, total
        if place == self.steps_per_epoch:
            self._place, self._sum = 0, 0.0

    def on_epoch_end(self, epoch, logs=None):
        """Writes the epoch's metrics and the filters."""
        rate = {"learning_rate": keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)}
        for name, value in {**rate, **(logs or {})}.items():
            self._write(f"epoch/{name}", np.float32(value), "scalars")
        self._write_filters()
        self._flush()

    def on_train_end(self, logs=None):
        """Closes the file."""
        self.close()

    def close(self):
        """Closes the file; for a run that an error ended, which Keras does not tell its callbacks of."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _flush(self):
        with self._naming():
            self._writer.flush()

    def _naming(self):
        """TensorFlow's errors are of many kinds where the disk is full; the run goes on with `--resume`."""
        return naming(self.folder, self.folder)

    def _write_filters(self):
        layer = next((layer for layer in self.model.layers if layer.name == FIRST_LAYER), None)
        if layer is None or layer.kernel.shape[2] != 3:
            return
        picture = filter_grid(keras.ops.convert_to_numpy(layer.kernel))
        height, width, _ = picture.shape
        png = io.BytesIO()
        Image.fromarray(picture).save(png, "PNG")
        self._write(f"filters/{FIRST_LAYER}", np.array([str(width), str(height), png.getvalue()], object), "images")

    def _write(self, tag, value, plugin):
        """Writes a value as TensorBoard's plug-in of that name reads it."""
        metadata = tf.compat.v1.SummaryMetadata(plugin_data={"plugin_name": plugin})
        metadata.data_class = _DATA_CLASSES[plugin]
        with self._naming(), self._writer.as_default():
            tf.summary.write(tag, tf.convert_to_tensor(value), step=self._step, metadata=metadata)


_DATA_CLASSES = {"scalars": 1, "text": 2, "images": 3}  # DATA_CLASS_SCALAR, _TENSOR, _BLOB_SEQUENCE of summary.proto


def _markdown(recipe):
    """A table in Markdown; what would end a cell or begin HTML is escaped."""
    lines = ["| field | value |", "|---|---|"]
    for name, value in recipe.items():
        text = value if isinstance(value, str) else json.dumps(value)
        for character in "\\`*_[]<>|":
            text = text.replace(character, f"\\{character}")
        lines.append(f"| {name} | {' '.join(text.split())} |")
    return "\n".join(lines)

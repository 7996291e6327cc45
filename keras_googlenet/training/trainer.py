"""The main job: a recipe in, a run's folder out, from wherever the run stands."""

import keras
import numpy as np
import tensorflow as tf

from keras_googlenet import architecture, data
from keras_googlenet.errors import InputError
from keras_googlenet.imagenet import preprocess_input
from keras_googlenet.model import GoogLeNet
from keras_googlenet.model.pretrained import locate
from keras_googlenet.training import callbacks as run_callbacks
from keras_googlenet.training import freezing, optimization
from keras_googlenet.training.averaging import averaged
from keras_googlenet.training.checkpoints import PARTS, Checkpoints
from keras_googlenet.training.interruption import interruption
from keras_googlenet.training.losses import loss
from keras_googlenet.training.run_folder import RunFolder, written_whole

SAMPLERS = {"paper": data.Sampler, "shift": data.ShiftSampler}


def train(recipe, folder, *, resume=False, callbacks=(), draw_samples=None, verbose="auto"):
    """Trains a network; leaves what it was trained with, how it went, and the model in a folder.

    A run may be stopped at any moment, even by a power cut, and gone on with: it ends with the same weights, bit for
    bit, as one that was left alone (`recipe.deterministic`, and the same machine).

    Args:
        recipe: A `Recipe`.
        folder: The run's folder, new or empty. It receives `recipe.json`, `metrics.csv`, `checkpoints/`,
            `best.keras` and `model.keras`, which have all heads: their `inference_model()` is the network without
            them.
        resume: Go on with the run in the folder, from its newest checkpoint that is whole; begin if there is none.
        callbacks: More Keras callbacks.
        draw_samples: Draws `samples.png` before training starts, such as `visualize.plot_samples`: a function of
            images as training will see them, a uint8 array (views, size, size, 3), and a path. None leaves it out.
        verbose: As in `keras.Model.fit`.

    Returns:
        The metrics of the last epoch, a dict.

    Raises:
        InputError: The data set, the recipe or the folder cannot be used; nothing was written.
        ImageError: A file turned out unreadable during training; the message names it.
        TrainingError: The loss is not finite any more, or something could not be written.
        Interrupted: SIGTERM or Ctrl-C; the run was saved.

    Example:
        >>> train(recipe_for("digits", epochs=1), "runs/first")["val_predictions_accuracy"]  # doctest: +SKIP
        0.8
    """
    folder = RunFolder(folder)
    _check_keras()
    if not resume:
        folder.check_new()
    elif folder.recipe.exists():
        folder.check_same(recipe)
    if recipe.deterministic:
        tf.config.experimental.enable_op_determinism()
    source = data.load(recipe.dataset, data_dir=recipe.data_dir, validation_fraction=recipe.validation_fraction)
    print(source.summary(), flush=True)
    with data.reading_errors(), interruption() as interrupted:
        run = Run(recipe, folder, source, interrupted)
        run.begin(draw_samples)
        run.go(callbacks, verbose)
        run.end()
    return {name: float(value) for name, value in folder.read_metrics()[-1].items() if name != "epoch"}


class Run:
    """A recipe, the images it is trained on, and where it stands.

    Attributes:
        step: Steps done, counted over the whole run.
    """

    def __init__(self, recipe, folder, source, interrupted):
        self.recipe, self.folder, self.source, self._interrupted = recipe, folder, source, interrupted
        self.batch_size = min(recipe.batch_size, source.train.count)
        self.steps_per_epoch = source.train.count // self.batch_size
        self.checkpoints = Checkpoints(folder.checkpoints, recipe.checkpoints_kept)
        self.step = 0
        self._saved = None
        keras.utils.set_random_seed(recipe.seed)
        self.model = build(recipe, source)
        self._readers = {
            name: data.Reader(getattr(source, name), on_corrupt=recipe.on_corrupt) for name in ("train", "validation")
        }
        self._sampler = SAMPLERS[recipe.sampling](recipe.seed) if recipe.sampling in SAMPLERS else None

    def begin(self, draw_samples):
        """Finds where to go on from; a new run writes its recipe and shows its samples."""
        self._saved = self.checkpoints.newest()
        if self._saved is not None:
            self.step = self._saved
            self.checkpoints.forget_after(self.step)
            epoch, step = divmod(self.step, self.steps_per_epoch)
            done = epoch == self.recipe.epochs
            place = "the end" if done else f"epoch {epoch + 1}, step {step} of {self.steps_per_epoch}"
            print(f"going on from {place}", flush=True)
            return
        if self.batch_size < self.recipe.batch_size:
            print(f"batches of {self.batch_size}: there are no more training images")
        self.folder.write_recipe(self.recipe, self.source, self.steps_per_epoch)
        if draw_samples is not None:
            size = self.recipe.image_size
            views = data.preview(self._readers["train"], image_size=size, sampler=self._sampler, seed=self.recipe.seed)
            with written_whole(self.folder.samples) as partial:
                draw_samples(views, partial)

    def go(self, callbacks, verbose):
        """Trains to the end, phase by phase."""
        for phase in freezing.phases(self.recipe):
            if self.step < (phase.last_epoch + 1) * self.steps_per_epoch:
                self._compile(phase)
                self._finish_epoch(callbacks, verbose)
                self._fit(phase.last_epoch + 1, callbacks, verbose)

    def end(self):
        """Saves the averaged network, unless that was done before."""
        if not self.model.compiled and not self.folder.last.exists():
            self._compile(freezing.phases(self.recipe)[-1])
            self.checkpoints.restore(self.model, self.step, self._restore)
        if self.model.compiled:
            with averaged(self.model) as model:
                run_callbacks.save(model, self.folder.last)
        skipped = [reason for reader in self._readers.values() for reason in reader.skipped.values()]
        if skipped:
            with written_whole(self.folder.skipped) as partial:
                partial.write_text("".join(f"{reason}\n" for reason in sorted(skipped)), encoding="utf-8")
            print(f"skipped {len(skipped):,} images that cannot be read: {self.folder.skipped}", flush=True)

    def _compile(self, phase):
        (freezing.freeze_trunk if phase.frozen else freezing.thaw)(self.model)
        self.model.compile(
            optimization.optimizer(self.recipe, self.steps_per_epoch, phase.epochs, phase.learning_rate),
            loss=loss(self.recipe),
            metrics=["accuracy"],
        )
        # Else Keras would make the optimizer's variables and the metrics in the first step, too late to restore them.
        size = self.recipe.image_size
        self.model._symbolic_build(data_batch=(np.zeros((1, size, size, 3), "float32"), np.zeros(1, "int64")))
        # At the first step of a phase the saved optimizer is that of the phase before.
        begins = self.step == phase.first_epoch * self.steps_per_epoch
        self._restore = () if self._saved is None else ("model",) if begins else PARTS
        self._saved = None

    def _finish_epoch(self, callbacks, verbose):
        """An epoch that was begun has fewer steps than the others."""
        epoch, done = divmod(self.step, self.steps_per_epoch)
        if done:
            self._fit(epoch + 1, callbacks, verbose, steps=self.steps_per_epoch - done)

    def _fit(self, last_epoch, callbacks, verbose, steps=None):
        first_epoch = self.step // self.steps_per_epoch
        if first_epoch == last_epoch:
            return
        checkpoint = run_callbacks.Checkpoint(
            self.checkpoints,
            self.steps_per_epoch,
            self.recipe.checkpoint_steps,
            self.step,
            self._restore,
            self._interrupted,
        )
        self._restore = ()
        self.model.fit(
            self._training(),
            steps_per_epoch=steps or self.steps_per_epoch,
            validation_data=self._validation(),
            initial_epoch=first_epoch,
            epochs=last_epoch,
            verbose=verbose,
            shuffle=False,  # the pipeline shuffles
            callbacks=run_callbacks.for_run(self.recipe, self.folder, checkpoint, callbacks),
        )
        self.step = checkpoint.step

    def _training(self):
        return data.training_stream(
            self._readers["train"],
            image_size=self.recipe.image_size,
            batch_size=self.batch_size,
            seed=self.recipe.seed,
            sampler=self._sampler,
            preprocess=preprocess_input,
            first_step=self.step,
        )

    def _validation(self):
        return data.evaluation_batches(
            self._readers["validation"],
            image_size=self.recipe.image_size,
            batch_size=self.recipe.batch_size,
            preprocess=preprocess_input,
        )


def build(recipe, source):
    """The network that a recipe asks for.

    Args:
        recipe: A `Recipe`.
        source: The `data.Source` it will be trained on.

    Returns:
        A `GoogLeNetModel`, with the heads of its table if the recipe wants them. It is not compiled.

    Raises:
        InputError: The weights to start from do not fit.
    """
    table = architecture.resolve(recipe.variant)
    size = (recipe.image_size, recipe.image_size)
    with optimization.precision_policy(recipe):
        model = GoogLeNet(
            # The file behind a name: its trunk serves any number of classes.
            weights=locate(recipe.weights, GoogLeNet),
            input_shape=(*size, 3),
            classes=len(source.classes),
            aux_heads=recipe.aux_heads and bool(table.auxiliary),
            variant=table,
        )
    model.class_names = source.classes
    return model


def _check_keras():
    backend, data_format = keras.backend.backend(), keras.config.image_data_format()
    if (backend, data_format) != ("tensorflow", "channels_last"):
        raise InputError(
            "Training runs on Keras's TensorFlow backend with channels last (KERAS_BACKEND, ~/.keras/keras.json). "
            f"Received: {backend}, {data_format}"
        )

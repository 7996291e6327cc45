"""The main job: a recipe in, a run's folder out, from wherever the run stands."""

from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from pathlib import Path

import keras

from keras_googlenet.data.errors import reading_errors
from keras_googlenet.data.source import Source
from keras_googlenet.training import backends
from keras_googlenet.training import callbacks as run_callbacks
from keras_googlenet.training.checkpoints import PARTS, Checkpoints
from keras_googlenet.training.distributed.broadcast import broadcast_start
from keras_googlenet.training.distributed.lost_workers import reporting_lost_workers
from keras_googlenet.training.distributed.strategy import strategy_for
from keras_googlenet.training.features import feed_for
from keras_googlenet.training.feeding import Feed, load_source
from keras_googlenet.training.freezing import phases
from keras_googlenet.training.interruption import Interrupted, interruption
from keras_googlenet.training.memory import check_memory, reporting_shortage
from keras_googlenet.training.network import build, compile_for
from keras_googlenet.training.optimizers.ema import ema_weights
from keras_googlenet.training.recipes.automatic import following, settled
from keras_googlenet.training.recipes.recipe import Recipe
from keras_googlenet.training.run_folder import RunFolder
from keras_googlenet.training.run_lock import RunLock
from keras_googlenet.training.tensorboard import WriteTensorBoard
from keras_googlenet.utils.messages import one_line
from keras_googlenet.utils.pictures import plot_samples
from keras_googlenet.utils.writing import written_whole


def train(
    recipe: Recipe,
    folder: str | Path,
    *,
    strategy: str = "auto",
    resume: bool = False,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: str | int = "auto",
    load: Callable[[Recipe], Source] | None = None,
    lock: RunLock | None = None,
) -> dict[str, float]:
    """Trains a network; leaves what it was trained with, how it went, and the model in a folder.

    A run may be stopped at any moment, even by a power cut, and gone on with: on one device it ends with the same
    weights, bit for bit, as one that was left alone (`recipe.deterministic`, and the same machine).

    Args:
        recipe: A `Recipe`.
        folder: The run's folder, new or empty; several workers share it. It receives `recipe.json`, `samples.png`,
            `metrics.csv`, `tensorboard/`, `checkpoints/`, `best.keras` and `model.keras`, which have all heads: their
            `inference_model()` is the network without them.
        strategy: `auto`, `none`, `mirrored` or `multiworker`: see `strategy_for`.
        resume: Go on with the run in the folder, from its newest checkpoint that is whole; begin if there is none.
        callbacks: More Keras callbacks.
        verbose: As in `keras.Model.fit`; workers other than the chief are silent.
        load: A function of the recipe that finds its images, once the devices are known; None means `load_source`.
        lock: The folder's `RunLock`, for who goes on in it afterwards; None gives it back when training ends.

    Returns:
        The metrics of the last epoch, a dict.

    Raises:
        InputError: The data set, the recipe, the cluster or the folder cannot be used, or `resume` finds other images
            than the run began with; nothing was written.
        ImageError: A file turned out unreadable during training, or was gone; the message names it.
        WorkError: The loss is not finite any more (`TrainingError`), something could not be written
            (`CheckpointError`), a signal came (`Interrupted`), or another worker was lost. The message says from
            where `resume` goes on. Or another process trains in the folder, or it was removed (`RunFolderError`).

    Example:
        >>> train(recipe_for("digits", epochs=1), "runs/first")["val_predictions_accuracy"]  # doctest: +SKIP
        0.8
    """
    recorded = RunFolder(folder, lock).read_recipe() if resume else None
    backends.prepare((following(recipe, recorded) if recorded else recipe).deterministic is True)
    context = strategy_for(strategy)
    with RunLock(folder) if lock is None else nullcontext(lock) as lock:
        run_folder = RunFolder(folder, lock)
        if context.is_chief:
            lock.check_free()
        _check_start(run_folder, recipe, context, resume)
        recipe = settled(recipe, recorded, say=context.is_chief)
        if recipe.deterministic:
            backends.be_deterministic()
        source = (load or load_source)(recipe)
        run_folder.check_outside(source)
        if context.is_chief:
            lock.take()
            _check_start(run_folder, recipe, context, resume)  # another process may have been here meanwhile
        if resume:
            run_folder.check_same_images(source)
        with (
            reporting_lost_workers(context),
            reporting_shortage(recipe),
            reading_errors(),
            context.fitting(),
            interruption() as interrupted,
        ):
            logs = Run(recipe, run_folder, source, context, interrupted, callbacks, verbose).train()
    if interrupted.signal is not None:  # while the model was written
        raise Interrupted(interrupted.signal, "Training is done. Go on with --resume.")
    return logs


def _check_start(run_folder, recipe, context, resume):
    if resume:
        run_folder.check_same(recipe)
    elif context.is_chief:
        run_folder.check_new()


class Run:
    """A recipe, the images it is trained on, the devices it is trained on, and where it stands.

    Args:
        recipe: A `Recipe`.
        folder: Its `RunFolder`.
        source: The `data.Source`.
        context: The `DistributionContext`.
        interruption: An `Interruption`.
        callbacks: The user's.
        verbose: As in `keras.Model.fit`.

    Attributes:
        feed: Its `Feed`.
        checkpoints: Its `Checkpoints`.
        verbose: As in `keras.Model.fit`.
        step: Steps done, counted over the whole run.
        restore: The parts of the checkpoint of this step that training begins with.
        logs: The metrics of the last epoch that was done.
    """

    def __init__(self, recipe, folder, source, context, interruption, callbacks, verbose):
        self.recipe, self.folder, self.source, self.context = recipe, folder, source, context
        self.interruption, self.callbacks, self.verbose = interruption, callbacks, verbose
        self.feed = Feed(recipe, source, context)
        check_memory(recipe, source, context, self.feed.batch_size)
        self.checkpoints = Checkpoints(folder.checkpoints, context, recipe.checkpoints_kept)
        self.step, self.restore, self.logs = 0, (), {}
        keras.utils.set_random_seed(recipe.seed)
        with context.strategy.scope():
            self.model = build(recipe, source)

    def train(self):
        """Trains to the end, phase by phase, from wherever the run stands; returns the last epoch's metrics."""
        self._introduce()
        saved = broadcast_start(self.context, self.recipe, self.source, self.checkpoints)
        if saved is None:
            self._begin()
        else:
            self._go_on(saved)
        steps = self.feed.steps_per_epoch
        for phase in phases(self.recipe):
            end = phase.last_epoch + 1
            if self.step < end * steps:
                self._compile(phase, saved)
                epoch, done = divmod(self.step, steps)
                with feed_for(self, phase) as feed:
                    # An epoch that was begun has fewer steps than the others.
                    if done:
                        self._fit(feed, phase, epoch + 1, steps - done)
                    self._fit(feed, phase, end, steps)
        if not self.model.compiled and not self.folder.last.exists():
            self._compile(phases(self.recipe)[-1], saved)
            self.checkpoints.restore(self.model, self.step, self.restore)
        if self.model.compiled and self.context.is_chief:
            self.folder.check_there()
            with ema_weights(self.model) as model:
                run_callbacks.save(model, self.folder.last)
        self._report_skipped()
        return self.logs

    def _introduce(self):
        self._say(self.source.summary())
        self._say(self.source.class_names())
        if self.context.replicas > 1:
            each = self.context.per_replica(self.feed.batch_size)
            self._say(f"{self.context.summary()}, {each} images each per step")

    def _begin(self):
        """Writes the recipe, and shows what training will see."""
        if self.feed.batch_size < self.recipe.batch_size:
            self._say(f"batches of {self.feed.batch_size}: there are no more training images")
        if self.context.is_chief:
            self.folder.write_recipe(self.recipe, self.source, self.feed.steps_per_epoch)
            with written_whole(self.folder.samples) as partial:
                plot_samples(self.feed.samples(), partial)

    def _go_on(self, saved):
        self.step = saved
        self.checkpoints.forget_after(saved)
        self.logs = self.folder.last_metrics()
        epoch, step = divmod(saved, self.feed.steps_per_epoch)
        done = epoch == self.recipe.epochs
        self._say(f"going on from {'the end' if done else f'epoch {epoch + 1}, step {step}'}")

    def _compile(self, phase, saved):
        with self.context.strategy.scope():
            compile_for(self.model, self.recipe, phase, self.feed.steps_per_epoch)
        # At the first step of a phase the saved optimizer is that of the phase before.
        begins = self.step == phase.first_epoch * self.feed.steps_per_epoch
        self.restore = () if self.step != saved else ("model",) if begins else PARTS

    def _fit(self, feed, phase, end, steps):
        first_epoch = self.step // self.feed.steps_per_epoch
        if first_epoch == end:
            return
        with closing(WriteTensorBoard.of(self)) as board:
            history = self.model.fit(
                feed.training(self.step, phase.views),
                steps_per_epoch=steps,
                validation_data=feed.validation(),
                validation_steps=self.feed.validation_steps,
                initial_epoch=first_epoch,
                epochs=end,
                verbose=self.verbose if self.context.is_chief else 0,
                shuffle=False,  # the pipeline shuffles
                callbacks=run_callbacks.for_run(self, board),
            )
        self.logs = {name: float(values[-1]) for name, values in history.history.items()}

    def _report_skipped(self):
        skipped = self.feed.skipped()
        if skipped:
            self.folder.check_there()
            path = self.folder.skipped(self.context.worker)
            with written_whole(path) as partial:
                partial.write_text("".join(f"{reason}\n" for reason in skipped), encoding="utf-8")
            print(one_line(f"skipped {len(skipped):,} images that cannot be read: {path}"), flush=True)

    def _say(self, line):
        if self.context.is_chief:
            print("\n".join(map(one_line, line.split("\n"))), flush=True)

"""A run: a recipe, the images it is trained on, the devices it is trained on, and where it stands."""

import contextlib
import dataclasses

import keras
import numpy as np

from keras_googlenet import architecture, data
from keras_googlenet.errors import InputError
from keras_googlenet.imagenet import preprocess_input
from keras_googlenet.keras_compat import replicas
from keras_googlenet.model.googlenet import GoogLeNet
from keras_googlenet.model.pretrained import locate
from keras_googlenet.training import callbacks as run_callbacks
from keras_googlenet.training import freezing
from keras_googlenet.training.checkpoints import PARTS, Checkpoints
from keras_googlenet.training.distributed.broadcast import agree
from keras_googlenet.training.distributed.strategy import distribute
from keras_googlenet.training.optimizers import from_recipe as optimization
from keras_googlenet.training.optimizers.ema import averaged
from keras_googlenet.training.optimizers.losses import loss
from keras_googlenet.training.tensorboard import WriteTensorBoard
from keras_googlenet.utils.files import written_whole

SAMPLERS = {"paper": data.Sampler, "shift": data.ShiftSampler}


class Run:
    """What `train` goes through: `begin`, `go` and `end`.

    Args:
        recipe: A `Recipe`.
        folder: Its `RunFolder`.
        source: The `data.Source`.
        placement: The `Placement`.
        interruption: An `Interruption`.

    Attributes:
        step: Steps done, counted over the whole run.
        logs: The metrics of the last epoch that was done.
    """

    def __init__(self, recipe, folder, source, placement, interruption):
        self.recipe, self.folder, self.source = recipe, folder, source
        self.placement, self._interruption = placement, interruption
        self.batch_size = _fitting(recipe.batch_size, source.train.count, placement)
        self.steps_per_epoch = source.train.count // self.batch_size
        self.checkpoints = Checkpoints(folder.checkpoints, placement, recipe.checkpoints_kept)
        self.step = 0
        self.logs = {}
        self._saved = None
        self._readers = {
            name: data.Reader(getattr(source, name), on_corrupt=recipe.on_corrupt) for name in ("train", "validation")
        }
        self._sampler = SAMPLERS[recipe.sampling](recipe.seed) if recipe.sampling in SAMPLERS else None
        keras.utils.set_random_seed(recipe.seed)
        with placement.strategy.scope():
            self.model = build(recipe, source)

    def begin(self, draw_samples):
        """Finds where to go on from; a new run writes its recipe and shows its samples."""
        self._say(self.source.summary())
        self._say(self.source.class_names())
        if self.placement.replicas > 1:
            self._say(f"{self.placement.summary()}, {self.placement.per_replica(self.batch_size)} images each per step")
        self._saved = agree(self.placement, self.recipe, self.source, self.checkpoints)
        if self._saved is not None:
            self.step = self._saved
            self.checkpoints.forget_after(self.step)
            self.logs = self.folder.last_metrics()
            epoch, step = divmod(self.step, self.steps_per_epoch)
            done = epoch == self.recipe.epochs
            self._say(f"going on from {'the end' if done else f'epoch {epoch + 1}, step {step}'}")
            return
        if self.batch_size < self.recipe.batch_size:
            self._say(f"batches of {self.batch_size}: there are no more training images")
        if self.placement.is_chief:
            self.folder.write_recipe(self.recipe, self.source, self.steps_per_epoch)
            self._draw(draw_samples)

    def go(self, callbacks, draw_filters, verbose):
        """Trains to the end, phase by phase."""
        for phase in freezing.phases(self.recipe):
            end = phase.last_epoch + 1
            if self.step < end * self.steps_per_epoch:
                self._compile(phase)
                epoch, done = divmod(self.step, self.steps_per_epoch)
                # An epoch that was begun has fewer steps than the others.
                if done:
                    self._fit(epoch + 1, self.steps_per_epoch - done, callbacks, draw_filters, verbose)
                self._fit(end, self.steps_per_epoch, callbacks, draw_filters, verbose)

    def end(self):
        """Saves the averaged network, unless that was done before, and says what was skipped."""
        if not self.model.compiled and not self.folder.last.exists():
            self._compile(freezing.phases(self.recipe)[-1])
            self.checkpoints.restore(self.model, self.step, self._restore)
        if self.model.compiled and self.placement.is_chief:
            with averaged(self.model) as model:
                run_callbacks.save(model, self.folder.last)
        self._report_skipped()

    def _compile(self, phase):
        (freezing.freeze_trunk if phase.frozen else freezing.thaw)(self.model)
        with self.placement.strategy.scope():
            optimizer = optimization.optimizer(self.recipe, self.steps_per_epoch, phase.epochs, phase.learning_rate)
            optimization.unwrap(optimizer).average_too(replicas.statistics(self.model))
            self.model.compile(optimizer, loss=loss(self.recipe), metrics=["accuracy"])
            # Else Keras would make the optimizer's variables and the metrics in the first step, too late to restore.
            size = self.recipe.image_size
            batch = (np.zeros((1, size, size, 3), "float32"), np.zeros(1, "int64"))
            self.model._symbolic_build(data_batch=batch)
        # At the first step of a phase the saved optimizer is that of the phase before.
        begins = self.step == phase.first_epoch * self.steps_per_epoch
        self._restore = () if self._saved is None else ("model",) if begins else PARTS
        self._saved = None

    def _fit(self, end, steps, callbacks, draw_filters, verbose):
        first_epoch = self.step // self.steps_per_epoch
        if first_epoch == end:
            return
        checkpoint = run_callbacks.Checkpoint(
            self.checkpoints,
            self.steps_per_epoch,
            self.recipe.checkpoint_steps,
            self.step,
            self._restore,
            self._interruption,
        )
        self._restore = ()
        board = WriteTensorBoard(
            self.folder.path,
            recipe=dataclasses.asdict(self.recipe),
            steps_per_epoch=self.steps_per_epoch,
            first_step=self.step,
            draw_filters=draw_filters,
        )
        validation, validation_steps = self._validation()
        with contextlib.closing(board):
            history = self.model.fit(
                self._training(),
                steps_per_epoch=steps,
                validation_data=validation,
                validation_steps=validation_steps,
                initial_epoch=first_epoch,
                epochs=end,
                verbose=verbose if self.placement.is_chief else 0,
                shuffle=False,  # the pipeline shuffles
                callbacks=run_callbacks.for_run(self.recipe, self.folder, checkpoint, board, callbacks),
            )
        self.step = checkpoint.step
        self.logs = {name: float(values[-1]) for name, values in history.history.items()}

    def _training(self):
        per_replica = self.placement.per_replica(self.batch_size)

        def stream(share, replicas):
            whole = data.training_stream(
                self._readers["train"],
                image_size=self.recipe.image_size,
                batch_size=self.batch_size,
                seed=self.recipe.seed,
                sampler=self._sampler,
                preprocess=preprocess_input,
                first_step=self.step,
                share=data.Share(*share),
            )
            return whole if replicas == 1 else whole.rebatch(per_replica)

        return distribute(self.placement, stream, endless=True)

    def _validation(self):
        reader, size = self._readers["validation"], self.recipe.batch_size

        def batches(share, replicas):
            return data.evaluation_batches(
                reader,
                image_size=self.recipe.image_size,
                batch_size=size,
                preprocess=preprocess_input,
                share=data.Share(*share),
                replicas=replicas,
            )

        steps = data.evaluation_steps(reader.split.count, size, self.placement.replicas)
        return distribute(self.placement, batches), steps

    def _draw(self, draw_samples):
        if draw_samples is None:
            return
        size, seed = self.recipe.image_size, self.recipe.seed
        views = data.preview(self._readers["train"], image_size=size, sampler=self._sampler, seed=seed)
        with written_whole(self.folder.samples) as partial:
            draw_samples(views, partial)

    def _report_skipped(self):
        skipped = sorted(reason for reader in self._readers.values() for reason in reader.skipped.values())
        if skipped:
            path = self.folder.skipped(self.placement.worker)
            with written_whole(path) as partial:
                partial.write_text("".join(f"{reason}\n" for reason in skipped), encoding="utf-8")
            print(f"skipped {len(skipped):,} images that cannot be read: {path}", flush=True)

    def _say(self, line):
        if self.placement.is_chief:
            print(line, flush=True)


def _fitting(batch_size, count, placement):
    """The batch size; of fewer images than that, as many as the replicas can share evenly."""
    placement.per_replica(batch_size)
    if count < placement.replicas:
        raise InputError(f"Expected an image for each of {placement.replicas} replicas. Received: {count} to train on")
    return min(batch_size, count // placement.replicas * placement.replicas)


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
    table = architecture.variants.resolve(recipe.variant)
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

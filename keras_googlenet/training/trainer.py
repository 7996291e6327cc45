"""The main job: a recipe in, a run's folder out, from wherever the run stands."""

import keras
import tensorflow as tf

from keras_googlenet import data
from keras_googlenet.data.errors import reading_errors
from keras_googlenet.errors import InputError
from keras_googlenet.training.distributed.lost_workers import lost_peers
from keras_googlenet.training.distributed.strategy import strategy_for
from keras_googlenet.training.interruption import interruption
from keras_googlenet.training.run import Run
from keras_googlenet.training.run_folder import RunFolder


def train(
    recipe,
    folder,
    *,
    strategy="auto",
    resume=False,
    load=None,
    callbacks=(),
    draw_samples=None,
    draw_filters=None,
    verbose="auto",
):
    """Trains a network; leaves what it was trained with, how it went, and the model in a folder.

    A run may be stopped at any moment, even by a power cut, and gone on with: on one device it ends with the same
    weights, bit for bit, as one that was left alone (`recipe.deterministic`, and the same machine).

    Args:
        recipe: A `Recipe`.
        folder: The run's folder, new or empty; several workers share it. It receives `recipe.json`, `metrics.csv`,
            `tensorboard/`, `checkpoints/`, `best.keras` and `model.keras`, which have all heads: their
            `inference_model()` is the network without them.
        strategy: `auto`, `none`, `mirrored` or `multiworker`: see `strategy_for`.
        resume: Go on with the run in the folder, from its newest checkpoint that is whole; begin if there is none.
        load: A function of the recipe that gives its `data.Source`, once the devices are known; None means
            `load_source`.
        callbacks: More Keras callbacks.
        draw_samples: Draws `samples.png` before training starts, such as `report.plot_samples`: a function of
            images as training will see them, a uint8 array (views, size, size, 3), and a path. None leaves it out.
        draw_filters: Draws the first layer's filters for TensorBoard, such as `visualize.filter_grid`. None leaves
            them out.
        verbose: As in `keras.Model.fit`; workers other than the chief are silent.

    Returns:
        The metrics of the last epoch, a dict.

    Raises:
        InputError: The data set, the recipe, the cluster or the folder cannot be used, or `resume` finds other images
            than the run began with; nothing was written.
        ImageError: A file turned out unreadable during training, or was gone; the message names it.
        WorkError: The loss is not finite any more (`TrainingError`), something could not be written
            (`CheckpointError`), a signal came (`Interrupted`), or another worker was lost. The message says from
            where `resume` goes on.

    Example:
        >>> train(recipe_for("digits", epochs=1), "runs/first")["val_predictions_accuracy"]  # doctest: +SKIP
        0.8
    """
    folder = RunFolder(folder)
    _check_keras()
    placement = strategy_for(strategy)
    if resume and folder.recipe.exists():
        folder.check_same(recipe)
    elif not resume and placement.is_chief:
        folder.check_new()
    if recipe.deterministic:
        tf.config.experimental.enable_op_determinism()
    source = (load or load_source)(recipe)
    folder.check_outside(source)
    if resume:
        folder.check_same_images(source)
    with reading_errors(), interruption() as interrupted, lost_peers(placement):
        run = Run(recipe, folder, source, placement, interrupted)
        run.begin(draw_samples)
        run.go(callbacks, draw_filters, verbose)
        run.end()
    return run.logs


def load_source(recipe):
    """Finds the images of a recipe; none is decoded yet.

    Args:
        recipe: A `Recipe`.

    Returns:
        A `data.Source`.

    Raises:
        InputError: There is no such data set, or it is not fit to train on.
    """
    return data.load(
        recipe.dataset,
        data_dir=recipe.data_dir,
        validation_fraction=recipe.validation_fraction,
        hold_out=recipe.hold_out,
    )


def _check_keras():
    backend, data_format = keras.backend.backend(), keras.config.image_data_format()
    if (backend, data_format) != ("tensorflow", "channels_last"):
        raise InputError(
            "Training runs on Keras's TensorFlow backend with channels last (KERAS_BACKEND, ~/.keras/keras.json). "
            f"Received: {backend}, {data_format}"
        )

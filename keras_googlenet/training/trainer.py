"""The main job: a recipe in, a run's folder out."""

import dataclasses
import json
import math
import os
import platform
from importlib import metadata
from pathlib import Path

import keras

from keras_googlenet import architecture, data
from keras_googlenet.errors import InputError
from keras_googlenet.imagenet import preprocess_input
from keras_googlenet.model import GoogLeNet
from keras_googlenet.model.pretrained import locate
from keras_googlenet.training import callbacks as run_callbacks
from keras_googlenet.training import optimization


def train(recipe, folder, *, callbacks=(), draw_samples=None, verbose="auto"):
    """Trains a network; leaves what it was trained with, how it went, and the model in a folder.

    Args:
        recipe: A `Recipe`.
        folder: The run's folder, new or empty. It receives `recipe.json`, `metrics.csv` and `model.keras`, which has
            all heads: its `inference_model()` is the network without them.
        callbacks: More Keras callbacks.
        draw_samples: Draws `samples.png` before training starts, such as `visualize.plot_samples`: a function of
            images as training will see them, a uint8 array (views, size, size, 3), and a path. None leaves it out.
        verbose: As in `keras.Model.fit`.

    Returns:
        The metrics of the last epoch, a dict.

    Raises:
        InputError: The data set, the recipe or the folder cannot be used; nothing was written.
        ImageError: A file turned out unreadable during training; the message names it.
        TrainingError: The loss is not finite any more.

    Example:
        >>> train(recipe_for("digits", epochs=1), "runs/first")["val_predictions_accuracy"]  # doctest: +SKIP
        0.8
    """
    folder = Path(folder)
    _check_keras()
    _check_folder(folder)
    keras.utils.set_random_seed(recipe.seed)
    source = data.load(recipe.dataset, data_dir=recipe.data_dir, validation_fraction=recipe.validation_fraction)
    print(source.summary(), flush=True)
    model = build(recipe, source)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.json").write_text(json.dumps(_record(recipe, source), indent=2) + "\n", encoding="utf-8")
    sampler = data.Sampler(recipe.seed) if recipe.sampling == "paper" else None
    if draw_samples is not None:
        views = data.preview(source.train, image_size=recipe.image_size, sampler=sampler, seed=recipe.seed)
        draw_samples(views, folder / "samples.png")
    with data.reading_errors():
        history = model.fit(
            _batches(source.train, recipe, sampler=sampler, shuffle_seed=recipe.seed),
            validation_data=_batches(source.validation, recipe),
            epochs=recipe.epochs,
            verbose=verbose,
            shuffle=False,  # the pipeline shuffles
            callbacks=[
                *run_callbacks.for_run(recipe, folder / "metrics.csv", sampler),
                *callbacks,
            ],
        )
    _save(model, folder / "model.keras")
    return {name: values[-1] for name, values in history.history.items()}


def build(recipe, source):
    """The compiled network that a recipe asks for.

    Args:
        recipe: A `Recipe`.
        source: The `data.Source` it will be trained on.

    Returns:
        A compiled `GoogLeNetModel` with all the heads of its table.

    Raises:
        InputError: The weights to start from do not fit.
    """
    table = architecture.resolve(recipe.variant)
    size = (recipe.image_size, recipe.image_size)
    model = GoogLeNet(
        # The file behind a name: its trunk serves any number of classes.
        weights=locate(recipe.weights, GoogLeNet),
        input_shape=(*size, 3),
        classes=len(source.classes),
        aux_heads=bool(table.auxiliary),
        variant=table,
    )
    model.class_names = source.classes
    model.compile(
        optimization.optimizer(recipe, math.ceil(source.train.count / recipe.batch_size)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def _batches(split, recipe, *, sampler=None, shuffle_seed=None):
    return data.batches(
        split,
        image_size=recipe.image_size,
        batch_size=recipe.batch_size,
        sampler=sampler,
        preprocess=preprocess_input,
        shuffle_seed=shuffle_seed,
    )


def _check_keras():
    backend, data_format = keras.backend.backend(), keras.config.image_data_format()
    if (backend, data_format) != ("tensorflow", "channels_last"):
        raise InputError(
            "Training runs on Keras's TensorFlow backend with channels last (KERAS_BACKEND, ~/.keras/keras.json). "
            f"Received: {backend}, {data_format}"
        )


def _check_folder(folder):
    """A run never writes over another."""
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists():
        raise InputError(f"The run's folder must be new or empty. Received: {folder}")


def _record(recipe, source):
    """The resolved recipe and what else a repetition would need to know."""
    packages = ("keras-googlenet", "keras", "tensorflow", "numpy")
    return {
        "recipe": dataclasses.asdict(recipe),
        "classes": list(source.classes),
        "images": {"train": source.train.count, "validation": source.validation.count},
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in packages}},
    }


def _version(package):
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _save(model, path):
    """Writes the model whole or not at all."""
    partial = path.with_name(f"partial-{path.name}")
    try:
        model.save(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)

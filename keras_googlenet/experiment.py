"""A run from the recipe to the report: trains, measures the result once, and shows both."""

import dataclasses
import functools
import os
from pathlib import Path

import keras

from keras_googlenet import data, evaluation, report, training
from keras_googlenet.imagenet import preprocess_input
from keras_googlenet.training import feeding
from keras_googlenet.training.distributed.strategy import is_chief
from keras_googlenet.training.run_folder import RunFolder
from keras_googlenet.utils.files import written_whole


def run(recipe, folder, *, strategy="auto", resume=False, verbose="auto"):
    """Trains a network, evaluates it, and leaves a report.

    The averaged network of the last epoch is evaluated: on the test images where the data set has some, which nothing
    has looked at before, else on the validation images. What is evaluated already is not evaluated again.

    Args:
        recipe: A `training.Recipe`.
        folder: The run's folder. Beside what `training.train` leaves there, it receives `samples.png`, `curves.png`,
            `evaluation.json` and `report.html`.
        strategy: As in `training.train`.
        resume: As in `training.train`.
        verbose: As in `keras.Model.fit`.

    Returns:
        The metrics of the last epoch, a dict.

    Raises:
        InputError: As `training.train`.
        WorkError: As `training.train`.

    Example:
        >>> run(training.recipe_for("digits"), "runs/digits")["val_predictions_accuracy"]  # doctest: +SKIP
        0.986
    """
    load = functools.cache(feeding.load_source)  # one listing, to the end, whatever changes in the meantime
    logs = training.train(
        recipe,
        folder,
        strategy=strategy,
        resume=resume,
        load=load,
        verbose=verbose,
    )
    if is_chief(strategy):
        _report(recipe, RunFolder(folder), load, verbose)
    return logs


def _report(recipe, folder, load, verbose):
    with written_whole(folder.curves) as partial:
        report.plot_curves(folder.metrics, partial)
    if folder.evaluation.exists() and folder.report.exists():
        return
    source = load(recipe)
    name = "validation" if source.test is None else "test"
    reader = data.Reader(getattr(source, name), on_corrupt=recipe.on_corrupt, memory=0)
    with data.reading_errors():
        assessment = evaluation.assess(
            keras.saving.load_model(folder.last),
            data.evaluation_batches(
                reader, image_size=recipe.image_size, batch_size=recipe.batch_size, preprocess=preprocess_input
            ),
            source.classes,
            reader.split.count if recipe.on_corrupt == "stop" else None,
            split=name,
            verbose=verbose,
        )
    assessment = dataclasses.replace(assessment, mistakes=tuple(_named(assessment.mistakes, reader)))
    with written_whole(folder.evaluation) as partial:
        partial.write_text(assessment.to_json(), encoding="utf-8")
    images = evaluation.images_at(reader.split, [mistake.index for mistake in assessment.mistakes])
    report.write_report(folder.path, image=images.get, skipped=folder.read_skipped())


def _named(mistakes, reader):
    """The mistakes, counted among the readable images, as the split counts its images and calls them."""
    places = _readable(reader)
    name = _names(reader.split)
    for mistake in mistakes:
        place = places[mistake.index]
        yield dataclasses.replace(mistake, index=place, name=name(place))


def _readable(reader):
    """Where in the split's fixed order the images stand that could be read, a sequence."""
    if not reader.skipped:
        return range(reader.split.count)
    indices = (int(index) for index, _, _ in reader.split.fixed().as_numpy_iterator())
    return [place for place, index in enumerate(indices) if index not in reader.skipped]


def _names(split):
    """A function from an image's place to what it is called: its file's path, or None where it has none."""
    items = getattr(split, "items", None)
    named = items is not None and len(items) and isinstance(items[0], (str, bytes, Path))
    return (lambda place: os.fsdecode(items[place])) if named else (lambda place: None)

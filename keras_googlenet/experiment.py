"""A run from the recipe to the report: trains, measures the result once, and shows both."""

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from keras_googlenet import evaluation, report, training
from keras_googlenet.data.source import Source
from keras_googlenet.errors import WorkError
from keras_googlenet.evaluation.crop_batches import read_ahead
from keras_googlenet.model import load_model
from keras_googlenet.training import Recipe, feeding
from keras_googlenet.training.distributed.strategy import is_chief
from keras_googlenet.training.interruption import Interrupted, interruption
from keras_googlenet.training.run_folder import RunFolder
from keras_googlenet.training.run_lock import RunFolderError, RunLock
from keras_googlenet.utils.messages import one_line
from keras_googlenet.utils.writing import written_whole


def run(
    recipe: Recipe, folder: str | Path, *, strategy: str = "auto", resume: bool = False, verbose: int | str = "auto"
) -> dict[str, float]:
    """Trains a network, evaluates it, and leaves a report.

    The averaged network of the last epoch is evaluated: on the test images where the data set has some, which nothing
    has looked at before, else on the validation images. What is evaluated already is not evaluated again. Until the
    report is written, `predictions.npz` in the folder keeps what is done, for `resume` to go on from.

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
    load = functools.cache(lambda: feeding.load_source(recipe))  # one listing, whatever changes in the meantime
    with RunLock(folder) as lock:
        logs = training.train(
            recipe, folder, strategy=strategy, resume=resume, verbose=verbose, load=lambda _: load(), lock=lock
        )
        if is_chief(strategy):
            paths = RunFolder(folder, lock)
            paths.check_there()
            with written_whole(paths.curves) as partial:
                report.plot_curves(paths.metrics, partial)
            if not (paths.evaluation.exists() and paths.report.exists()):
                _report(recipe, paths, load(), verbose)
            paths.predictions.unlink(missing_ok=True)  # here, since a run may be killed between the report and this
    return logs


def _report(recipe: Recipe, folder: RunFolder, source: Source, verbose: int | str) -> None:
    kept = folder.predictions
    name = "validation" if source.test is None else "test"
    split = source.splits[name]
    folder.check_there()
    with interruption() as interrupted, _nothing_made_anew(folder, kept):

        def check_signal():
            folder.check_there()
            if interrupted.signal is not None:
                raise Interrupted(interrupted.signal, f"{kept} keeps what is evaluated. Go on with --resume.")

        predictions = evaluation.predict(
            load_model(str(folder.last)),
            split,
            outputs=[(name,) for name in source.classes],
            file=kept,
            batch_size=recipe.batch_size,
            on_corrupt=recipe.on_corrupt,
            on_image=check_signal,
            verbose=verbose,
        )
    folder.check_there()
    _check_classes(predictions, source.classes, name)
    result = evaluation.EvaluationResult.of([predictions], source.classes, name, path=split.path)
    with written_whole(folder.evaluation) as partial:
        partial.write_text(result.to_json(), encoding="utf-8")
    # A file that has gone by now has been measured: the page goes without its picture.
    images = dict(read_ahead(split, [mistake.index for mistake in result.mistakes], lambda image: image, skip=True))
    report.write_report(folder.path, image=images.get, skipped=folder.read_skipped())


@contextmanager
def _nothing_made_anew(folder: RunFolder, kept: Path) -> Iterator[None]:
    """Removes the predictions that are kept at the end, too, of an evaluation whose folder is gone."""
    try:
        yield
    except RunFolderError:
        with suppress(OSError):
            kept.unlink()
            folder.path.rmdir()
        raise


def _check_classes(predictions: evaluation.Predictions, classes: Sequence[str], words: str) -> None:
    """Accuracy is that of all classes: one that cannot be read is not left out."""
    for label, name in enumerate(classes):
        skipped = predictions.skipped[predictions.labels == label]
        if len(skipped) and skipped.all():
            raise WorkError(
                f"class {one_line(repr(name))}: none of its {len(skipped):,} {words} images can be read, so that the "
                "network is not measured on them. Put them back, then go on with --resume."
            )

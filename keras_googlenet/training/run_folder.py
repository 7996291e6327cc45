"""A run's folder: what is in it, and how it is written so that a run that is stopped anywhere can go on."""

import csv
import json
import platform
from importlib import metadata
from pathlib import Path

import keras

from keras_googlenet.errors import InputError
from keras_googlenet.training.changes import differences
from keras_googlenet.training.recipes.automatic import following
from keras_googlenet.training.recipes.recipe import field_names
from keras_googlenet.training.recipes.settings import read_recipe
from keras_googlenet.training.run_lock import LOCK, RunFolderError, RunLock
from keras_googlenet.utils.files import is_within, read_json, read_rows
from keras_googlenet.utils.messages import one_line
from keras_googlenet.utils.partial import is_partial
from keras_googlenet.utils.writing import written_whole

PACKAGES = ("keras-googlenet", "keras", "tensorflow", "numpy")


class RunFolder:
    """The folder of one run.

    Args:
        path: The folder; it need not exist yet.
        lock: Its `RunLock`, taken or not; None makes one.
    """

    def __init__(self, path, lock=None):
        self.path = Path(path)
        self.lock = lock or RunLock(path)
        self.recipe = self.path / "recipe.json"
        self.metrics = self.path / "metrics.csv"
        self.samples = self.path / "samples.png"
        self.curves = self.path / "curves.png"
        self.evaluation = self.path / "evaluation.json"
        self.report = self.path / "report.html"
        self.predictions = self.path / "predictions.npz"
        self.checkpoints = self.path / "checkpoints"
        self.last = self.path / "model.keras"
        self.best = self.path / "best.keras"

    def skipped(self, worker=0):
        """Where a worker names the images that it skipped."""
        return self.path / ("skipped.txt" if worker == 0 else f"skipped-{worker}.txt")

    def read_skipped(self):
        """Why images were skipped, a line for each that any worker skipped."""
        files = self.path.glob("skipped*.txt")
        return sorted({line for file in files for line in file.read_text(encoding="utf-8").splitlines()})

    def check_new(self):
        """A run never writes over another.

        Raises:
            InputError: There is something in the folder, or it is none.
        """
        if self.path.exists() and not (self.path.is_dir() and all(map(_passes, self.path.iterdir()))):
            raise InputError(
                f"The run's folder must be new or empty; --resume goes on with the run in it. Received: {self.path}"
            )

    def check_there(self):
        """A run does not go on where its folder is gone: half of it would lie in a new one.

        Raises:
            RunFolderError: The folder was removed, emptied or renamed.
        """
        self.lock.check_there()
        if self.lock.is_taken and not self.recipe.exists():
            raise RunFolderError(
                f"{one_line(self.recipe)}: the run's recipe was removed while the run went on, which stopped."
            )

    def check_same(self, recipe):
        """A run goes on with the recipe and on the backend that it was started with, if it was.

        `auto` is what it took then.

        Raises:
            InputError: The folder's recipe is another one, or was begun on another backend.
        """
        recorded = self.read_recipe() or recipe
        # Random numbers and roundings differ from backend to backend: what went on would be neither's run.
        begun, now = self.read_backend() or keras.backend.backend(), keras.backend.backend()
        if begun != now:
            raise InputError(
                f"{self.recipe}: this run was started on Keras's backend {begun}, and can only go on there: set "
                f"KERAS_BACKEND={begun}. Received: {now}"
            )
        recipe = following(recipe, recorded)
        for name in field_names():
            before, now = getattr(recorded, name), getattr(recipe, name)
            if before != now:
                raise InputError(
                    f"{self.recipe}: this run was started with {name}={before!r}, and can only go on with it. "
                    f"Received: {name}={now!r}. To change it, start a new run in another folder."
                )

    def read_recipe(self):
        """The recipe that the run was started with, a `Recipe`, or None if it had not got so far."""
        return read_recipe(self.recipe) if self.recipe.exists() else None

    def read_backend(self):
        """Keras's backend that the run was started on, or None if it had not got so far; 0.1.0 had TensorFlow alone."""
        return read_json(self.recipe).get("backend", "tensorflow") if self.recipe.exists() else None

    def check_outside(self, source):
        """A run's pictures are no images to train on.

        Raises:
            InputError: The folder lies within the data set.
        """
        for folder in source.folders:
            if is_within(self.path, folder):
                raise InputError(
                    f"The run's folder must lie outside the data set, or its pictures would become images of it. Name "
                    f"another with --output. Received: {self.path}, within {folder}"
                )

    def check_same_images(self, source):
        """A run goes on with the images that it was started with, if it was.

        Raises:
            InputError: The classes, the numbers of images, or the images' names are others than were recorded.
        """
        if not self.recipe.exists():
            return
        changes = differences(read_json(self.recipe), source.record())
        if changes:
            raise InputError(
                f"{self.recipe}: this run was started on other images, and can only go on with those: "
                f"{'; '.join(changes)}. Put the data set back as it was, or start a new run in another folder."
            )

    def write_recipe(self, recipe, source, steps_per_epoch):
        """Writes the resolved recipe and what else a repetition would need to know."""
        backend = keras.backend.backend()
        packages = dict.fromkeys([*PACKAGES, backend])
        record = {
            "recipe": recipe.record(),
            **source.record(),
            "steps_per_epoch": steps_per_epoch,
            "backend": backend,
            "versions": {"python": platform.python_version(), **{name: _version(name) for name in packages}},
        }
        with written_whole(self.recipe) as partial:
            partial.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")

    def read_metrics(self):
        """The rows of `metrics.csv`, a dict of text for each epoch that was finished."""
        return read_rows(self.metrics)

    def last_metrics(self):
        """The metrics of the last epoch that was finished, a dict of numbers; empty before that."""
        rows = self.read_metrics()
        return {name: float(value) for name, value in rows[-1].items() if name != "epoch"} if rows else {}

    def write_metrics(self, rows):
        """Writes `metrics.csv` anew."""
        with written_whole(self.metrics) as partial, partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


def _passes(path):
    """Whether a file is what a killed process left, with nothing of a run in it."""
    return path.name == LOCK or is_partial(path)


def _version(package):
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"

"""What a model says of each image of a data set, kept in a file so that nothing has to be computed twice."""

import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from keras_googlenet.errors import InputError
from keras_googlenet.evaluation.crops import CROPS, crop_indices
from keras_googlenet.utils import archives
from keras_googlenet.utils.writing import written_whole

POOLS = ("mean", "max")
"""Over an image's crops: section 7 averages, and found the maximum to be worse."""

MAX_BYTES = 4 << 30
"""Most bytes of a file, which is not compressed: 1,000 probabilities of a million images."""

MAX_PARTS = 100_000
"""Most parts of a file's JSON beside two for each image: names of outputs."""

_FORMAT = "keras_googlenet predictions 1"
_MARKS = {"labels": "int64", "done": "bool", "skipped": "bool"}
_WHAT = "a file that `keras-googlenet evaluate --predictions` has written"


class PredictionsError(InputError):
    """A file of predictions cannot be used; the message says which and why."""


@dataclass(eq=False)
class Predictions:
    """Probabilities for each image of a data set, of one model, pooled over an image's crops.

    Attributes:
        model: What the model is called.
        digest: What the model, the images and the crops follow from, so that other ones are told apart.
        images: A name for each image, in the data set's order.
        labels: int64 array of shape `(images,)`: the column of each image's class.
        pool: How crops were pooled, `mean` or `max`.
        probabilities: For each number of crops, a float32 array of shape `(images, classes)`.
        done: bool array of shape `(images,)`: which images the model has seen.
        skipped: bool array of shape `(images,)`: which could not be read.
        outputs: For each column its names; None where they are not known, as in files of version 0.1.
    """

    model: str
    digest: str
    images: tuple[str, ...]
    labels: np.ndarray
    pool: str
    probabilities: dict[int, np.ndarray]
    done: np.ndarray
    skipped: np.ndarray
    outputs: tuple[tuple[str, ...], ...] | None = None

    @classmethod
    def begun(
        cls, model: str, digest: str, images: Iterable[str], labels: ArrayLike, classes: int, crops: Iterable[int]
    ) -> "Predictions":
        """Predictions of which none are made yet, to be pooled by the mean, of outputs without names.

        Args:
            model: See above.
            digest: See above.
            images: See above.
            labels: See above.
            classes: How many classes the model tells apart.
            crops: Numbers of crops, of 0, 1, 10 and 144.
        """
        labels = np.asarray(labels, "int64")
        rows = {number: np.zeros((len(labels), classes), "float32") for number in crops}
        done, skipped = np.zeros((2, len(labels)), bool)
        return cls(model, digest, tuple(images), labels, "mean", rows, done, skipped)

    @property
    def complete(self) -> bool:
        """Whether every image was seen, or found to be unreadable."""
        return bool((self.done | self.skipped).all())

    def pool_crops(self, place: int, rows: np.ndarray) -> None:
        """Pools what the model says of an image's crops, for each number of crops that is kept.

        Args:
            place: The image, by its place in the data set's order.
            rows: Array of shape `(crops, classes)`, of the largest number of crops.
        """
        most = max(self.probabilities)
        for number, kept in self.probabilities.items():
            some = rows[list(crop_indices(number, of=most))]
            kept[place] = some.max(axis=0) if self.pool == "max" else some.mean(axis=0)
        self.done[place] = True

    def write(self, path: str | Path, *, new: bool = False) -> None:
        """Writes the file, whole or not at all; `read` reads it back.

        Args:
            path: Where to, ending in `.npz`.
            new: Whether it may not be there yet.

        Raises:
            ExistsError: It is there, though it had to be new.
            OSError: It cannot be written; what was there is as it was.
        """
        about: dict[str, Any] = {"format": _FORMAT, "model": self.model, "digest": self.digest, "pool": self.pool}
        if self.outputs is not None:
            about["outputs"] = self.outputs
        arrays: dict[str, Any] = {name: getattr(self, name) for name in _MARKS}
        arrays["about"] = np.frombuffer(json.dumps({**about, "images": self.images}).encode(), "uint8")
        arrays |= {f"probabilities_{number}": rows for number, rows in self.probabilities.items()}
        with written_whole(path, new=new) as partial, partial.open("wb") as file:
            np.savez(file, **arrays)

    @classmethod
    def read(cls, path: str | Path) -> "Predictions":
        """Reads a file of predictions. Pickled arrays are refused: they could run code.

        Args:
            path: The file.

        Returns:
            `Predictions`.

        Raises:
            PredictionsError: There is no such file, or it is damaged or another kind of file.
        """
        path = Path(path)
        if not path.is_file():
            raise PredictionsError(f"There is no file of predictions at {path}. Expected: {_WHAT}")
        try:
            with archives.opened(path, _check_size) as archive:
                if any(member.compress_type for member in archive.infolist()):
                    raise ValueError("it is compressed, and may hold more than its bytes; save it with numpy.savez")
                return cls._checked(dict(archives.arrays_in(archive)))
        except Exception as error:  # zipfile, zlib, struct and NumPy raise many kinds on a damaged file
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise PredictionsError(f"Cannot read {path}. Expected: {_WHAT}. Received: {reason}") from error

    @classmethod
    def _checked(cls, arrays: dict[str, np.ndarray]) -> "Predictions":
        text = arrays.pop("about").tobytes()
        if sum(map(text.count, (b",", b":", b"[", b"{"))) > MAX_PARTS + 2 * arrays["labels"].size:
            raise ValueError("its JSON has more parts than images and outputs")  # each takes far more than its bytes
        about = json.loads(text.decode())
        if about.pop("format", None) != _FORMAT:
            raise ValueError("no such format")
        images, count = tuple(map(str, about.pop("images"))), len(arrays["labels"])
        marks = {name: arrays.pop(name) for name in _MARKS}
        rows = {int(name.removeprefix("probabilities_")): array for name, array in arrays.items()}
        classes = {array.shape[1] for array in rows.values()}
        if not rows or not set(rows) <= set(CROPS) or about["pool"] not in POOLS or len(classes) != 1 or not count:
            raise ValueError("the parts do not fit together")
        expected = [(marks[name], kind, (count,)) for name, kind in _MARKS.items()]
        expected += [(array, "float32", (count, *classes)) for array in rows.values()]
        for array, kind, shape in expected:
            if array.dtype != kind or array.shape != shape:
                raise ValueError(f"expected {kind} {shape}, found {array.dtype} {array.shape}")
        if len(images) != count or marks["labels"].min() < 0 or marks["labels"].max() >= min(classes):
            raise ValueError("images or labels do not fit")
        if not all(np.isfinite(array).all() for array in rows.values()):
            raise ValueError("a probability is not a number")
        outputs = about.get("outputs")
        if outputs is not None:
            outputs = tuple(tuple(map(str, names)) for names in outputs)
            if len(outputs) != min(classes):
                raise ValueError("the outputs' names do not fit")
        model, digest, pool = str(about["model"]), str(about["digest"]), about["pool"]
        return cls(model, digest, images, pool=pool, probabilities=rows, outputs=outputs, **marks)


def is_predictions(path: str | Path) -> bool:
    """Whether a file is one of predictions, rather than of weights: by what it says of itself.

    Args:
        path: Any path.
    """
    if not Path(path).is_file():  # a device may have no end
        return False
    try:
        with archives.opened(path, _check_size) as archive:
            return "about.npy" in archive.namelist()
    except (OSError, zipfile.BadZipFile, ValueError):
        return False


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise ValueError(f"it claims to hold more than {MAX_BYTES:,} bytes")

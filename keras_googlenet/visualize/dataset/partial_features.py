"""Features on the way to their file: in a folder beside it, from which work goes on that was stopped, however."""

import json
import operator
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from keras_googlenet.errors import InputError, WorkError
from keras_googlenet.utils.disk import naming
from keras_googlenet.utils.files import read_json
from keras_googlenet.utils.locks import lock, open_folder
from keras_googlenet.utils.messages import few, one_line
from keras_googlenet.utils.partial import ExistsError
from keras_googlenet.utils.writing import real, written_whole
from keras_googlenet.visualize.dataset.feature_files import NUMBERS, Table, writer_for

SUFFIX = ".part"
"""Of the folder's name, behind the file's."""

SAVE_SECONDS = 10.0
"""Between two notes of what is done, so that work that is killed loses no more."""

_ABOUT, _DONE = "about.json", "done.jsonl"


class FeaturesError(InputError):
    """What an earlier command has left cannot be gone on with; the message says which folder and why."""


class PartialFeatures:
    """Rows of features, appended to files in a folder beside the file that they will make.

    The folder is locked: one process at a time writes there. Rows are on the disk before a line of `done.jsonl` says
    so, and what follows those that it speaks of is cut off when work goes on.

    Args:
        file: Where features go when they are whole, `.npz` or `.parquet`; it may not be there yet.
        paths: Of the images, of which some may turn out to be unreadable.
        shapes: The shape of a row, for each layer.
        about: Texts for the file, as in `Table`.
        follows: What numbers follow from beside `about`, as JSON has it; work that was begun otherwise is refused.
        restart: Whether to begin anew where work was begun, of whatever.

    Attributes:
        folder: Where the rows are kept.
        done: How many images are done.
        unreadable: Why images could not be read, by their places.

    Raises:
        InputError: A layer has a name that the file needs for itself.
        ExistsError: The file is there already.
        FeaturesError: The folder is damaged, or of another command.
        WorkError: Another process writes there, or the disk is full (`WriteError`).
    """

    def __init__(
        self,
        file: str | Path,
        paths: Sequence[str],
        shapes: Mapping[str, tuple[int, ...]],
        about: Mapping[str, str | Sequence[str]],
        follows: Mapping[str, Any],
        restart: bool = False,
    ) -> None:
        self._file, self._paths, self._shapes, self._about = real(file), paths, shapes, about
        self._write = writer_for(Path(file), paths)
        if taken := {"path", "paths", *about} & set(shapes):
            raise InputError(f"A file of features needs this name for itself: rename the layer. Received: {few(taken)}")
        self.folder = self._file.with_name(self._file.name + SUFFIX)
        self.done, self.unreadable, self._unnoted = 0, dict[int, str](), dict[int, str]()
        self._check_new()
        with naming(file, self.folder), ExitStack() as stack:
            stack.callback(os.close, self._locked())
            self._check_new()  # another process may just have finished
            self._begin({**about, **follows}, restart)
            self._rows = {name: stack.enter_context(self._path(name).open("r+b")) for name in shapes}
            self._cut()
            self._noted = stack.enter_context((self.folder / _DONE).open("ab"))
            self._open = stack.pop_all()
        self._written = time.monotonic()

    def add(self, done: int, readable: np.ndarray, rows: Mapping[str, np.ndarray], reasons: Sequence[str]) -> None:
        """Appends the rows of some images.

        Args:
            done: How many images are done then.
            readable: bool array, which of these could be read.
            rows: For each layer an array of a row for each image that could.
            reasons: Why the others could not.
        """
        with naming(self._file, self.folder):
            for name, file in self._rows.items():
                file.write(np.ascontiguousarray(rows[name], NUMBERS).tobytes())
            places = np.flatnonzero(~readable) + self.done
            self._unnoted.update(zip(places.tolist(), reasons, strict=True))
            self.done = done
            if time.monotonic() - self._written > SAVE_SECONDS:
                self.note()

    def note(self) -> None:
        """Notes what is done, once it is on the disk."""
        new = {place: reason for place, reason in self._unnoted.items() if place < self.done}
        with naming(self._file, self.folder):
            for file in self._rows.values():
                _flush(file)
            self._noted.write(json.dumps({"done": self.done, "unreadable": new}).encode() + b"\n")
            _flush(self._noted)
        self.unreadable.update(new)
        self._unnoted, self._written = {}, time.monotonic()

    def finish(self) -> None:
        """Writes the file, and removes the folder."""
        self.note()
        paths = [path for place, path in enumerate(self._paths) if place not in self.unreadable]
        rows = {name: (self._path(name), shape) for name, shape in self._shapes.items()}
        with written_whole(self._file, new=True) as partial:
            self._write(Table(paths, rows, self._about), partial)
        with suppress(OSError):
            self._clear()
            self.folder.rmdir()
        self._open.close()

    def give_up(self) -> None:
        """Notes what is done, as far as that is possible, and leaves the folder to another process."""
        with suppress(OSError, WorkError):
            self.note()
        with suppress(OSError):
            self._open.close()

    def _check_new(self) -> None:
        if os.path.lexists(self._file):
            with suppress(OSError):
                self.folder.rmdir()  # if it is empty
            raise ExistsError(self._file)

    def _clear(self) -> None:
        """Removes what is kept; first what says that it is."""
        for file in (self.folder / _ABOUT, self.folder / _DONE, *self.folder.glob("*.f32")):
            file.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.f32"

    def _locked(self) -> int:
        while True:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = open_folder(self.folder)
            if lock(descriptor) is False:
                os.close(descriptor)
                raise WorkError(
                    f"Another process writes {one_line(self._file)}: wait until it has ended, or give another name"
                )
            if os.name == "nt" or self.folder.exists():
                return descriptor
            os.close(descriptor)  # who had it has just finished

    def _begin(self, follows: Mapping[str, Any], restart: bool) -> None:
        """Notes what is begun, or compares it with what was."""
        path = self.folder / _ABOUT
        follows = json.loads(json.dumps(follows))
        if restart or not path.exists():
            self._clear()
            for name in self._shapes:
                self._path(name).touch()
            with written_whole(path) as partial:
                partial.write_text(json.dumps(follows, indent=1) + "\n", encoding="utf-8")
            return
        try:
            before = dict(read_json(path))
        except (OSError, ValueError) as error:
            raise self._refused(f"is damaged ({_ABOUT}: {one_line(error)})") from error
        other = [name for name in {**follows, **before} if before.get(name) != follows.get(name)]
        if other:
            raise self._refused(f"holds what another command has begun: it differs in {few(other)}")
        if lost := [name for name in self._shapes if not self._path(name).is_file()]:
            raise self._refused(f"is damaged: {self._path(lost[0]).name} is missing")

    def _cut(self) -> None:
        """Takes over what was done, and cuts off what came after it."""
        for line in self._lines():
            self.done = line["done"]
            self.unreadable.update({int(place): str(reason) for place, reason in line["unreadable"].items()})
        for name, shape in self._shapes.items():
            size = 4 * int(np.prod(shape, dtype=int)) * (self.done - len(self.unreadable))
            if self._path(name).stat().st_size < size:
                raise self._refused(f"is damaged: {self._path(name).name} is shorter than what was noted as done")
            self._rows[name].truncate(size)
            self._rows[name].seek(size)

    def _lines(self) -> list[dict[str, Any]]:
        path = self.folder / _DONE
        if not path.exists():
            return []
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:  # its process was killed while it wrote
            os.truncate(path, len(whole))
        try:
            lines = list(map(json.loads, whole.splitlines()))
            places = [int(place) for line in lines for place in line["unreadable"]]
            ends = [operator.index(line["done"]) for line in lines]
        except (ValueError, KeyError, TypeError) as error:
            raise self._refused(f"is damaged ({_DONE}: {one_line(error)})") from error
        most = ends[-1] if ends else 0
        if not 0 <= most <= len(self._paths) or not all(0 <= place < most for place in places):
            raise self._refused(f"is damaged ({_DONE}: it speaks of images that are not there, or not done)")
        return lines

    def _refused(self, what: str) -> FeaturesError:
        return FeaturesError(
            f"{one_line(self.folder)} {what}. Give the same command again to go on with it, give the features another "
            "name, or begin anew with --restart. It is as it was"
        )


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())

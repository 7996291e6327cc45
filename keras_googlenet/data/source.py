"""A data set to train on: its splits, its classes, and what a user is told of it."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_googlenet.data import undecodable
from keras_googlenet.data.splits import Split
from keras_googlenet.utils.messages import few, one_line

SHOWN = 10
"""Classes that are named before training."""


@dataclass(frozen=True, eq=False)
class Source:
    """A data set to train on.

    Attributes:
        name: the folder or the data set's name.
        classes: class names; a label is an index into them.
        train: the images to learn from.
        validation: the images held out.
        held_out: where the validation images come from, in words.
        ignored: files that are no images of a class and were left alone.
        test: the images to look at once, after training, if the data set has a split for that.
        folders: the folders that were read: whatever is put into them belongs to the data set.
        notes: what else a user should know, a line each.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    validation: Split
    held_out: str
    ignored: tuple[Path, ...] = ()
    test: Split | None = None
    folders: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def splits(self) -> dict[str, Split]:
        """The splits that there are, by name."""
        splits = {"train": self.train, "validation": self.validation}
        return splits if self.test is None else {**splits, "test": self.test}

    def record(self) -> dict[str, Any]:
        """What is written down of the data set, so that a run can tell whether it has changed.

        Returns:
            A dict that JSON can hold: `classes`, and for each split the number of `images`, their `fingerprints`, and
            `samples`, the checksums of a few files of each class: two folders may have changed their names.
        """
        return dict(self._recorded)

    @functools.cached_property
    def _recorded(self) -> dict[str, Any]:
        """Read from the files once; a run asks up to three times."""
        return {
            "classes": list(self.classes),
            "images": {name: split.count for name, split in self.splits.items()},
            "fingerprints": {name: split.fingerprint(self.name) for name, split in self.splits.items()},
            "samples": {name: split.samples() for name, split in self.splits.items()},
        }

    def summary(self) -> str:
        """What was found, for the output of a run.

        Returns:
            One line, and more of them if files were ignored or something else should be known.
        """
        *counts, last = (f"{split.count:,} {name.replace('train', 'training')}" for name, split in self.splits.items())
        found = f"{', '.join(counts)} and {last} images in {len(self.classes):,} classes"
        lines = [f"{self.name}: {found}; validation: {self.held_out}"]
        lines += [*self.notes, *undecodable.left_out(map(str, self.ignored))]
        if others := [path for path in map(str, self.ignored) if not undecodable.by_name(path)]:
            lines.append(f"ignored {len(others):,} that are no images: {few(others, 3)}")
        return "\n".join(lines)

    def class_names(self) -> str:
        """The names of the classes, the first few of many, on one line."""
        return f"classes: {few(map(one_line, self.classes), SHOWN)}"

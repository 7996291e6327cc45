"""Folders of class subfolders: where the splits lie, which classes there are, and the images of each."""

import itertools
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_googlenet.data.errors import DataError
from keras_googlenet.data.holding_out import same_everywhere
from keras_googlenet.data.ignored import is_run
from keras_googlenet.data.images import read_image
from keras_googlenet.data.scan import entries, files, holds_only_runs, is_image
from keras_googlenet.data.splits import TRAIN, ListedSplit, splits_among
from keras_googlenet.data.stamps import stamps
from keras_googlenet.data.undecodable import left_out
from keras_googlenet.utils.messages import few

_DEEPEST = 8  # folders in folders that are looked through for classes


@dataclass(frozen=True)
class Scan:
    """The files under one folder of class subfolders.

    Attributes:
        folder: that folder.
        images: for each class, by its name as every system has it, its image files: sorted paths relative to `folder`.
        ignored: paths of what is no image.
    """

    folder: Path
    images: dict[str, list[str]]
    ignored: list[str]

    def split(self, root: Path, classes: Collection[str] = ()) -> ListedSplit:
        """The images, named from `root`; labels are indices into `classes`, or else into the scan's own."""
        numbers = {name: label for label, name in enumerate(classes or self.images)}
        folder = os.path.join(self.folder, "")
        paths = [os.fsencode(folder + path) for found in self.images.values() for path in found]
        labels = [numbers[name] for name, found in self.images.items() for _ in found]
        return ListedSplit(np.array(paths, object), np.array(labels, np.int64), read_image, root, stamps(paths))


def find_splits(root: Path) -> tuple[dict[str, Path], list[str]]:
    """The folders for training, validation and testing, and what lies beside them.

    Args:
        root: a folder.

    Returns:
        The folders by `TRAIN`, `VALIDATION` and `TEST`, none where `root` holds the classes themselves; and paths.

    Raises:
        DataError: there is no such folder, or it holds a split beside folders that are no splits: all of them may be
            classes.
    """
    if not root.is_dir():
        why = "this is a file" if root.exists() else "no such folder"
        raise DataError(f"{root}: {why}. Expected: a folder with one subfolder for each class")
    folders, loose = entries(root)
    found = splits_among(folders)
    others = [name for name in folders if name not in found.values()]
    classes = [name for name in others if not splits_among([name]) and not holds_only_runs(root / name)]
    if found and classes and (TRAIN not in found or len(found) == 1):
        raise DataError(
            f"{root}: {_few(found.values())} would be a split, but beside it there is {_few(classes)}. Expected: "
            "train/ and val/ or test/, with the class folders in them, or class folders alone. If all of these are "
            "classes, put them into a folder train/"
        )
    parts = {part: root / name for part, name in found.items()}
    return parts, loose + [str(root / name) for name in others] if parts else []


def scan_classes(folder: Path, least: int = 2) -> Scan:
    """The images of each class.

    Args:
        folder: holds a subfolder for each class.
        least: how many classes there must be.

    Raises:
        DataError: there are fewer, one has no images, the folders look like splits, or one cannot be listed.
    """
    names, ignored = entries(folder)
    if not names:
        raise DataError(f"{folder}: no class folders in it. {_hint(ignored)}")
    images: dict[str, list[str]] = {}
    for name in sorted(names, key=same_everywhere):
        paths = [os.path.join(name, path) for path in files(folder / name)]
        found, others = list(filter(is_image, paths)), list(itertools.filterfalse(is_image, paths))
        ignored += [os.path.join(folder, path) for path in others]
        if found:
            if (key := same_everywhere(name)) in images:
                twice = f"two class folders have the same name, {key}, in two spellings of Unicode"
                raise DataError(f"{folder}: {twice}. Expected: one of them")
            images[key] = sorted(found, key=same_everywhere)
        elif not others or not all(is_run(folder / path) for path in others):
            why = "; ".join(left_out(others)) or "Expected: at least one; remove the folder if it is no class"
            raise DataError(f"{folder / name}: no images in this class folder. {why[0].upper()}{why[1:]}")
    _check_no_splits(folder, images)
    if not images:
        raise DataError(f"{folder}: no class folders in it, but runs. {_hint([])}")
    if len(images) < least:
        [name] = images
        hint = wrapped(folder / name) or "Expected: two or more class folders"
        raise DataError(f"{folder}: only one class, {name}/. {hint}")
    return Scan(folder, images, ignored)


def _check_no_splits(folder: Path, images: dict[str, list[str]]) -> None:
    """Classes that all hold the same subfolders are splits of other names, or other groups of images."""
    inside = [{path.split(os.sep)[1].lower() for path in paths if path.count(os.sep) > 1} for paths in images.values()]
    common = sorted(set.intersection(*inside)) if len(inside) > 1 else []
    if len(common) > 1:
        within = "the splits lie in the classes" if splits_among(common) else "these may be the classes"
        raise DataError(
            f"{folder}: {_few(images)} all hold the same subfolders, {_few(common)}: {within}. Expected: train/ and "
            "val/ or test/, with the class folders in them; or class folders that hold their images directly"
        )


def wrapped(folder: Path) -> str:
    """What to do about a folder that is alone in its own; nothing where no classes lie in it."""
    for _ in range(_DEEPEST):
        names, _ = entries(folder) if folder.is_dir() else ([], [])
        if len(names) > 1:
            return f"It holds {_few(names)}: if these are the classes or the splits, give {folder}"
        folder = folder.joinpath(*names)
    return ""


def _few(folders: Collection[str]) -> str:
    return few(f"{name}/" for name in folders)


def _hint(loose: list[str]) -> str:
    if not (count := sum(map(is_image, loose))):
        return "Expected: one subfolder for each class, with its images"
    return (
        f"{count:,} images lie directly in it: move them into one subfolder for each class, "
        "or name the folder above if this one is a class"
    )

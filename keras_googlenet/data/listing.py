"""Folders of class subfolders: which are there, and the image files in them."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_googlenet.data.errors import DataError
from keras_googlenet.data.images import image_extensions, read_image
from keras_googlenet.data.splits import ListedSplit

TRAIN = "train"
VALIDATION = ("val", "validation")  # the first that is there serves
TEST = "test"

DROPPINGS = frozenset(("thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir"))


@dataclass(frozen=True)
class Listing:
    """The files under one folder of class subfolders.

    Attributes:
        folder: that folder.
        images: for each class its image files, as sorted paths relative to the class's folder.
        strays: files that are no images.
    """

    folder: Path
    images: dict[str, list[str]]
    strays: list[str]


def image_files(folder: Path, on_error: Callable[[DataError], None] | None = None) -> list[Path]:
    """All image files of a folder, at any depth, sorted by path.

    Images are told by extension; hidden files and what operating systems leave behind are passed over.

    Args:
        folder: an existing folder.
        on_error: called with the error of a folder that cannot be listed; the others go on.

    Returns:
        Paths that begin with `folder`.

    Raises:
        DataError: a folder cannot be listed, and there is no `on_error`.
    """
    return [folder / path for path in sorted(_walk(folder, on_error)) if _is_image(path)]


def find_splits(root: Path) -> tuple[dict[str, Path], list[str]]:
    """The folders for training, validation and testing, and what lies beside them.

    `train/` alone is a split layout too, but beside folders of other names it is a class (of
    vehicles, say), and so are the others without it.
    """
    folders, strays = _entries(root)
    validation = [name for name in VALIDATION if name in folders]
    found = {TRAIN: TRAIN, "validation": validation[0] if validation else "", TEST: TEST}
    parts = {part: root / name for part, name in found.items() if name in folders}
    others = [name for name in folders if name not in (TRAIN, TEST, *validation)]
    if others and (TRAIN not in parts or len(parts) == 1):
        return {}, []
    return parts, strays + [str(root / name) for name in (*others, *validation[1:])] if parts else []


def list_classes(folder: Path, least: int = 2) -> Listing:
    """The images of each class.

    Args:
        folder: holds a subfolder for each class.
        least: how many classes there must be.

    Raises:
        DataError: there are fewer, one has no images, or a folder cannot be listed.
    """
    names, strays = _entries(folder)
    if not names:
        raise DataError(f"{folder}: no class folders in it. {_hint(strays)}")
    images: dict[str, list[str]] = {}
    for name in names:
        images[name] = []
        for path in _walk(folder / name):
            if _is_image(path):
                images[name].append(path)
            else:
                strays.append(os.path.join(folder, name, path))
        if not images[name]:
            raise DataError(
                f"{folder / name}: no images in this class folder. "
                "Expected: at least one; remove the folder if it is no class"
            )
        images[name].sort()
    if len(images) < least:
        raise DataError(f"{folder}: only one class, {names[0]}/. Expected: two or more class folders")
    return Listing(folder, images, strays)


def _hint(strays: list[str]) -> str:
    loose = sum(map(_is_image, strays))
    if not loose:
        return "Expected: one subfolder for each class, with its images"
    return (
        f"{loose:,} images lie directly in it: move them into one subfolder for each class, "
        "or name the folder above if this one is a class"
    )


def _is_image(path: str) -> bool:
    return os.path.splitext(path)[1].lower() in image_extensions()


def _entries(folder: Path | str) -> tuple[list[str], list[str]]:
    """Sorted names of the subfolders, and paths of the files; hidden ones and droppings left out.

    A broken link counts as a file, so that an image that is gone is missed when it is read.
    """
    folders, files = [], []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name.lower() in DROPPINGS:
                    continue
                if _is_folder(entry):
                    folders.append(entry.name)
                else:
                    files.append(entry.path)
    except OSError as error:
        raise DataError(f"{folder}: cannot list this folder: {error.strerror}") from error
    return sorted(folders), files


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, as broken as one to nothing
        return False


def _walk(folder: Path, on_error: Callable[[DataError], None] | None = None) -> Iterator[str]:
    """Paths of all files below `folder`, relative to it. Links are followed, but not in circles."""
    pending, seen = [str(folder)], set()
    while pending:
        current = pending.pop()
        real = os.path.realpath(current)
        if real in seen:
            continue
        seen.add(real)
        try:
            folders, files = _entries(current)
        except DataError as error:
            if on_error is None:
                raise
            on_error(error)
            continue
        pending.extend(os.path.join(current, name) for name in folders)
        for path in files:
            yield path[len(str(folder)) + 1 :]


def images_of(listing: Listing, classes: tuple[str, ...] = ()) -> ListedSplit:
    """A listing's images; labels are indices into `classes`, or else into the listing's own."""
    paths, labels = [], []
    numbers = {name: label for label, name in enumerate(classes or listing.images)}
    for name, files in listing.images.items():
        label = numbers[name]
        paths += [os.fsencode(os.path.join(listing.folder, name, file)) for file in files]
        labels += [label] * len(files)
    return ListedSplit(np.array(paths, object), np.array(labels, np.int64), decode=read)


def read(path: bytes) -> np.ndarray:
    """`read_image`, of a path as `images_of` keeps it."""
    return read_image(os.fsdecode(path))

"""Folders of class subfolders: which are there, and the image files in them."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_googlenet.data import foreign
from keras_googlenet.data.errors import DataError
from keras_googlenet.data.holding_out import same_everywhere
from keras_googlenet.data.ignored import is_dropping, is_run
from keras_googlenet.data.images import image_extensions, read_image
from keras_googlenet.data.splits import ListedSplit, splits_among

_SHOWN = 5  # folders named in a message
_DEEPEST = 8  # folders in folders that are looked through for classes


@dataclass(frozen=True)
class Listing:
    """The files under one folder of class subfolders.

    Attributes:
        folder: that folder.
        images: for each class, by its name as every system has it, its image files: sorted paths relative to `folder`.
        strays: paths of what is no image.
    """

    folder: Path
    images: dict[str, list[str]]
    strays: list[str]


def image_files(folder: Path, on_error: Callable[[DataError], None] | None = None) -> list[Path]:
    """All image files of a folder, at any depth, sorted by path.

    Images are told by extension; hidden files, what operating systems leave behind and the folders of runs are passed
    over.

    Args:
        folder: an existing folder.
        on_error: called with the error of a folder that cannot be listed, and of images that are left out since Pillow
            does not decode their format; the others go on.

    Returns:
        Paths that begin with `folder`.

    Raises:
        DataError: a folder cannot be listed, and there is no `on_error`.
    """
    found = sorted(_walk(folder, on_error))
    for line in foreign.left_out(found) if on_error else ():
        on_error(DataError(f"{folder}: {line}"))
    return [folder / path for path in found if _is_image(path)]


def list_classes(folder: Path, least: int = 2) -> Listing:
    """The images of each class.

    Args:
        folder: holds a subfolder for each class.
        least: how many classes there must be.

    Raises:
        DataError: there are fewer, one has no images, the folders look like splits, or one cannot be listed.
    """
    names, strays = entries(folder)
    if not names:
        raise DataError(f"{folder}: no class folders in it. {_hint(strays)}")
    images: dict[str, list[str]] = {}
    for name in sorted(names, key=same_everywhere):
        found, others = [], []
        for path in _walk(folder / name):
            (found if _is_image(path) else others).append(os.path.join(name, path))
        strays += [os.path.join(folder, path) for path in others]
        if found:
            _add(folder, images, name, found)
        elif not others or not all(is_run(folder / path) for path in others):
            _refuse_empty(folder / name, others)
    _check_no_splits(folder, images)
    if not images:
        raise DataError(f"{folder}: no class folders in it, but runs. {_hint([])}")
    if len(images) < least:
        [name] = images
        hint = wrapped(folder / name) or "Expected: two or more class folders"
        raise DataError(f"{folder}: only one class, {name}/. {hint}")
    return Listing(folder, images, strays)


def _add(folder: Path, images: dict[str, list[str]], name: str, found: list[str]) -> None:
    key = same_everywhere(name)
    if key in images:
        raise DataError(
            f"{folder}: two class folders have the same name, {key}, in two spellings of Unicode. Expected: one of them"
        )
    images[key] = sorted(found, key=same_everywhere)


def _refuse_empty(folder: Path, others: list[str]) -> None:
    why = "; ".join(foreign.left_out(others)) or "Expected: at least one; remove the folder if it is no class"
    raise DataError(f"{folder}: no images in this class folder. {why[0].upper()}{why[1:]}")


def _check_no_splits(folder: Path, images: dict[str, list[str]]) -> None:
    """Classes that all hold the same subfolders are splits of other names, or other groups of images."""
    inside = [{path.split(os.sep)[1].lower() for path in paths if path.count(os.sep) > 1} for paths in images.values()]
    common = sorted(set.intersection(*inside)) if len(inside) > 1 else []
    if len(common) > 1:
        within = "the splits lie in the classes" if splits_among(common) else "these may be the classes"
        raise DataError(
            f"{folder}: {few(images)} all hold the same subfolders, {few(common)}: {within}. Expected: train/ and val/ "
            "or test/, with the class folders in them; or class folders that hold their images directly"
        )


def wrapped(folder: Path) -> str:
    """What to do about a folder that is alone in its own; nothing where no classes lie in it."""
    for _ in range(_DEEPEST):
        names, _ = entries(folder) if folder.is_dir() else ([], [])
        if len(names) > 1:
            return f"It holds {few(names)}: if these are the classes or the splits, give {folder}"
        folder = folder.joinpath(*names)
    return ""


def few(names: Iterable[str]) -> str:
    """Folders by name, the first few of many."""
    names = list(names)
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(f"{name}/" for name in names[:_SHOWN]) + more


def holds_only_runs(folder: Path) -> bool:
    """Whether there are folders of runs in a folder, and nothing else."""
    paths = [path for path, _ in zip(_walk(folder), range(100), strict=False)]
    return bool(paths) and all(is_run(folder / path) for path in paths)


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


def entries(folder: Path | str) -> tuple[list[str], list[str]]:
    """Sorted names of the subfolders, and paths of the files; hidden ones and droppings left out.

    A broken link counts as a file, so that an image that is gone is missed when it is read. So does the folder of a
    run, which is no image.
    """
    folders, files = [], []
    try:
        with os.scandir(folder) as found:
            for entry in found:
                if is_dropping(entry.name):
                    continue
                if _is_folder(entry) and not is_run(entry.path):
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
            folders, files = entries(current)
        except DataError as error:
            if on_error is None:
                raise
            on_error(error)
            continue
        pending.extend(os.path.join(current, name) for name in folders)
        for path in files:
            yield path[len(str(folder)) + 1 :]


def images_of(listing: Listing, root: Path, classes: tuple[str, ...] = ()) -> ListedSplit:
    """A listing's images, in the data set's folder `root`; labels are indices into `classes`, or else its own."""
    paths, labels = [], []
    numbers = {name: label for label, name in enumerate(classes or listing.images)}
    for name, files in listing.images.items():
        label = numbers[name]
        paths += [os.fsencode(os.path.join(listing.folder, file)) for file in files]
        labels += [label] * len(files)
    return ListedSplit(np.array(paths, object), np.array(labels, np.int64), decode=read, root=root)


def read(path: bytes) -> np.ndarray:
    """`read_image`, of a path as `images_of` keeps it."""
    return read_image(os.fsdecode(path))

"""A folder of class subfolders as a data set, with or without a split of its own."""

import hashlib
import os
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_googlenet.data.errors import DataError
from keras_googlenet.data.images import image_extensions, read_image
from keras_googlenet.data.splits import HELD_OUT, ListedSplit, Source

TRAIN = "train"
VALIDATION = ("val", "validation")  # the first that is there serves
TEST = "test"

DROPPINGS = frozenset(("thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir"))


@dataclass(frozen=True)
class _Listing:
    """The files under one folder of class subfolders.

    Attributes:
        folder: that folder.
        images: for each class its image files, as sorted paths relative to the class's folder.
        strays: files that are no images.
    """

    folder: Path
    images: dict[str, list[str]]
    strays: list[str]


def load_folder(root: Path, validation_fraction: float) -> Source:
    """Find the images of a folder.

    `root` holds one subfolder for each class, or `train/` and beside it `val/` (or `validation/`),
    `test/` or both, with the class subfolders in them. Images are found by extension at any depth
    below their class. Hidden files and what operating systems leave behind are passed over; other
    files are listed in `Source.ignored`.

    Args:
        root: the folder.
        validation_fraction: part of each class to hold out of the images for training if there is
            no folder for validation.

    Returns:
        Its `Source`; the classes are sorted by name.

    Raises:
        DataError: the folder is missing, or not two or more classes with images in each.
    """
    if not root.is_dir():
        found = "this is a file" if root.exists() else "no such folder"
        raise DataError(f"{root}: {found}. Expected: a folder with one subfolder for each class")
    parts, strays = _find_splits(root)
    if parts and TRAIN not in parts:
        only = next(iter(parts.values())).name
        raise DataError(
            f"{root}: there is {only}/ but no {TRAIN}/ to learn from. "
            f"Expected: {TRAIN}/ beside it, or one subfolder for each class"
        )
    validation_dir, test_dir = parts.get("validation"), parts.get(TEST)
    listing = _list(parts.get(TRAIN, root))
    listed = [_list(folder) for folder in (validation_dir, test_dir) if folder]
    for other in listed:
        _check_same_classes(listing, other)
    if validation_dir is None:
        train, validation = _hold_out(listing, validation_fraction)
        held_out = f"{validation_fraction:.0%} of each class, chosen by a hash of the file's name"
    else:
        train, validation = listing, listed[0]
        held_out = f"the folder {validation_dir.name}/"
    test = _split(listed[-1]) if test_dir else None
    strays = sorted(strays + [path for one in (listing, *listed) for path in one.strays])
    ignored = tuple(map(Path, strays))
    return Source(str(root), tuple(train.images), _split(train), _split(validation), held_out, ignored, test)


def load_labelled(root: Path, part: str | None) -> tuple[tuple[str, ...], ListedSplit, str]:
    """Find images to measure a network on: unlike `load_folder`, nothing has to be there to learn from.

    Args:
        root: as in `load_folder`; one class with one image will do, and `val/` or `test/` alone.
        part: `"train"`, `"validation"`, `"test"` or `"all"`. `None` means `test/` if there is one, else `val/`; all
            images where `root` has no split of its own, whose `"validation"` is what `load_folder` holds out.

    Returns:
        The classes, sorted by name, the images, and in words which they are.

    Raises:
        DataError: there are no such images.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder. Expected: a folder with one subfolder for each class")
    parts, _ = _find_splits(root)
    if part == TEST and not parts:
        raise DataError(f"{root}: there is no {TEST}/ in this folder. Expected: that, or another split asked for")
    if part not in (None, "all") and not parts:
        source = load_folder(root, HELD_OUT)
        return source.classes, getattr(source, part), f"{part} images ({source.held_out} for validation)"
    chosen = part or next((name for name in (TEST, "validation", TRAIN) if name in parts), "all")
    if chosen != "all" and chosen not in parts:
        raise DataError(f"{root}: this folder has no {chosen} images. Received: {', '.join(parts)}")
    folders = [parts[chosen]] if chosen in parts else list(parts.values()) or [root]
    listings = [_list(folder, least=1) for folder in folders]
    classes = tuple(sorted({name for listing in listings for name in listing.images}))
    splits = [_split(listing, classes) for listing in listings]
    items, labels = (np.concatenate([getattr(one, name) for one in splits]) for name in ("items", "labels"))
    return classes, ListedSplit(items, labels, decode=_read), "images" if chosen == "all" else f"{chosen} images"


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


def _find_splits(root: Path) -> tuple[dict[str, Path], list[str]]:
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


def _list(folder: Path, least: int = 2) -> _Listing:
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
    return _Listing(folder, images, strays)


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


def _hold_out(listing: _Listing, fraction: float) -> tuple[_Listing, _Listing]:
    """Split each class by a hash of its files' names: the same files wherever the folder lies."""
    train, validation = {}, {}
    for name, paths in listing.images.items():
        if len(paths) == 1:
            raise DataError(
                f"{listing.folder / name}: only one image, {paths[0]}, but one has to be held out "
                "for validation. Expected: two or more images in each class, or a folder with "
                f"{TRAIN}/ and {VALIDATION[0]}/"
            )
        count = min(max(1, round(len(paths) * fraction)), len(paths) - 1)
        ranked = sorted(paths, key=_hash)
        train[name], validation[name] = sorted(ranked[count:]), sorted(ranked[:count])
    return _Listing(listing.folder, train, []), _Listing(listing.folder, validation, [])


def _hash(path: str) -> bytes:
    # The same name on every system: macOS decomposes accents, Windows turns slashes around.
    name = unicodedata.normalize("NFC", path.replace(os.sep, "/"))
    return hashlib.sha256(os.fsencode(name)).digest()


def _check_same_classes(train: _Listing, validation: _Listing) -> None:
    for one, other in ((train, validation), (validation, train)):
        missing = [name for name in one.images if name not in other.images]
        if missing:
            raise DataError(
                f"{other.folder}: lacks {len(missing)} of the classes of {one.folder}: "
                f"{', '.join(missing[:5])}. Expected: the same class folders in both"
            )


def _split(listing: _Listing, classes: tuple[str, ...] = ()) -> ListedSplit:
    """A listing's images; labels are indices into `classes`, or else into the listing's own."""
    paths, labels = [], []
    numbers = {name: label for label, name in enumerate(classes or listing.images)}
    for name, files in listing.images.items():
        label = numbers[name]
        paths += [os.fsencode(os.path.join(listing.folder, name, file)) for file in files]
        labels += [label] * len(files)
    return ListedSplit(np.array(paths, object), np.array(labels, np.int64), decode=_read)


def _read(path: bytes) -> np.ndarray:
    return read_image(os.fsdecode(path))

"""A folder of class subfolders as a data set, with or without a split of its own."""

import hashlib
import os
import unicodedata
from pathlib import Path

import numpy as np

from keras_googlenet.data.errors import DataError
from keras_googlenet.data.listing import TEST, TRAIN, VALIDATION, Listing, find_splits, images_of, list_classes, read
from keras_googlenet.data.splits import HELD_OUT, ListedSplit, Source


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
    parts, strays = find_splits(root)
    if parts and TRAIN not in parts:
        only = next(iter(parts.values())).name
        raise DataError(
            f"{root}: there is {only}/ but no {TRAIN}/ to learn from. "
            f"Expected: {TRAIN}/ beside it, or one subfolder for each class"
        )
    validation_dir, test_dir = parts.get("validation"), parts.get(TEST)
    listing = list_classes(parts.get(TRAIN, root))
    listed = [list_classes(folder) for folder in (validation_dir, test_dir) if folder]
    for other in listed:
        _check_same_classes(listing, other)
    if validation_dir is None:
        train, validation = _hold_out(listing, validation_fraction)
        held_out = f"{validation_fraction:.0%} of each class, chosen by a hash of the file's name"
    else:
        train, validation = listing, listed[0]
        held_out = f"the folder {validation_dir.name}/"
    test = images_of(listed[-1]) if test_dir else None
    strays = sorted(strays + [path for one in (listing, *listed) for path in one.strays])
    ignored = tuple(map(Path, strays))
    return Source(str(root), tuple(train.images), images_of(train), images_of(validation), held_out, ignored, test)


def load_labelled(root: Path, part: str | None) -> tuple[tuple[str, ...], ListedSplit, str]:
    """Find images to measure a network on: unlike `load_folder`, nothing has to be there to learn from.

    Args:
        root: as in `load_folder`; one class with one image will do, and `val/` or `test/` alone.
        part: `"train"`, `"validation"`, `"test"` or `"all"`. `None` means `test/` if there is one, else validation;
            all images where `root` has no split of its own. `"validation"` is what `load_folder` holds out where
            there is no folder for it.

    Returns:
        The classes, sorted by name, the images, and in words which they are.

    Raises:
        DataError: there are no such images.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder. Expected: a folder with one subfolder for each class")
    parts, _ = find_splits(root)
    if part == TEST and not parts:
        raise DataError(f"{root}: there is no {TEST}/ in this folder. Expected: that, or another split asked for")
    if part is None and parts.keys() == {TRAIN}:
        part = "validation"
    held_out = part == "validation" and part not in parts and TRAIN in parts
    if held_out or (part not in (None, "all") and not parts):
        source = load_folder(root, HELD_OUT)
        return source.classes, getattr(source, part), f"{part} images ({source.held_out} for validation)"
    chosen = part or next((name for name in (TEST, "validation") if name in parts), "all")
    if chosen != "all" and chosen not in parts:
        raise DataError(f"{root}: this folder has no {chosen} images. Received: {', '.join(parts)}")
    folders = [parts[chosen]] if chosen in parts else list(parts.values()) or [root]
    listings = [list_classes(folder, least=1) for folder in folders]
    classes = tuple(sorted({name for listing in listings for name in listing.images}))
    splits = [images_of(listing, classes) for listing in listings]
    items, labels = (np.concatenate([getattr(one, name) for one in splits]) for name in ("items", "labels"))
    return classes, ListedSplit(items, labels, decode=read), "images" if chosen == "all" else f"{chosen} images"


def _hold_out(listing: Listing, fraction: float) -> tuple[Listing, Listing]:
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
    return Listing(listing.folder, train, []), Listing(listing.folder, validation, [])


def _hash(path: str) -> bytes:
    # The same name on every system: macOS decomposes accents, Windows turns slashes around.
    name = unicodedata.normalize("NFC", path.replace(os.sep, "/"))
    return hashlib.sha256(os.fsencode(name)).digest()


def _check_same_classes(train: Listing, validation: Listing) -> None:
    for one, other in ((train, validation), (validation, train)):
        missing = [name for name in one.images if name not in other.images]
        if missing:
            raise DataError(
                f"{other.folder}: lacks {len(missing)} of the classes of {one.folder}: "
                f"{', '.join(missing[:5])}. Expected: the same class folders in both"
            )

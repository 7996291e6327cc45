"""A folder of class subfolders as a data set, with or without a split of its own."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from keras_googlenet.data import foreign
from keras_googlenet.data.errors import DataError
from keras_googlenet.data.holding_out import hold_out, same_everywhere
from keras_googlenet.data.layout import find_splits
from keras_googlenet.data.scan import Listing, entries, images_of, list_classes, read, wrapped
from keras_googlenet.data.source import Source
from keras_googlenet.data.splits import HELD_OUT, TEST, TRAIN, VALIDATION, ListedSplit


def load_folder(root: Path, validation_fraction: float, rule: str = "hash") -> Source:
    """Find the images of a folder.

    `root` holds one subfolder for each class, or `train/` and beside it `val/`, `test/` or both (or another of the
    names that `layout` knows), with the class subfolders in them. Images are found by extension at any depth below
    their class. Hidden files and what operating systems leave behind are passed over; other files are listed in
    `Source.ignored`.

    Args:
        root: the folder.
        validation_fraction: part of each class to hold out of the images for training if there is
            no folder for validation.
        rule: how: one of `holding_out.RULES`.

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
    listings = {TRAIN: list_classes(parts.get(TRAIN, root))}
    notes = []
    for part in (VALIDATION, TEST):
        if part == TEST and TEST in parts and not _has_labels(parts):
            notes.append(f"{parts[TEST]} has no folder of a class: left out, the network is measured on validation")
        elif part in parts:
            listings[part] = list_classes(parts[part])
            _check_same_classes(listings[TRAIN], listings[part])
    strays = sorted(strays + [path for one in listings.values() for path in one.strays])
    folders = tuple(listing.folder for listing in listings.values())
    if VALIDATION in parts:
        held_out = f"the folder {parts[VALIDATION].name}/"
    else:
        listings[TRAIN], listings[VALIDATION] = _split(listings[TRAIN], validation_fraction, rule)
        share = f"{100 * validation_fraction:.3g}% of each class"
        by_rank, by_hash = f"{share}, chosen by a hash of the file's name", f"about {share}, each file by its own hash"
        held_out = by_rank if rule == "rank" else by_hash
    splits = {part: images_of(listing, root) for part, listing in listings.items()}
    return Source(
        str(root),
        tuple(listings[TRAIN].images),
        splits[TRAIN],
        splits[VALIDATION],
        held_out,
        tuple(map(Path, strays)),
        splits.get(TEST),
        folders,
        tuple(notes),
    )


def load_labeled(
    root: Path, part: str | None, validation_fraction: float = HELD_OUT, rule: str = "hash"
) -> tuple[tuple[str, ...], ListedSplit, str, list[str]]:
    """Find images to measure a network on: unlike `load_folder`, nothing has to be there to learn from.

    Args:
        root: as in `load_folder`; one class with one image will do, and `val/` or `test/` alone.
        part: `"train"`, `"validation"`, `"test"` or `"all"`. `None` means `test/` if there is one, else validation;
            all images where `root` has no split of its own. `"validation"` is what `load_folder` holds out where
            there is no folder for it.
        validation_fraction: as in `load_folder`.
        rule: as in `load_folder`.

    Returns:
        The classes, sorted by name, the images, in words which they are, and lines about images that were left out.

    Raises:
        DataError: there are no such images.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder. Expected: a folder with one subfolder for each class")
    parts, _ = find_splits(root)
    if part == TEST and not parts:
        raise DataError(f"{root}: there is no {TEST}/ in this folder. Expected: that, or another split asked for")
    if part != TEST and not _has_labels(parts):
        parts = {name: folder for name, folder in parts.items() if name != TEST}
    if part is None and parts.keys() == {TRAIN}:
        part = VALIDATION
    held_out = part == VALIDATION and part not in parts and TRAIN in parts
    if held_out or (part not in (None, "all") and not parts):
        source = load_folder(root, validation_fraction, rule)
        words = f"{part} images ({source.held_out} for validation)"
        return source.classes, getattr(source, part), words, foreign.left_out(map(str, source.ignored))
    chosen = part or next((name for name in (TEST, VALIDATION) if name in parts), "all")
    if chosen != "all" and chosen not in parts:
        raise DataError(f"{root}: this folder has no {chosen} images. Received: {', '.join(parts)}")
    folders = [parts[chosen]] if chosen in parts else list(parts.values()) or [root]
    listings = [list_classes(folder, least=1) for folder in folders]
    classes = tuple(sorted({name for listing in listings for name in listing.images}))
    splits = [images_of(listing, root, classes) for listing in listings]
    items, labels = (np.concatenate([getattr(one, name) for one in splits]) for name in ("items", "labels"))
    strays = [path for listing in listings for path in listing.strays]
    words = "images" if chosen == "all" else f"{chosen} images"
    notes = foreign.left_out(strays)
    if len(classes) == 1 and (hint := wrapped(folders[0] / classes[0])):
        notes.append(f"only one class, {classes[0]}/. {hint}")
    return classes, ListedSplit(items, labels, decode=read, root=root), words, notes


def _has_labels(parts: Mapping[str, Path]) -> bool:
    """Whether a folder in `test/` is a class; where there is nothing else, all are."""
    if TEST not in parts or TRAIN not in parts:
        return True
    ours, theirs = ({same_everywhere(name).casefold() for name in entries(parts[part])[0]} for part in (TRAIN, TEST))
    return not ours.isdisjoint(theirs)


def _split(listing: Listing, fraction: float, rule: str) -> tuple[Listing, Listing]:
    """Splits each class: the same files wherever the folder lies."""
    train, validation = {}, {}
    for name, paths in listing.images.items():
        if len(paths) == 1:
            raise DataError(
                f"{listing.folder / name}: only one image, {Path(paths[0]).relative_to(Path(paths[0]).parts[0])}, but "
                "one has to be held out for validation. Expected: two or more images in each class, or a folder with "
                f"{TRAIN}/ and val/"
            )
        inside = {path.split(os.sep, 1)[1]: path for path in paths}
        chosen = {inside[path] for path in hold_out(name, list(inside), fraction, rule)}
        train[name] = [path for path in paths if path not in chosen]
        validation[name] = [path for path in paths if path in chosen]
    return Listing(listing.folder, train, []), Listing(listing.folder, validation, [])


def _check_same_classes(train: Listing, validation: Listing) -> None:
    for one, other in ((train, validation), (validation, train)):
        missing = [name for name in one.images if name not in other.images]
        if missing:
            raise DataError(
                f"{other.folder}: lacks {len(missing)} of the classes of {one.folder}: "
                f"{', '.join(missing[:5])}. Expected: the same class folders in both"
            )

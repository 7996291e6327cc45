"""A folder of class subfolders as a data set, with or without a split of its own."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from keras_googlenet.data import undecodable
from keras_googlenet.data.class_folders import Scan, find_splits, scan_classes, wrapped
from keras_googlenet.data.errors import DataError
from keras_googlenet.data.holding_out import hold_out, same_everywhere
from keras_googlenet.data.images import read_image
from keras_googlenet.data.scan import entries
from keras_googlenet.data.source import Source
from keras_googlenet.data.splits import HELD_OUT, TEST, TRAIN, VALIDATION, ListedSplit, Split
from keras_googlenet.utils.messages import few


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
    parts, ignored = find_splits(root)
    if parts and TRAIN not in parts:
        raise DataError(
            f"{root}: there is {next(iter(parts.values())).name}/ but no {TRAIN}/ to learn from. "
            f"Expected: {TRAIN}/ beside it, or one subfolder for each class"
        )
    notes = []
    if not _has_labels(parts):
        notes.append(f"{parts.pop(TEST)} has no folder of a class: left out, the network is measured on validation")
    scans = {part: scan_classes(folder) for part, folder in (parts or {TRAIN: root}).items()}
    for scan in scans.values():
        _check_same_classes(scans[TRAIN], scan)
    ignored += [path for scan in scans.values() for path in scan.ignored]
    if VALIDATION in parts:
        held_out = f"the folder {parts[VALIDATION].name}/"
    else:
        scans[TRAIN], scans[VALIDATION] = _split(scans[TRAIN], validation_fraction, rule)
        how = "{}, chosen by a hash of the file's name" if rule == "rank" else "about {}, each file by its own hash"
        held_out = how.format(f"{100 * validation_fraction:.3g}% of each class")
    return Source(
        str(root),
        classes=tuple(scans[TRAIN].images),
        train=scans[TRAIN].split(root),
        validation=scans[VALIDATION].split(root),
        held_out=held_out,
        ignored=tuple(map(Path, sorted(ignored))),
        test=scans[TEST].split(root) if TEST in scans else None,
        folders=tuple(parts.values()) or (root,),
        notes=tuple(notes),
    )


def load_labeled(
    root: Path, part: str | None, validation_fraction: float = HELD_OUT, rule: str = "hash"
) -> tuple[tuple[str, ...], Split, str, list[str]]:
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
    parts, _ = find_splits(root)
    if part != TEST and not _has_labels(parts):
        del parts[TEST]
    chosen = part or next((name for name in (TEST, VALIDATION) if name in parts), VALIDATION if parts else "all")
    if chosen not in (*parts, "all"):
        if chosen == TEST or (parts and TRAIN not in parts):
            found = f"Received: {', '.join(parts)}" if parts else "Expected: that, or another split asked for"
            raise DataError(f"{root}: there is no {chosen}/ in this folder. {found}")
        source = load_folder(root, validation_fraction, rule)
        words = f"{chosen} images ({source.held_out} for validation)"
        return source.classes, source.splits[chosen], words, undecodable.left_out(map(str, source.ignored))
    folders = [parts[chosen]] if chosen in parts else list(parts.values()) or [root]
    scans = [scan_classes(folder, least=1) for folder in folders]
    classes = tuple(sorted({name for scan in scans for name in scan.images}))
    splits = [scan.split(root, classes) for scan in scans]
    items, labels, stamps = (
        np.concatenate([getattr(one, name) for one in splits]) for name in ("items", "labels", "stamps")
    )
    notes = undecodable.left_out(path for scan in scans for path in scan.ignored)
    if len(classes) == 1 and (hint := wrapped(folders[0] / classes[0])):
        notes.append(f"only one class, {classes[0]}/. {hint}")
    words = "images" if chosen == "all" else f"{chosen} images"
    return classes, ListedSplit(items, labels, read_image, root, stamps), words, notes


def _has_labels(parts: Mapping[str, Path]) -> bool:
    """Whether a folder in `test/` is a class; where there is nothing else, all are."""
    if TEST not in parts or TRAIN not in parts:
        return True
    ours, theirs = ({same_everywhere(name).casefold() for name in entries(parts[part])[0]} for part in (TRAIN, TEST))
    return not ours.isdisjoint(theirs)


def _split(scan: Scan, fraction: float, rule: str) -> tuple[Scan, Scan]:
    """Splits each class: the same files wherever the folder lies."""
    train, validation = {}, {}
    for name, paths in scan.images.items():
        inside = {path.split(os.sep, 1)[1]: path for path in paths}
        if len(paths) == 1:
            raise DataError(
                f"{scan.folder / name}: only one image, {next(iter(inside))}, but one has to be held out for "
                f"validation. Expected: two or more images in each class, or a folder with {TRAIN}/ and val/"
            )
        chosen = set(hold_out(name, list(inside), fraction, rule))
        train[name] = [path for short, path in inside.items() if short not in chosen]
        validation[name] = [path for short, path in inside.items() if short in chosen]
    return Scan(scan.folder, train, []), Scan(scan.folder, validation, [])


def _check_same_classes(train: Scan, other: Scan) -> None:
    for one, lacking in ((train, other), (other, train)):
        if missing := [name for name in one.images if name not in lacking.images]:
            raise DataError(
                f"{lacking.folder}: lacks {len(missing)} of the classes of {one.folder}: {few(missing)}. "
                "Expected: the same class folders in both"
            )

"""The images to measure a network on: one split of a data set, and what its images are called."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_googlenet.data.errors import DataError
from keras_googlenet.data.loading import is_folder, load
from keras_googlenet.data.splits import HELD_OUT, Split

PARTS = ("train", "validation", "test", "all")


@dataclass(frozen=True, eq=False)
class Labeled:
    """Labeled images.

    Attributes:
        classes: class names; a label is an index into them.
        split: the images.
        labels: int64 array, one for each image in the split's fixed order.
        images: what each is called: its path from the data set's folder, or its number.
        summary: what they are, in words; and a line for each format of images that were left out.
    """

    classes: tuple[str, ...]
    split: Split
    labels: np.ndarray
    images: tuple[str, ...]
    summary: str


def labeled(
    spec: str,
    part: str | None = None,
    *,
    data_dir: str | os.PathLike | None = None,
    validation_fraction: float = HELD_OUT,
    hold_out: str = "hash",
) -> Labeled:
    """Find the images to measure a network on.

    Args:
        spec: as in `load`.
        part: `"train"`, `"validation"`, `"test"` or, for a folder, `"all"`. `None` means `"test"` where the data set
            has it, else `"validation"`; all images of a folder without a split of its own.
        data_dir: as in `load`.
        validation_fraction: as in `load`; what a run held out is measured with that of its recipe.
        hold_out: as in `load`; likewise.

    Returns:
        `Labeled` images.

    Raises:
        DataError: there is no such data set, or it lacks that part.

    Example:
        >>> labeled("digits").summary
        'digits: 360 validation images in 10 classes'
    """
    if part not in (None, *PARTS):
        raise DataError(f"`part` must be one of {', '.join(PARTS)}. Received: part={part!r}")
    if is_folder(spec):
        from keras_googlenet.data.folder import load_labeled

        root = Path(spec).expanduser()
        classes, split, words, notes = load_labeled(root, part, validation_fraction, hold_out)
        images = tuple(os.path.relpath(os.fsdecode(path), root) for path in split.items)
        return _labeled(spec, classes, split, images, words, notes)
    source = load(spec, data_dir=data_dir, validation_fraction=validation_fraction, hold_out=hold_out)
    chosen = part or ("validation" if source.test is None else "test")
    split = getattr(source, chosen, None)
    if split is None:
        raise DataError(f"{spec} has no {chosen} images to choose. Expected: train or validation")
    images = tuple(map(str, range(split.count)))
    return _labeled(spec, source.classes, split, images, f"{chosen} images")


def _labeled(spec, classes, split, images, words, notes=()):
    labels = getattr(split, "labels", None)
    if labels is None:  # a TFDS data set tells them only with the images
        labels = np.fromiter((label for _, _, label in split.fixed().as_numpy_iterator()), np.int64)
    counted = f"{split.count:,} {words} in {len(classes):,} class{'es' if len(classes) > 1 else ''}"
    return Labeled(tuple(classes), split, labels, images, "\n".join((f"{spec}: {counted}", *notes)))

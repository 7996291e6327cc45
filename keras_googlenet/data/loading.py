"""From what a user writes after `--dataset` to a `Source`."""

import os
from pathlib import Path

import numpy as np

from keras_googlenet.data.errors import DataError
from keras_googlenet.data.folder import load_folder, load_labeled
from keras_googlenet.data.holding_out import RULES
from keras_googlenet.data.source import Source
from keras_googlenet.data.splits import HELD_OUT, ListedSplit, Split

PARTS = ("train", "validation", "test", "all")


def load(
    spec: str | os.PathLike,
    *,
    data_dir: str | os.PathLike | None = None,
    validation_fraction: float = HELD_OUT,
    hold_out: str = "hash",
) -> Source:
    """Find a data set and its splits; no image is decoded yet.

    Validation decides what is kept while a network is trained, so that nothing else may have a
    part in it: a split called `test` is never used for it.

    Args:
        spec: in this order, `"digits"` (scikit-learn's scanned handwritten digits, embedded), a
            folder of class subfolders, or a TensorFlow Datasets name such as `"cifar10"` or
            `"imagenette/160px"`. A folder called `digits` is `"./digits"`.
        data_dir: where TensorFlow Datasets keeps its data; `None` for its default. The others
            have no use for it.
        validation_fraction: part of the training images to hold out where the data set has no
            split for validation. It is the same images every time.
        hold_out: how those of a folder are chosen. `"hash"`: each file by a hash of its class and its path in it, so
            that adding or removing files moves no other; about the fraction of each class, at least one. `"rank"`:
            exactly the fraction of each class, as version 0.1.0 chose them.

    Returns:
        The data set's `Source`.

    Raises:
        DataError: there is no such data set, or it is not fit to train on.

    Example:
        >>> source = load("digits")
        >>> source.train.count, source.validation.count, len(source.classes)
        (1437, 360, 10)
    """
    if not 0 < validation_fraction < 1:
        raise DataError(
            "`validation_fraction` must lie between 0 and 1, both excluded. "
            f"Received: validation_fraction={validation_fraction}"
        )
    if hold_out not in RULES:
        raise DataError(f"`hold_out` must be one of {', '.join(RULES)}. Received: hold_out={hold_out!r}")
    if spec == "digits":
        return _digits()
    if is_folder(spec):
        return load_folder(Path(os.path.expanduser(spec)), validation_fraction, hold_out)

    # Imported only here: TensorFlow Datasets is slow to import.
    from keras_googlenet.data.tfds import load_tfds

    return load_tfds(str(spec), data_dir, validation_fraction)


def load_split(
    spec: str | os.PathLike,
    part: str | None = None,
    *,
    data_dir: str | os.PathLike | None = None,
    validation_fraction: float = HELD_OUT,
    hold_out: str = "hash",
) -> tuple[Split, tuple[str, ...], str]:
    """Find the images to measure a network on: unlike for `load`, nothing has to be there to learn from.

    Args:
        spec: as in `load`.
        part: `"train"`, `"validation"`, `"test"` or, for a folder, `"all"`. `None` means `"test"` where the data set
            has it, else `"validation"`; all images of a folder without a split of its own.
        data_dir: as in `load`.
        validation_fraction: as in `load`; what a run held out is measured with that of its recipe.
        hold_out: as in `load`; likewise.

    Returns:
        The images; the class names; and what was found, in words: one line, and one for each format of images that
        were left out.

    Raises:
        DataError: there is no such data set, or it lacks that part.

    Example:
        >>> split, classes, summary = load_split("digits")
        >>> summary
        'digits: 360 validation images in 10 classes'
    """
    if part not in (None, *PARTS):
        raise DataError(f"`part` must be one of {', '.join(PARTS)}. Received: part={part!r}")
    notes: list[str] = []
    if is_folder(spec):
        classes, split, words, notes = load_labeled(Path(os.path.expanduser(spec)), part, validation_fraction, hold_out)
    else:
        source = load(spec, data_dir=data_dir, validation_fraction=validation_fraction, hold_out=hold_out)
        part = part or ("validation" if source.test is None else "test")
        if part not in source.splits:
            raise DataError(f"{spec} has no {part} images to choose. Expected: train or validation")
        classes, split, words = source.classes, source.splits[part], f"{part} images"
    counted = f"{split.count:,} {words} in {len(classes):,} class{'es' if len(classes) > 1 else ''}"
    return split, tuple(classes), "\n".join((f"{spec}: {counted}", *notes))


def is_folder(spec: str | os.PathLike) -> bool:
    """Whether `spec` means a folder, be it there or not.

    Args:
        spec: as in `load`.
    """
    if spec == "digits":
        return False
    if not isinstance(spec, str) or os.path.exists(os.path.expanduser(spec)):
        return True
    # `a/b` may be a TFDS name with its config.
    return spec.startswith((".", "~")) or os.path.isabs(spec) or "\\" in spec


def _digits() -> Source:
    """scikit-learn's `load_digits`: 1,797 images of 8x8 pixels, gray levels 0-16.

    A fixed 360 of them are held out: every fifth image of each class.
    """
    from sklearn.datasets import load_digits

    data = load_digits()
    gray = np.rint(data.images * (255 / 16)).astype(np.uint8)
    images = np.repeat(gray[..., np.newaxis], 3, axis=-1)
    labels = data.target.astype(np.int64)

    held_out = np.isin(np.arange(len(labels)), np.argsort(labels, kind="stable")[::5])
    train, validation = (ListedSplit(images[part], labels[part], decode=np.asarray) for part in (~held_out, held_out))
    return Source("digits", tuple(map(str, data.target_names)), train, validation, "every fifth image of each class")

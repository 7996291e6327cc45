"""Where in a folder the splits lie, if they do."""

from pathlib import Path

from keras_googlenet.data.errors import DataError
from keras_googlenet.data.scan import entries, few, holds_only_runs
from keras_googlenet.data.splits import TRAIN, splits_among


def find_splits(root: Path) -> tuple[dict[str, Path], list[str]]:
    """The folders for training, validation and testing, and what lies beside them.

    Args:
        root: an existing folder.

    Returns:
        The folders by `TRAIN`, `VALIDATION` and `TEST`, none where `root` holds the classes themselves; and paths.

    Raises:
        DataError: a split stands beside folders that are none, so that either may be meant.
    """
    folders, strays = entries(root)
    found = splits_among(folders)
    others = [name for name in folders if name not in found.values()]
    classes = [name for name in others if not splits_among([name]) and not holds_only_runs(root / name)]
    if found and classes and (TRAIN not in found or len(found) == 1):
        raise DataError(
            f"{root}: {few(found.values())} would be a split, but beside it there is {few(classes)}. Expected: train/ "
            "and val/ or test/, with the class folders in them, or class folders alone. If all of these are classes, "
            "put them into a folder train/"
        )
    parts = {part: root / name for part, name in found.items()}
    return parts, strays + [str(root / name) for name in others] if parts else []

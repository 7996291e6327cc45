"""What operating systems, and this package's runs, leave among a user's images."""

from pathlib import Path

from keras_googlenet.utils.files import read_json

# In lower case. Windows, macOS, Linux; the archives and the network drives that they pass through.
_NAMES = {
    *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "picasa.ini", "icon\r"),
    *("$recycle.bin", "recycler", "recycled", "system volume information", "found.000"),
    *("__macosx", "network trash folder", "temporary items", "lost+found"),
    *("@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "__pycache__"),
}

_RECIPE = "recipe.json"  # `training.RunFolder` writes it before anything else


def is_ignored(name: str) -> bool:
    """Whether a file or a folder of this name is hidden, or an operating system's own.

    Example:
        >>> [is_ignored(name) for name in ("$RECYCLE.BIN", ".Trashes", "cat")]
        [True, True, False]
    """
    return name.startswith(".") or name.lower() in _NAMES


def is_run(folder: str | Path) -> bool:
    """Whether a folder is that of a run: its pictures are no data.

    Args:
        folder: a path.
    """
    try:
        record = read_json(Path(folder, _RECIPE))
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and {"recipe", "classes"} <= record.keys()

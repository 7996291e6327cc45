"""The files of a folder, at any depth: which are images, and which are passed over."""

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from keras_googlenet.data import undecodable
from keras_googlenet.data.errors import DataError
from keras_googlenet.data.ignored import is_ignored, is_run
from keras_googlenet.data.image_formats import image_extensions

OnError = Callable[[DataError], None]


def image_files(folder: Path, on_error: OnError | None = None) -> list[Path]:
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
    found = sorted(files(folder, on_error))
    if on_error:
        for line in undecodable.left_out(found):
            on_error(DataError(f"{folder}: {line}"))
    return [folder / path for path in found if is_image(path)]


def is_image(path: str) -> bool:
    """Whether a file is an image, by its extension."""
    return os.path.splitext(path)[1].lower() in image_extensions()


def entries(folder: Path) -> tuple[list[str], list[str]]:
    """Sorted names of the subfolders of a folder, and paths of its files; see `_walk`.

    Raises:
        DataError: the folder cannot be listed.
    """
    return next(_walk(folder))


def files(folder: Path, on_error: OnError | None = None) -> Iterator[str]:
    """Paths of all files below a folder, relative to it; see `_walk`.

    Args:
        folder: an existing folder.
        on_error: called with the error of a folder that cannot be listed; `None` raises it.
    """
    return (path[len(str(folder)) + 1 :] for _, paths in _walk(folder, on_error) for path in paths)


def holds_only_runs(folder: Path) -> bool:
    """Whether there are folders of runs in a folder, and nothing else."""
    paths = list(itertools.islice(files(folder), 100))
    return bool(paths) and all(is_run(folder / path) for path in paths)


def _walk(folder: Path, on_error: OnError | None = None) -> Iterator[tuple[list[str], list[str]]]:
    """`os.walk`, without what is ignored. Links are followed, but not in circles.

    A broken link counts as a file, so that an image that is gone is missed when it is read. So does the folder of a
    run, which is no image.
    """

    def fail(error: OSError) -> None:
        unlisted = DataError(f"{error.filename}: cannot list this folder: {error.strerror}")
        if on_error is None:
            raise unlisted from error
        on_error(unlisted)

    seen = set()
    for current, folders, others in os.walk(folder, onerror=fail, followlinks=True):
        real = os.path.realpath(current)
        inside = [] if real in seen else [name for name in folders if not is_ignored(name)]
        runs = {name for name in inside if is_run(os.path.join(current, name))}
        folders[:] = sorted(name for name in inside if name not in runs)
        if real not in seen:
            seen.add(real)
            start = os.path.join(current, "")
            yield list(folders), [start + name for name in (*others, *runs) if not is_ignored(name)]

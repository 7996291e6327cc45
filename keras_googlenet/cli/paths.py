"""What `PATH` means on the command line: an image, a folder of images, a pattern, or `-` for standard input."""

import argparse
import glob
import os
import re
from pathlib import Path

from keras_googlenet.utils.messages import one_line

STDIN = "-"

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)  # of two letters at least: C:\ is a drive


def output(text):
    """The type of an argument that names what is to be written: a `Path`.

    Args:
        text: What was given.

    Raises:
        ArgumentTypeError: It is empty, which `Path` takes for the folder where the command runs.
    """
    if not text or "\0" in text:
        raise argparse.ArgumentTypeError(f"must be the name of a file or a folder. Received: {text!r}")
    return Path(text)


def expand(paths, fail):
    """Finds the files that were asked for.

    Args:
        paths: Arguments, strings.
        fail: Called with a line about each that cannot be found or listed.

    Returns:
        Paths, a list of strings; `STDIN` stands for itself. They need not be there, nor be images.
    """
    return [file for path in paths for file in _files(path, fail)]


def _files(path, fail):
    if path != STDIN and os.path.isdir(path):
        return _images(path, fail)
    if path == STDIN or os.path.lexists(path):  # a name may hold * or [
        return [path]
    if _ADDRESS.match(path):
        fail(f"{one_line(path)}: an address; download it first and give the file")
        return []
    return _matches(path, fail) if glob.has_magic(path) else [path]


def _images(folder, fail, nested=False):
    from keras_googlenet.data.scan import image_files

    unlisted = []
    files = [str(file) for file in image_files(Path(folder), on_error=unlisted.append)]
    for error in unlisted:
        fail(one_line(error))
    if not files and not unlisted and not nested:
        fail(f"{one_line(folder)}: a folder without images")
    return files


def _matches(pattern, fail):
    """What a pattern matches, as a shell has it: sorted, without hidden or systems' files; of a folder the images."""
    from keras_googlenet.data.ignored import is_ignored

    parts = Path(pattern).parts
    first = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    base = Path(*parts[:first])
    try:
        # pathlib's ** does not follow links, so that it ends where they go in circles.
        found = sorted(base.glob(os.path.join(*parts[first:])))
    except (OSError, ValueError) as error:
        fail(f"{one_line(pattern)}: {one_line(error)}")
        return []
    if not any(map(is_ignored, parts[first:])):
        found = [path for path in found if not any(map(is_ignored, path.relative_to(base).parts))]
    if not found:
        fail(f"{one_line(pattern)}: no file matches this pattern")
    files = [file for path in found for file in (_images(path, fail, "**" in parts) if path.is_dir() else [str(path)])]
    return list(dict.fromkeys(files))  # ** matches a folder, and what is in it

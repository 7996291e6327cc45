"""Keras's own files, made in memory: HDF5's library, where the disk is full, ends the whole process."""

import io
import zipfile
from pathlib import Path

import keras


class _InMemory(io.BytesIO):
    """What `model.save` takes for a file that it may write to: it looks at how the name ends."""

    def __str__(self) -> str:
        return ".keras"


def write_model(model: keras.Model, path: Path) -> None:
    """Writes a `.keras` file, as `model.save(path)` does.

    Args:
        model: A Keras model.
        path: The file.

    Raises:
        OSError: The disk is full, for instance.
    """
    path.write_bytes(_saved(model).getbuffer())


def write_weights(model: keras.Model, path: Path) -> None:
    """Writes a `.weights.h5` file, as `model.save_weights(path)` does: it is a member of the other.

    Args:
        model: A Keras model.
        path: The file.

    Raises:
        OSError: The disk is full, for instance.
    """
    with zipfile.ZipFile(_saved(model)) as archive:
        path.write_bytes(archive.read("model.weights.h5"))


def _saved(model: keras.Model) -> _InMemory:
    file = _InMemory()
    model.save(file)
    return file

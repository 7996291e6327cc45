"""Where downloads come from and where Keras keeps them."""

import os
from pathlib import Path


def models_dir():
    """The folder that the keras.applications keep their files in: `$KERAS_HOME/models`, or `~/.keras/models`."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "models"


def mirror():
    """The base address or the folder in `KERAS_GOOGLENET_MIRROR`, which comes before any other source, or None."""
    return os.environ.get("KERAS_GOOGLENET_MIRROR", "").strip().rstrip("/") or None

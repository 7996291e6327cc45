"""Where Keras keeps what has been downloaded."""

import os
from pathlib import Path


def models_dir():
    """The folder that the keras.applications keep their files in: `$KERAS_HOME/models`, or `~/.keras/models`."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "models"

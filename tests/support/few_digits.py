"""Runs that take seconds: the small table on a few of the digits."""

from contextlib import contextmanager

import pytest

from keras_googlenet import data
from keras_googlenet.data.source import Source
from keras_googlenet.training import run as runs
from support.small_training import small_network


@contextmanager
def training_on(count):
    """Has runs train the small table on so many of the digits, and validate on 40."""
    whole = data.load("digits")

    def part(split, count):
        return type(split)(split.items[:count], split.labels[:count], split.decode)

    few = Source("digits", whole.classes, part(whole.train, count), part(whole.validation, 40), "some")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "build", small_network)
        patch.setattr(data, "load", lambda *args, **kwargs: few)
        yield

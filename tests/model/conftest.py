"""Fixtures of the network's tests."""

import keras
import pytest


@pytest.fixture(params=["channels_last", "channels_first"])
def data_format(request):
    """Keras's image data format, each in turn."""
    before = keras.config.image_data_format()
    keras.config.set_image_data_format(request.param)
    yield request.param
    keras.config.set_image_data_format(before)

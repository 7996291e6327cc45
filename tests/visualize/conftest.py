"""The real network, loaded once."""

import pytest

from keras_googlenet import GoogLeNet


@pytest.fixture(scope="package")
def bvlc(shared_data):
    return GoogLeNet(weights=shared_data / "bvlc_googlenet.npz")

"""Fixtures shared by the whole suite."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

collect_ignore = ["support"]
"""What tests import, for doctests: no test is there, and the oracles among them need packages of the extra `peers`."""


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real weights and images, which is not part of the repository."""
    if not SHARED_DATA.is_dir():
        pytest.skip("needs the real weights and images of ../shared/data")
    return SHARED_DATA

"""Fixtures shared by the whole suite."""

from pathlib import Path

import pytest

LONG = ("trains", "spawns", "exports", "computes")
"""Marks of what takes long (pyproject.toml says what each means): they make a test `slow`."""

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real weights and images, which is not part of the repository."""
    if not SHARED_DATA.is_dir():
        pytest.skip("needs the real weights and images of ../shared/data")
    return SHARED_DATA


def pytest_collection_modifyitems(items):
    """Marks as slow what does something that takes long."""
    for item in items:
        if any(item.get_closest_marker(mark) for mark in LONG):
            item.add_marker("slow")

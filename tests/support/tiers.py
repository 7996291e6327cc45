"""Which tests are slow and why, how long the others may take, and which were left out for lack of a package.

A plugin of pytest, which the `conftest.py` of the root names.
"""

import itertools
import os
import re
from pathlib import Path

import pytest

LONG = ("trains", "spawns", "exports", "computes", "reads")
"""Marks of what takes long (pyproject.toml says what each means): they make a test `slow`."""

LIMIT = 20
"""Seconds of processor time that a test without such a mark may take, its children's and its fixtures' included.

Processor time hardly depends on what else the machine does. Most such tests take less than a second; the first that
uses a library pays for its import.
"""

LACKING = re.compile("the extra `(?:peers|torch|hub|export)`")
"""What a test says that is skipped for lack of a package of `peers`."""

COLLECTED = pytest.StashKey()
"""All items, before `-m` has taken any away."""

_BEGUN = pytest.StashKey()


def does(mark):
    """Marks whatever uses a fixture: `@does("trains")` stands below `@pytest.fixture` where the fixture trains."""

    def decorate(fixture):
        fixture.does = mark
        return fixture

    return decorate


def pytest_addoption(parser):
    """Adds what `.ci/run` asks for."""
    parser.addoption("--lacking", metavar="FILE", help="list the tests that were skipped for lack of a package")


def pytest_configure(config):
    """Begins the list."""
    if config.getoption("lacking"):
        config.pluginmanager.register(_Lacking(Path(config.getoption("lacking"))))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Marks as slow what does something that takes long, or uses a fixture that does."""
    for item in items:
        if item.get_closest_marker("slow"):
            raise pytest.UsageError(f"{item.nodeid}: `slow` follows from {', '.join(LONG)}: mark what the test does.")
        fixtures = itertools.chain(*item._fixtureinfo.name2fixturedefs.values())
        for mark in sorted({getattr(fixture.func, "does", "") for fixture in fixtures} - {""}):
            item.add_marker(mark)
        if any(item.get_closest_marker(mark) for mark in LONG):
            item.add_marker("slow")
    config.stash[COLLECTED] = list(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Notes at which processor time a test begins."""
    item.stash[_BEGUN] = _processor_seconds()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Fails a test that is not marked and takes long."""
    report = yield
    taken = _processor_seconds() - item.stash[_BEGUN]
    if report.when == "call" and report.passed and taken > LIMIT and not item.get_closest_marker("slow"):
        report.outcome = "failed"
        report.longrepr = (
            f"{item.nodeid} took {taken:.1f} s of processor time. A test that bears none of the marks "
            f"{', '.join(LONG)} may take {LIMIT} s: mark what it does, or make it smaller."
        )
    return report


def _processor_seconds():
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class _Lacking:
    """Lists what was skipped for lack of a package, a line each: what pytest takes as `@FILE`."""

    def __init__(self, path):
        self._path, self._names = path, {}

    def _note(self, report):
        if report.skipped and LACKING.search(str(report.longrepr)):
            self._names[report.nodeid] = True

    pytest_runtest_logreport = pytest_collectreport = _note

    def pytest_sessionfinish(self):
        self._path.write_text("".join(f"{name}\n" for name in self._names), encoding="utf-8")

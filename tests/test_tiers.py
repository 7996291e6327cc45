"""The fast tier: that it says what takes too long, follows from what tests do, and leaves no package out."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import tiers

TESTS = Path(__file__).parent
PACKAGES = sorted(path.parent.name for path in TESTS.parent.glob("keras_googlenet/*/__init__.py"))

CONFTEST = """
import sys, time
import pytest
from support import tiers

pytest_plugins = ["support.tiers"]
tiers.LIMIT = 0.15
BUSY = "import time; end = time.process_time() + 0.3\\nwhile time.process_time() < end: pass"

@pytest.fixture(scope="module")
@tiers.does("trains")
def trained():
    exec(BUSY)
"""
CONTENT = """
import subprocess, sys, time
import pytest
from conftest import BUSY

def test_works():
    exec(BUSY)

def test_lets_work():
    subprocess.run([sys.executable, "-c", BUSY], check=True)

def test_waits():
    time.sleep(0.4)

@pytest.mark.spawns
def test_says_that_it_works():
    exec(BUSY)

def test_uses(trained):
    pass

def test_uses_it_too(trained):
    pass

def test_fails():
    exec(BUSY)
    assert False, "for its own reason"

@pytest.mark.parametrize("package", ["here", "not here"])
def test_needs(package):
    if package == "not here":
        pytest.skip("PyTorch is in the extra `peers`")

def test_needs_something_else():
    pytest.skip("needs a browser")
"""


@pytest.fixture
@tiers.does("spawns")
def suite(tmp_path):
    """A function that runs the suite above: `(exit status, output, outcome by test)`."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n" + "\n".join(f"    {m}" for m in ("slow", *tiers.LONG)))
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_some.py").write_text(CONTENT)

    def run(*arguments):
        code = f"import sys, pytest; sys.path.insert(0, {str(TESTS)!r}); sys.exit(pytest.main(sys.argv[1:]))"
        command = [sys.executable, "-c", code, "-vrs", "--strict-markers", "-p", "no:cacheprovider", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        outcomes = dict(re.findall(r"^test_\w+\.py::(\S+(?: \w+\])?) ([A-Z]+)", done.stdout, re.MULTILINE))
        return done.returncode, done.stdout + done.stderr, outcomes

    return run


def test_an_unmarked_test_that_takes_long_fails(suite):
    """By what the processor does for it and its children, not by the clock."""
    status, output, outcomes = suite()
    assert status == 1
    passed = ("waits", "says_that_it_works", "uses", "uses_it_too", "needs[here]")
    assert outcomes == {
        **{f"test_{name}": "FAILED" for name in ("works", "lets_work", "fails")},
        **{f"test_{name}": "PASSED" for name in passed},
        **{f"test_{name}": "SKIPPED" for name in ("needs[not here]", "needs_something_else")},
    }
    said = re.findall(r"^test_some.py::(\w+) took [\d.]+ s of processor time. .* may take 0.15 s: mark", output, re.M)
    assert said == ["test_works", "test_lets_work"]
    assert "for its own reason" in output


def test_the_fast_tier_leaves_out_what_is_marked_and_what_uses_a_fixture_that_is(suite):
    _, _, outcomes = suite("-m", "not slow")
    assert not {"test_says_that_it_works", "test_uses", "test_uses_it_too"} & set(outcomes)
    assert "test_waits" in outcomes
    assert set(suite("-m", "slow and trains")[2]) == {"test_uses", "test_uses_it_too"}


def test_slow_is_not_written_by_hand(suite, tmp_path):
    (tmp_path / "test_other.py").write_text("import pytest\n\n@pytest.mark.slow\ndef test_it():\n    pass\n")
    status, output, _ = suite()
    assert status == pytest.ExitCode.USAGE_ERROR
    assert f"test_other.py::test_it: `slow` follows from {', '.join(tiers.LONG)}: mark what the test does" in output


def test_what_was_lacking_can_be_run_elsewhere(suite, tmp_path):
    (tmp_path / "test_whole.py").write_text(
        "import pytest\npytest.skip('JAX is in the extra `peers`', allow_module_level=True)\n"
    )
    suite("--lacking", "list", "-k", "needs")
    assert (tmp_path / "list").read_text().splitlines() == ["test_whole.py", "test_some.py::test_needs[not here]"]
    assert suite("@list", "--lacking", "again")[2] == {"test_needs[not here]": "SKIPPED"}
    assert (tmp_path / "again").read_text() == (tmp_path / "list").read_text()


@pytest.mark.parametrize("package", PACKAGES)
def test_the_fast_tier_tests_every_package(package, request):
    """`tests/PACKAGE/` or `tests/test_PACKAGE.py`; KerasHub's package is nothing without KerasHub."""
    config = request.config
    if config.args_source is not config.ArgsSource.TESTPATHS:
        pytest.skip("the whole suite tells, not a part")
    places = (TESTS / package, TESTS / f"test_{package}.py")
    if package == "hub":
        pytest.importorskip("keras_hub", reason="KerasHub is in the extra `peers`")
    fast = [item for item in config.stash[tiers.COLLECTED] if not item.get_closest_marker("slow")]
    assert [item for item in fast if any(place in (item.path, *item.path.parents) for place in places)]


def test_the_limit_is_the_one_that_is_stated():
    text = (TESTS.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert f"{tiers.LIMIT} seconds of processor time" in text

"""The reader's path: its functions exist, a run calls them in its order, and its picture shows today's imports."""

import ast
import os
import re
import runpy
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from support.public import PACKAGE, ROOT, tree

DOCS = ROOT / "docs"
STEPS = re.findall(r"^\d+\. `([\w.]+)`: ", (DOCS / "readers-path.md").read_text(encoding="utf-8"), re.MULTILINE)

# Of each function of the package its first call in the main thread.
PROGRAM = f"""
import sys
from support import small_training
called = {{}}
def note(frame, event, _):
    code = frame.f_code
    if event == "call" and code.co_filename.startswith({str(PACKAGE)!r}):
        called.setdefault((code.co_filename, code.co_qualname))
sys.setprofile(note)
status = small_training.main()
sys.setprofile(None)
for file, name in called:
    print("CALLED", file, name)
sys.exit(status)
"""


def exists(step):
    parts = step.split(".")
    for i in range(len(parts) - 1, 0, -1):
        node = tree(".".join([PACKAGE.name, *parts[:i]]))
        for part in parts[i:] if node else ():
            found = (one for one in node.body if isinstance(one, (ast.FunctionDef, ast.ClassDef)))
            node = next((one for one in found if one.name == part), None)
            if node is None:
                break
        if node is not None:
            return True
    return False


@pytest.mark.parametrize("step", STEPS)
def test_each_function_exists(step):
    assert exists(step)


def test_what_does_not_exist_is_found():
    assert not exists("cli.train.fly")
    assert not exists("training.run.Run.fly")


def test_it_is_short():
    assert len(STEPS) > 20
    assert len((DOCS / "readers-path.md").read_text(encoding="utf-8").splitlines()) <= 80


def test_the_picture_is_of_the_imports():
    script = DOCS / "pictures" / "draw_imports.py"
    drawn = runpy.run_path(str(script))["draw"]()
    assert (DOCS / "pictures" / "imports.svg").read_text(encoding="utf-8") == drawn, f"run {script.relative_to(ROOT)}"


@pytest.mark.trains
@pytest.mark.spawns
def test_a_run_calls_them_in_this_order(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("ant", "bee"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(20):
            Image.fromarray(rng.integers(0, 256, (40, 48, 3), "uint8")).save(tmp_path / "photos" / name / f"{i}.png")
    arguments = ["--dataset", str(tmp_path / "photos"), "--output", str(tmp_path / "run")]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "report.html").exists()
    calls = []
    for file, name in re.findall(r"^CALLED (\S+) (\S+)$", done.stdout, re.MULTILINE):
        module = file.removeprefix(f"{PACKAGE}{os.sep}").removesuffix(".py").replace(os.sep, ".")
        calls.append(f"{module.removesuffix('.__init__')}.{name}")
    missing = [step for step in STEPS if step not in calls]
    public = "\n".join(call for call in calls if not re.search(r"\._|<|\.add_arguments$", call))
    assert not missing, f"not called: {missing}. Called, in this order:\n{public}"
    assert sorted(STEPS, key=calls.index) == STEPS, (
        f"the order of docs/readers-path.md is not that of the calls:\n{public}"
    )

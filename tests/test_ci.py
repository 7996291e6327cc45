"""What `.ci/run` relies on: the README's command, and that it notices an environment that was not fresh."""

import importlib.util
import re
import subprocess
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[1]
OTHERS = ["torch", "JAX", "keras-hub", "keras_hub", "openvino", "gradio", "mkdocs"]


@pytest.fixture
def judged(tmp_path, monkeypatch):
    """What is said of an environment with these packages."""
    spec = importlib.util.spec_from_file_location("fresh", ROOT / ".ci" / "fresh.py")
    fresh = importlib.util.module_from_spec(spec)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    spec.loader.exec_module(fresh)
    monkeypatch.chdir(ROOT)

    def judged(*names, system="false", requires=()):
        (tmp_path / "pyvenv.cfg").write_text(f"home = /usr/bin\ninclude-system-site-packages = {system}\n")
        found = [SimpleNamespace(metadata={"Name": name}, requires=requires) for name in names]
        monkeypatch.setattr(fresh, "distributions", lambda: found)
        return fresh.main(tmp_path)

    return judged


def installed():
    """What the README's command names, by itself and by the project."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return [re.match(r"[\w.-]+", name)[0] for name in wanted]


def test_a_fresh_environment(judged):
    assert judged(*installed(), "pip", "six", "tensorboard") is None


def test_what_the_dependencies_bring_is_meant(judged):
    """The extra `parquet` names it, too; what an extra of a dependency would bring is not."""
    requires = ["pyarrow>=3; python_version > '3'", "torch; extra == 'torch'"]
    assert judged(*installed(), "pyarrow", requires=requires) is None
    assert judged(*installed(), "pyarrow").endswith("it has pyarrow")
    assert judged(*installed(), "torch", requires=requires).endswith("it has torch")


@pytest.mark.parametrize("name", OTHERS)
def test_one_that_was_not_fresh(judged, name):
    said = judged(*installed(), name)
    assert said.endswith(f"was not fresh: it has {name.lower().replace('_', '-')}")


def test_one_that_sees_the_systems_packages(judged):
    assert "sees the system's packages" in judged(*installed(), system="true")


def test_one_that_lacks_something(judged):
    assert judged(*installed()[1:]).endswith("lacks keras")


def test_a_command_runs_where_no_slurm_can_be_had(tmp_path):
    """Whoever is not root; the test of Slurm then skips."""
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    command = [ROOT / ".ci" / "two_node_slurm", "sh", "-c", 'echo "$1"; exit 3', "sh", "as it is"]
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "as it is\n")
    assert done.stderr == "no Slurm of two nodes: only root makes namespaces\n"


def test_what_the_script_runs_by_name_is_there():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    named = re.findall(r"tests/[\w./]+|\.ci/(?!run)\w+(?:\.py)?", script)
    assert {"tests/training/test_slurm.py", ".ci/two_node_slurm"} < set(named)
    assert all((ROOT / name).exists() for name in named)


def test_the_script_begins_with_the_readmes_command():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    extraction = re.search(r"^test_command=\$\((.*)\)$", script, re.MULTILINE)[1]
    found = subprocess.run(["bash", "-c", extraction], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert found.strip() in readme
    assert found.endswith("&& .venv/bin/python -m pytest\n")
    steps = [
        "rm -rf .venv ",
        'bash -euo pipefail -c "$test_command"',
        ".venv/bin/python .ci/fresh.py",
        "start demo_and_rules",
    ]
    assert steps == sorted(steps, key=script.index)
    last = re.search(r"^demo_and_rules\(\) \{\n.*?^\}", script, re.MULTILINE | re.DOTALL)[0]
    assert script.count(" .venv/bin/pip ") == last.count(" .venv/bin/pip ") == 1  # nothing comes into it before

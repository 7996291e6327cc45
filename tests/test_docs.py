"""The documentation: what it names exists, what is public is in it, and its code runs."""

import ast
import re
import shlex
import subprocess
from functools import cache
from pathlib import Path

import pytest

from keras_googlenet.cli import _parser
from keras_googlenet.training import cluster

ROOT = Path(__file__).parents[1]
DOCS, PACKAGE, API = ROOT / "docs", ROOT / "keras_googlenet", ROOT / "docs" / "api"
PAGES = sorted(path for path in DOCS.rglob("*.md"))

MODULES = ("keras_googlenet.errors", "keras_googlenet.experiment")
"""Public modules whose names no `__init__` exports, or not all of them."""

UNTESTED = {
    "keras_googlenet.data.reading_errors": "what it turns into errors is tested through training and the commands",
}
"""Public names that no test writes out, and why none has to."""


@cache
def tree(module):
    path = ROOT.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8")) if file.exists() else None


def definitions(module):
    """What a module defines, by name, with its docstring: None where there is none."""
    found, body = {}, tree(module).body
    for node, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = ast.get_docstring(node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            is_text = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
            found[node.targets[0].id] = following.value.value if is_text else None
    return found


def exports(module):
    """What a package exports, `X as X`: the name, and the module that it is taken from."""
    imports = [node for node in tree(module).body if isinstance(node, ast.ImportFrom)]
    return {alias.asname: node.module for node in imports for alias in node.names if alias.asname == alias.name}


def definition(dotted):
    """The `(module, name)` where a dotted name is defined, whichever packages pass it on; None where it is not."""
    module, _, name = dotted.rpartition(".")
    if not module or tree(module) is None:
        return None
    if name in exports(module):
        return definition(f"{exports(module)[name]}.{name}")
    return (module, name) if name in definitions(module) else None


def public():
    """The definition of each public name, and the names that it has."""
    packages = ["keras_googlenet", *(f"keras_googlenet.{path.parent.name}" for path in PACKAGE.glob("*/__init__.py"))]
    names = [f"{package}.{name}" for package in packages for name in exports(package)]
    names += [f"{module}.{name}" for module in MODULES for name in definitions(module) if not name.startswith("_")]
    found = {}
    for name in names:
        found.setdefault(definition(name), []).append(name)
    return found


def documented():
    return [name for page in API.glob("*.md") for name in re.findall(r"^::: (\S+)$", page.read_text(), re.MULTILINE)]


def test_each_public_name_is_on_one_api_page():
    where = [definition(name) for name in documented()]
    assert None not in where
    assert len(set(where)) == len(where), "a name is documented twice"
    assert set(where) == set(public())


def test_each_public_name_has_a_docstring():
    missing = [names[0] for (module, name), names in public().items() if not definitions(module)[name]]
    assert not missing


def test_each_public_name_is_in_a_test():
    """And what is exempt has none: an exemption that is not needed any more is an error."""
    tests = [path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
    words = set(re.findall(r"\w+", "\n".join(path.read_text(encoding="utf-8") for path in tests)))
    without = {names[0] for (_, name), names in public().items() if name not in words}
    assert without == set(UNTESTED)


def test_the_paper_is_found_in_the_code():
    rows = [line.split(" | ") for line in (DOCS / "paper-to-code.md").read_text().splitlines() if line.startswith("| ")]
    assert len(rows) > 25
    for _, symbol, file, tests in rows[1:]:
        name = re.match(r"\[?`(\w+)`", symbol)[1]
        path = Path(file.strip("`"))
        module = ".".join(path.with_suffix("").parts)
        assert name in definitions(module), (name, file)
        for target in re.findall(r"\]\[([\w.]+)\]", symbol):
            assert definition(target) == (module, name), target
        assert (ROOT / tests.strip(" |`")).exists(), tests


def test_links_to_the_api_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\[(keras_googlenet[\w.]*)\]", page.read_text(encoding="utf-8")):
            assert target in documented(), f"{page}: {target}"


def test_files_that_pages_name_exist():
    kinds = "tests|benchmarks|examples|keras_googlenet"
    for page in PAGES:
        for file in re.findall(rf"`((?:{kinds})/[\w./]*)`", page.read_text(encoding="utf-8")):
            assert (ROOT / file).exists(), f"{page}: {file}"


def test_the_commands_parse():
    """Each `keras-googlenet` command of every page, also inside a job file."""
    found = 0
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        for command in re.findall(r"^ *(?:exec )?keras-googlenet +(\w+ .*|train)$", text, re.MULTILINE):
            assert _parser().parse_args(shlex.split(command, comments=True)).run, command
            found += 1
    assert found > 30


@pytest.mark.parametrize("index", [0, 1])
def test_the_job_of_kubernetes_makes_a_cluster(index, monkeypatch):
    """The shell lines of flowers.yaml, in a shell, with a command that prints in place of the training."""
    text = (DOCS / "guides" / "scale-out.md").read_text(encoding="utf-8")
    script = re.search(r"args:\n +- \|\n(.*?) +resources:", text, re.DOTALL)[1]
    script = re.sub(r"exec keras-googlenet.*", 'printf %s "$TF_CONFIG"', script)
    variables = {"WORKERS": "2", "JOB_COMPLETION_INDEX": str(index), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["bash", "-euc", script], env=variables, capture_output=True, text=True, check=True)
    monkeypatch.setenv("TF_CONFIG", done.stdout)
    found = cluster.find()
    assert found.worker == index
    assert [address for _, _, address in found.tasks] == ["train-0.train:2222", "train-1.train:2222"]


def test_the_job_files_are_well_formed():
    text = (DOCS / "guides" / "scale-out.md").read_text(encoding="utf-8")
    files = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", text, re.DOTALL))
    subprocess.run(["bash", "-n"], input=files["flowers.sbatch"], text=True, check=True)
    yaml = pytest.importorskip("yaml", reason="PyYAML comes with the extra `docs`")
    service, job = yaml.safe_load_all(files["flowers.yaml"])
    template = job["spec"]["template"]["spec"]
    assert service["spec"]["selector"] == {"job-name": job["metadata"]["name"]}
    assert template["subdomain"] == service["metadata"]["name"]
    workers = int(template["containers"][0]["env"][0]["value"])
    assert job["spec"]["completions"] == job["spec"]["parallelism"] == workers


def test_the_picture_is_of_the_table():
    script = DOCS / "pictures" / "draw_network.py"
    namespace = {"__file__": str(script), "__name__": "drawing"}
    exec(compile(script.read_text(encoding="utf-8"), script, "exec"), namespace)
    assert (DOCS / "pictures" / "network.svg").read_text(encoding="utf-8") == namespace["draw"](), f"run {script}"

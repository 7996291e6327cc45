"""The documentation: what it names exists, what is public is in it, and its code runs."""

import re
import shlex
import xml.etree.ElementTree
from pathlib import Path

from support.public import PACKAGE, ROOT, definition, definitions, public, unannotated, used

from keras_googlenet.architecture import PAPER
from keras_googlenet.cli import COMMANDS
from keras_googlenet.cli.parser import parser
from keras_googlenet.visualize import plot_architecture

DOCS, API = ROOT / "docs", ROOT / "docs" / "api"
PAGES = sorted(path for path in DOCS.rglob("*.md"))

UNTESTED = {
    "keras_googlenet.demo.serve": "what `keras-googlenet demo` calls, tests/demo/test_demo.py",
    "keras_googlenet.training.ema_weights": "seen in what a run saves, tests/training/test_train.py",
}
"""Public names that no test and no doctest writes out, and why none has to."""


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


def test_each_public_function_is_annotated():
    assert list(unannotated()) == []


def test_each_public_name_is_in_a_test():
    """Or in a doctest, an example or a guide, which run too. An exemption that is not needed any more is an error."""
    found = set()
    for path in (*(ROOT / "tests").rglob("*.py"), *(ROOT / "examples").glob("*.py")):
        found |= used(path.read_text(encoding="utf-8"))
    for page in PAGES:
        blocks = re.findall(r"(?<!-->\n)```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        found |= used("\n".join(blocks))
    for path in PACKAGE.rglob("*.py"):
        lines = re.findall(r">>> (.*)", path.read_text(encoding="utf-8"))
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        words = re.findall(r"\w+", "\n".join(line for line in lines if "+SKIP" not in line))
        found |= {definition(f"{module}.{word}") for word in words}
    assert {names[0] for where, names in public().items() if where not in found} == set(UNTESTED)


def test_the_paper_is_found_in_the_code():
    rows = [line.split(" | ") for line in (DOCS / "paper-to-code.md").read_text().splitlines() if line.startswith("| ")]
    assert len(rows) > 25
    for _, symbol, file, tests in rows[1:]:
        name = re.match(r"\[?`(\w+)`", symbol)[1]
        module = ".".join(["keras_googlenet", *Path(file.strip("`")).with_suffix("").parts])
        assert name in definitions(module), (name, file)
        for target in re.findall(r"\]\[([\w.]+)\]", symbol):
            assert definition(target) == (module, name), target
        assert (ROOT / "tests" / tests.strip(" |`")).exists(), tests


def test_links_to_the_api_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\[(keras_googlenet[\w.]*)\]", page.read_text(encoding="utf-8")):
            assert target in documented(), f"{page}: {target}"


def test_files_that_pages_name_exist():
    kinds = "tests|benchmarks|examples|keras_googlenet"
    for page in PAGES:
        for file in re.findall(rf"`((?:{kinds})/[\w./]*)`", page.read_text(encoding="utf-8")):
            assert (ROOT / file).exists(), f"{page}: {file}"


def test_tests_that_promises_name_exist():
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (DOCS / "files-from-strangers.md").read_text(encoding="utf-8"))
    assert len(named) > 40
    for file, name in named:
        assert re.search(rf"^def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), (file, name)


def test_the_commands_parse():
    """Each `keras-googlenet` command of every page, also inside a job file."""
    found = 0
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        for command in re.findall(r"^ *(?:exec )?keras-googlenet +(\w+ .*|train)$", text, re.MULTILINE):
            assert parser(COMMANDS).parse_args(shlex.split(command, comments=True)).run, command
            found += 1
    assert found > 30


def test_the_picture_is_of_the_table(tmp_path):
    """Its words and its boxes: Matplotlib's next release may write the same picture in other bytes."""
    plot_architecture(PAPER, tmp_path / "architecture.svg")
    expected, found = (path / "architecture.svg" for path in (tmp_path, DOCS / "pictures"))
    command = f"plot_architecture(PAPER, {str(found.relative_to(ROOT))!r})"
    assert drawn(found) == drawn(expected), f"draw it anew: {command}"


def drawn(path):
    elements = list(xml.etree.ElementTree.parse(path).iter())
    texts = ["".join(element.itertext()).strip() for element in elements if element.tag.endswith("}text")]
    return texts, [element.get("style") for element in elements if element.tag.endswith("}path")]

"""What the package makes public, and what tests and examples use of it: from the source alone, nothing is imported."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "keras_googlenet"

MODULES = ("keras_googlenet.errors", "keras_googlenet.experiment", "keras_googlenet.visualize.objectives")
"""Public modules whose names no `__init__` exports, or not all of them."""


@cache
def tree(module):
    """A module's syntax, or None where there is no such module."""
    path = ROOT.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8")) if file.exists() else None


@cache
def definitions(module):
    """What a module defines, by name, with its docstring: None where there is none."""
    found, body = {}, tree(module).body
    for node, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = ast.get_docstring(node)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            is_text = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
            if isinstance(target, ast.Name):
                found[target.id] = following.value.value if is_text else None
    return found


@cache
def imports(module, exported=False):
    """What a module imports by name, or what a package exports, `X as X`, with the module that it is taken from."""
    found = {}
    for node in tree(module).body:
        for alias in node.names if isinstance(node, ast.ImportFrom) else ():
            if alias.asname == alias.name or not exported:
                found[alias.name] = node.module
    return found


@cache
def definition(dotted):
    """The `(module, name)` where a dotted name is defined, whichever packages pass it on; None where it is not."""
    module, _, name = dotted.rpartition(".")
    if not module or tree(module) is None:
        return None
    if name in definitions(module):
        return module, name
    origin = imports(module).get(name)
    if origin in (None, module):  # nowhere, or a module of the package itself
        return None
    return definition(f"{origin}.{name}")


def public():
    """The definition of each public name, and the names that it has."""
    packages = ["keras_googlenet", *(f"keras_googlenet.{path.parent.name}" for path in PACKAGE.glob("*/__init__.py"))]
    names = [f"{package}.{name}" for package in packages for name in imports(package, exported=True)]
    for module in MODULES:
        own = [name for name in definitions(module) if not name.startswith("_")]
        names += [f"{module}.{name}" for name in (*own, *imports(module, exported=True))]
    found = {}
    for name in names:
        found.setdefault(definition(name), []).append(name)
    return found


def unannotated():
    """Public functions, and methods of public classes, that lack a hint of an argument or of what is returned."""
    for module, name in public():
        node = next((node for node in tree(module).body if getattr(node, "name", None) == name), None)
        functions = [node] if isinstance(node, ast.FunctionDef) else getattr(node, "body", [])
        for function in functions:
            if isinstance(function, ast.FunctionDef) and not re.match("_(?!_init__)", function.name):
                arguments = function.args
                every = [
                    *arguments.posonlyargs,
                    *arguments.args,
                    *arguments.kwonlyargs,
                    arguments.vararg,
                    arguments.kwarg,
                ]
                lacks = [
                    a.arg for a in every if a is not None and a.annotation is None and a.arg not in ("self", "cls")
                ]
                if lacks or (function.returns is None and function.name != "__init__"):
                    yield f"{module}.{name}: {function.name}({', '.join(lacks)})"


def used(source):
    """The definitions of the package that some code names, by what it imports and by attributes of that."""
    code, bound, found = ast.parse(source), {}, set()
    for node in ast.walk(code):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("keras_googlenet"):
            bound.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
        elif isinstance(node, ast.Import):
            bound.update({alias.asname or "keras_googlenet": alias.name for alias in node.names if _is_ours(alias)})
    for node in ast.walk(code):
        parts = []
        while isinstance(node, ast.Attribute):
            parts.insert(0, node.attr)
            node = node.value
        if isinstance(node, ast.Name) and node.id in bound:
            found.add(definition(".".join([bound[node.id], *parts])))
    return found


def _is_ours(alias):
    return alias.name.partition(".")[0] == "keras_googlenet"

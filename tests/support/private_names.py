"""Private names of other packages that some code uses: found in its syntax, and in the classes it derives from."""

import ast
import inspect
import re
import textwrap

MODULES = re.compile(r"keras\.src\b|tensorflow\.python\b|unittest\.mock\b")
"""What is private, or for tests alone, though its name does not say so."""

BY_TEXT = {"getattr", "hasattr", "setattr", "delattr", "attrgetter", "methodcaller", "patch", "object", "import_module"}
"""Functions that take an attribute or a module as text; `patch` and `object` are those of `unittest.mock`."""

DOCUMENTED = {"os._exit"}


def is_private(dotted):
    """Whether a part of a dotted name has one underscore before it, or the name is in `MODULES`."""
    return bool(MODULES.match(dotted)) or any(re.match("_[A-Za-z]", part) for part in dotted.split("."))


def uses(source, own=frozenset()):
    """The private names that some code uses otherwise than on its own objects.

    Args:
        source: The code.
        own: Private names that its package's classes define: these it may use, on `self` and `cls`.

    Returns:
        A list of `line: what`, in the order of the lines.
    """
    code = ast.parse(source)
    texts = {
        target.id: node.value
        for node in ast.walk(code)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found = sorted({(node.lineno, what) for node in ast.walk(code) for what in _used(node, own, texts)})
    return [f"{line}: {what}" for line, what in found]


def _used(node, own, texts):
    if isinstance(node, ast.Attribute) and is_private(node.attr):
        allowed = _is_self(node.value) and node.attr in own
        what = ast.unparse(node)
        return [] if allowed or what in DOCUMENTED else [what]
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names if is_private(alias.name)]
    if isinstance(node, ast.ImportFrom):
        names = [f"{node.module or ''}.{alias.name}".lstrip(".") for alias in node.names]
        return [name for name in names if is_private(name) and node.module != "__future__"]
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", None))
        given = [texts.get(one.id, one) if isinstance(one, ast.Name) else one for one in node.args]
        return [_text(one) for one in given if is_private(_text(one))] if name in BY_TEXT else []
    if isinstance(node, ast.Subscript) and re.match(r"vars\(|.*\.__dict__$", ast.unparse(node.value)):
        return [_text(node.slice)] if is_private(_text(node.slice)) else []
    return []


def _text(node):
    """What a text is, or begins with where its end is only known later."""
    if isinstance(node, ast.JoinedStr):
        return f"{_text(node.values[0])}x"  # whatever comes after its beginning
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is_self(node):
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def defined(code, inherited=False):
    """The private methods and attributes that the classes of some code define.

    Args:
        code: A syntax tree.
        inherited: Whether to add those that they only read of `self`, `cls` and `super()`.
    """
    names = set()
    for node in ast.walk(code):
        if isinstance(node, ast.ClassDef):
            names |= {part.name for part in node.body if hasattr(part, "name")}
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
        if isinstance(node, ast.Attribute):
            on_self = _is_self(node.value) or (inherited and ast.unparse(node.value) == "super()")
            names |= {node.attr} if on_self and (inherited or isinstance(node.ctx, ast.Store)) else set()
    return {name for name in names if is_private(name)}


def of_foreign_bases(kind, package):
    """The private names of a class that are also those of a base class from another package.

    Args:
        kind: The class.
        package: The name of its package.
    """
    foreign = [
        base for base in kind.__mro__[1:] if base.__module__.partition(".")[0] not in (package, "builtins", "typing")
    ]
    theirs = {name for base in foreign for name in (*vars(base), *defined(_syntax(base)))}
    return defined(_syntax(kind), inherited=True) & theirs


def _syntax(kind):
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(kind)))
    except (OSError, TypeError):  # not written in Python
        return ast.parse("")

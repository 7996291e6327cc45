"""Private names of Keras, TensorFlow and the others are used in `keras_compat` and nowhere else in the package."""

import ast
import importlib
import inspect
import pkgutil

import pytest
from support.private_names import defined, of_foreign_bases, uses
from support.public import PACKAGE, ROOT

import keras_googlenet

ROOM = PACKAGE / "keras_compat"
FILES = sorted(path for path in PACKAGE.rglob("*.py") if ROOM not in path.parents)
OWN = frozenset().union(*(defined(ast.parse(path.read_text(encoding="utf-8"))) for path in FILES))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_none_is_used_outside_the_room(path):
    found = uses(path.read_text(encoding="utf-8"), OWN)
    name = path.relative_to(ROOT).as_posix()
    assert not found, f"{name} uses private names, which belong into keras_compat: {found}"


def classes():
    for module in pkgutil.walk_packages(keras_googlenet.__path__, "keras_googlenet."):
        if module.name.endswith("__main__") or module.name.startswith("keras_googlenet.keras_compat"):
            continue
        try:
            content = vars(importlib.import_module(module.name))
        except ImportError:
            continue  # without an extra
        yield from (one for one in content.values() if inspect.isclass(one) and one.__module__ == module.name)


def test_none_of_a_base_class_is_overridden_or_read_outside_the_room():
    """A private method or attribute of a Keras class is as private to a class that derives from it."""
    found = {kind: of_foreign_bases(kind, "keras_googlenet") for kind in classes()}
    found = {f"{kind.__module__}.{kind.__name__}": sorted(names) for kind, names in found.items() if names}
    assert not found, f"These classes use private names of their foreign bases: {found}"


OFFENDERS = {
    "attribute": "model._flatten_layers()",
    "attribute of an attribute": "strategy.extended._in_multi_worker_mode()",
    "class": "keras.layers.Layer._run()",
    "not its own": "class A(keras.Model):\n    def call(self):\n        return self._nodes_by_depth",
    "super": "class A(keras.Model):\n    def call(self):\n        return super()._run()",
    "store": "optimizer._learning_rate = 1",
    "module": "import keras.src.backend",
    "from module": "from keras.src.backend import core",
    "from module's part": "from tensorflow import python\nfrom tensorflow.python.framework import ops",
    "name": "from keras.layers import _private",
    "module within": "from sklearn._loss import loss",
    "getattr": "getattr(x, '_keras_history', None)",
    "hasattr": "hasattr(x, '_keras_history')",
    "setattr": "setattr(x, '_keras_history', 1)",
    "by a variable": "name = '_keras_history'\ngetattr(x, name)",
    "by a text that is put together": "getattr(x, f'_{kind}_history')",
    "attrgetter": "operator.attrgetter('outputs._keras_history')",
    "vars": "vars(x)['_keras_history']",
    "dict": "x.__dict__['_keras_history']",
    "import_module": "importlib.import_module('keras.src.ops')",
    "mock": "from unittest import mock",
    "patch": "patch('keras.layers.Layer._run')",
    "patch.object": "patch.object(keras.layers.Layer, '_run')",
}
INNOCENT = {
    "own attribute": "class A:\n    def __init__(self):\n        self._x = 1\n    def f(self):\n        return self._x",
    "own method": "class A:\n    def _f(self):\n        pass\n    def g(self):\n        return self._f()",
    "own function": "def _f():\n    pass\n_f()",
    "special": "x.__class__.__name__",
    "layer's name": "name = f'{row}_relu'\nname.endswith('_relu')",
    "alias": "import keras_hub as _keras_hub",
    "documented": "os._exit(1)",
    "future": "from __future__ import annotations",
}


@pytest.mark.parametrize("case", OFFENDERS)
def test_an_offender_is_found(case):
    assert uses(OFFENDERS[case], defined(ast.parse(OFFENDERS[case])))


@pytest.mark.parametrize("case", INNOCENT)
def test_nothing_else_is(case):
    assert not uses(INNOCENT[case], defined(ast.parse(INNOCENT[case])))


def test_an_overridden_method_is_found():
    import keras

    class Overriding(keras.optimizers.SGD):
        def _get_current_learning_rate(self):
            return self._own

        def _own(self):
            return 1

    assert of_foreign_bases(Overriding, "keras_googlenet") >= {"_get_current_learning_rate"}
    assert "_own" not in of_foreign_bases(Overriding, "keras_googlenet")

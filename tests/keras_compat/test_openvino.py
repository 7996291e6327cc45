"""Canaries of `keras_compat/openvino.py`. Keras's trainer is read, not imported: it needs OpenVINO."""

import ast
from pathlib import Path

import keras
import pytest
from support.canary import must

TRAINER = Path(keras.__file__).parent / "src" / "backend" / "openvino" / "trainer.py"


@pytest.fixture(scope="module")
def methods():
    code = ast.parse(TRAINER.read_text(encoding="utf-8"))
    return {node.name: ast.unparse(node) for node in ast.walk(code) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("step", ["predict_step", "test_step"])
def test_the_steps_ask_for_the_compiled_model(methods, step):
    must("self._get_compiled_model(x)" in methods[step], f"`{step}` does not ask `_get_compiled_model` (openvino.py)")


def test_what_it_keeps(methods):
    must("_get_compiled_model" in methods, "`OpenVINOTrainer` has no `_get_compiled_model` (openvino.py)")
    compiling = methods["_get_compiled_model"]
    for name in ("struct_params", "struct_outputs", "ov_device", "_output_mask_indices", "ov_compiled_model"):
        must(f"self.{name} = " in compiling, f"`_get_compiled_model` does not keep `{name}` (openvino.py)")


def test_keras_has_no_setting_of_its_own(methods):
    """If it has, `openvino.py` can go."""
    call = "ov.compile_model(ov_model, get_device())"
    must(
        call in methods.get("_get_compiled_model", ""),
        "Keras compiles with a configuration: see whether it is a setting",
    )

"""Canaries: what `keras_compat.on_jax` takes for granted of Keras's JAX trainer, read without JAX."""

from pathlib import Path

import keras
import pytest
from support.canary import must

FILE = Path(keras.__file__).parent / "src" / "backend" / "jax" / "trainer.py"
MOVED = "Keras's JAX trainer lacks `{}`, on which keras_googlenet/keras_compat/on_jax.py stands: what took its place?"


@pytest.mark.parametrize(
    "line",
    [
        "def jax_state_sync(self):",
        "def train_step(self, state, data):",
        "def test_step(self, state, data):",
        "(\n            trainable_variables,\n            non_trainable_variables,\n            optimizer_variables,\n"
        "            metrics_variables,\n        ) = state",
        "return logs, state",
        "zip(self.optimizer.variables, optimizer_variables)",
        "get_layout(d):\n                    if d is None:\n                        return None\n"
        "                    return distribution.get_data_layout(d.shape).backend_layout",
    ],
)
def test_the_trainer_is_as_it_was(line):
    """`tests/training/test_jax_runs.py` says the same with JAX, by what comes of it."""
    must(line in FILE.read_text(encoding="utf-8"), MOVED.format(line))


def test_steps_are_counted_where_it_looks():
    optimizer = keras.optimizers.SGD(0.1)
    must(isinstance(getattr(optimizer, "_iterations", None), keras.Variable), MOVED.format("_iterations"))


def test_a_scope_of_arrays_is_left_with_what_was_assigned():
    variable = keras.Variable(1.0)
    with keras.StatelessScope([(variable, keras.ops.convert_to_tensor(2.0))]) as scope:
        variable.assign_add(1.0)
        assert float(scope.get_current_value(variable)) == 3.0
    assert float(variable) == 1.0

"""Canaries: what `keras_compat.optimizer` takes for granted of Keras's optimizers."""

import inspect

import keras
import numpy as np
import pytest

from keras_googlenet.keras_compat.optimizer import OpenSGD

MOVED = "Keras moved `{}`, which keras_googlenet/keras_compat/optimizer.py names: look for what took its place."

METHODS = (
    "_backend_apply_gradients",
    "_backend_update_step",
    "_backend_increment_gradient_accumulators",
    "_all_reduce_sum_gradients",
    "_clip_gradients",
    "_get_current_learning_rate",
    "_get_variable_index",
)


@pytest.mark.parametrize("name", METHODS)
def test_the_steps_are_there(name):
    assert callable(getattr(keras.optimizers.SGD, name, None)), MOVED.format(name)


@pytest.fixture
def built():
    variables = [keras.Variable([1.0, 2.0], name="kernel"), keras.Variable([3.0], name="bias")]
    stock = keras.optimizers.SGD(0.5, momentum=0.9, use_ema=True, gradient_accumulation_steps=2)
    stock.build(variables)
    return stock, variables


def test_what_it_keeps_is_there(built):
    stock, variables = built
    for name in ("_trainable_variables", "_model_variables_moving_average", "_accumulated_gradients", "momentums"):
        assert len(getattr(stock, name, ())) == len(variables), MOVED.format(name)
    assert isinstance(getattr(stock, "_iterations", None), keras.Variable), MOVED.format("_iterations")
    assert float(stock._learning_rate) == 0.5, MOVED.format("_learning_rate")
    assert [stock._get_variable_index(variable) for variable in variables] == [0, 1]


def test_a_step_is_applied_by_what_is_replaced_and_sums_by_what_is_emptied(built):
    source = inspect.getsource(keras.optimizers.SGD.apply)
    assert "self._backend_apply_gradients(" in source, MOVED.format("apply's call of _backend_apply_gradients")
    source = inspect.getsource(keras.optimizers.SGD._backend_update_step)
    assert "self._all_reduce_sum_gradients(" in source, MOVED.format("the sum over replicas in _backend_update_step")


def test_a_subclass_gets_what_was_promised():
    """Rates of updates, not of batches; velocities, sums and averages by variable; each batch a call."""
    calls = []

    class Noted(OpenSGD):
        def apply_summed(self, grads, variables):
            calls.append([bool(self.completes_update()), *(float(grad[0]) for grad in grads)])
            self.accumulate(grads, self.accumulators(variables))
            self.move(self.clipped(grads), variables)

    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([0], [0.5, 0.25])
    variable = keras.Variable([1.0], name="kernel")
    built = Noted(schedule, momentum=0.9, use_ema=True, gradient_accumulation_steps=2, global_clipnorm=1.0)
    rates = []
    for gradient in (4.0, 0.5, 0.0):
        built.apply([np.array([gradient], "float32")], [variable])
        rates.append(float(built.learning_rate))
    assert calls == [[False, 4.0], [True, 0.5], [False, 0.0]]
    assert rates == [0.5, 0.25, 0.25]
    assert [float(total[0]) for total in built.accumulators([variable])] == [4.5]
    # Velocities: -0.5, then 0.9 * -0.5 - 0.5 * 0.5, then 0.9 of that.
    assert float(built.velocity(variable)[0]) == pytest.approx(0.9 * -0.7)
    assert float(variable[0]) == pytest.approx(1 - 0.5 - 0.7 - 0.63)
    assert built.trained == [variable]
    assert len(built.moving_averages) == 1

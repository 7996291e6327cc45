"""Canaries of `keras_compat/replicas.py`. (`test_replicas.py` is training's.)"""

import inspect

import keras
import pytest
from support.canary import found, must

from keras_googlenet.keras_compat import replicas

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="`tf.distribute` is TensorFlow's")


@pytest.fixture(scope="module")
def model():
    x = keras.Input((4,))
    model = keras.Model(x, keras.layers.BatchNormalization()(keras.layers.Dense(2)(x)))
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def test_how_a_model_is_shaped(model):
    build = found(keras.Model, "_maybe_symbolic_build", "`Model` has no `_maybe_symbolic_build` (replicas.py)")
    parameters = list(inspect.signature(build).parameters)
    must(
        parameters == ["self", "iterator", "data_batch"],
        f"`_maybe_symbolic_build` takes {parameters} (replicas.py)",
    )
    for method in ("fit", "evaluate"):
        must(
            "self._maybe_symbolic_build(iterator=" in inspect.getsource(getattr(keras.Model, method)),
            f"`{method}` does not shape a model by `_maybe_symbolic_build` (replicas.py)",
        )


def test_what_is_compiled(model):
    for name in ("_compile_loss", "_compile_metrics"):
        part = found(model, name, f"a compiled model has no `{name}` (replicas.py)")
        must(hasattr(part, "built"), f"`{name}` of a compiled model does not tell whether it is built (replicas.py)")


def test_gradients_are_summed_after_they_are_clipped():
    apply = inspect.getsource(keras.optimizers.Optimizer._backend_apply_gradients)
    clipped, updated = apply.find("self._clip_gradients("), apply.rfind("self._backend_update_step(")
    must(0 < clipped < updated, "`Optimizer._backend_apply_gradients` does not clip and then update (replicas.py)")
    must(
        "self._all_reduce_sum_gradients(" in inspect.getsource(keras.optimizers.Optimizer._backend_update_step),
        "`Optimizer._backend_update_step` does not sum by `_all_reduce_sum_gradients` (replicas.py)",
    )


def test_what_batch_normalization_calls_its_moving_averages(model):
    norm = model.layers[-1]
    must(
        {id(variable) for variable in replicas.statistics(model)} == {id(norm.moving_mean), id(norm.moving_variance)},
        f"moving averages are not called {replicas.STATISTICS} (replicas.py)",
    )


def test_a_strategy_tells_its_workers(model):
    strategy = model.distribute_strategy
    must(strategy.num_replicas_in_sync == 1, "`Model.distribute_strategy` is no strategy of one replica (replicas.py)")

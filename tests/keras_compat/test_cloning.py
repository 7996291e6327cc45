"""Canaries of `keras_compat/cloning.py`."""

import inspect

import keras
from support.canary import found, must

from keras_googlenet.keras_compat import cloning


class Traced(cloning.KeepsTraits, keras.Model):
    def __init__(self, inputs, outputs, name=None, **kwargs):
        self.taken = cloning.take_traits(outputs)
        super().__init__(inputs, outputs, name=name)

    def traits(self):
        return {"color": "red"}


def build():
    return Traced(x := keras.Input((2,)), keras.layers.Dense(3)(x))


def test_clones_are_made_by_running_through_the_graph():
    run = found(keras.Function, "_run_through_graph", "`Function` has no `_run_through_graph` (cloning.py)")
    parameters = inspect.signature(run).parameters
    must(
        list(parameters) == ["self", "inputs", "operation_fn", "call_fn"],
        f"`Function._run_through_graph` takes {list(parameters)} (cloning.py)",
    )
    clone = keras.models.clone_model(build())
    must(
        clone.taken == {"color": "red", "trainable": True},
        "`clone_model` does not hand the tensors of `_run_through_graph` to the constructor (cloning.py)",
    )


def test_calls_are_no_clones():
    model = build()
    output = model(keras.Input((2,)))
    must(not cloning.take_traits(output), "a call of a model passes `call_fn` as well (cloning.py)")


def test_nothing_is_kept_without_it():
    """If stock Keras hands the rest to a clone, `cloning.py` can go."""

    class Stock(Traced):
        _run_through_graph = getattr(keras.Function, "_run_through_graph", None)

    stock = Stock(x := keras.Input((2,)), keras.layers.Dense(3)(x))
    stock.trainable = False
    must(keras.models.clone_model(stock).trainable, "`clone_model` keeps what it lost: see whether cloning.py can go")

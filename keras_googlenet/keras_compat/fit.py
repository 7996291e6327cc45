"""What `keras.Model.fit` keeps to itself: how it builds a compiled model, and the iterator that it validates with."""

from typing import Any

import keras


def build_compiled(model: keras.Model, batch: Any) -> None:
    """Makes the variables of a compiled model's optimizer, loss and metrics, without computing anything.

    Why: else Keras makes them in the first step, when it is too late to restore a checkpoint. The public calls that
    make the metrics' also compute, or fail under a strategy.

    What breaks it: `_symbolic_build` is renamed, or does not make all of them any more.

    Args:
        model: A compiled model.
        batch: Arrays as `fit` would get them, of any values.
    """
    model._symbolic_build(data_batch=batch)


def release_validation(model: keras.Model) -> None:
    """Deletes the iterator that `fit` validated with.

    Why: `fit` keeps it until the next validation begins.

    What breaks it: `_eval_epoch_iterator` is renamed, or its `reset` does something else.

    Args:
        model: A model whose validation has ended.
    """
    iterator = getattr(model, "_eval_epoch_iterator", None)
    if iterator is not None:
        iterator.reset()

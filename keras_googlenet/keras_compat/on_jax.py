"""What Keras's JAX trainer lacks for what is trained here; TensorFlow's does all this in its own ways.

Why: three things.

- A step on JAX is a function of arrays, which the trainer holds while `fit` runs. Variables are empty until
  `jax_state_sync` has put the arrays back.
- The optimizer is handed the trained weights alone, so that a moving average of batch normalization's statistics, which
  the step before it has changed, can only be taken after it.
- `DataParallel` cannot split a batch whose size is no multiple of the devices, and the layout of an evaluation's first
  batch serves all. So evaluation hands each device the whole batch, of which it computes its part: XLA splits any.

What breaks it: a trainer with another state than `(trainable, non-trainable, optimizer's, metrics')` and steps other
than `step(state, data)`; an optimizer that counts its steps elsewhere than in `_iterations`.
"""

import contextlib
from typing import Any

import keras


def is_jax() -> bool:
    """Whether Keras runs on JAX."""
    return keras.backend.backend() == "jax"


def synchronize(model: keras.Model) -> None:
    """Puts into a model's variables what `fit` has made of them, so that callbacks can read and change them.

    Args:
        model: The model, on any backend; on others than JAX its variables are what they are.
    """
    if is_jax():
        model.jax_state_sync()


def with_statistics(model: keras.Model, before: tuple, after: tuple) -> tuple:
    """The state after a step, in which the optimizer's averages of batch normalization's statistics have moved, too.

    Args:
        model: A compiled model; the optimizer's `average_statistics` does it, by its `_iterations` before the step.
        before: The state before the step.
        after: The state after it.

    Returns:
        The state; `after` itself where the optimizer has no such method. A step that was skipped, as loss scaling
        skips what overflowed, moves nothing.
    """
    inner = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    average = getattr(inner, "average_statistics", None)
    if average is None or not inner.use_ema:
        return after
    trained, others, kept, metrics = after
    variables = model.optimizer.variables
    place = next(i for i, variable in enumerate(variables) if variable is inner._iterations)
    count = before[2][place]
    mapping = [*zip(model.non_trainable_variables, others, strict=True), *zip(variables, kept, strict=True)]
    with keras.StatelessScope([*mapping, (inner._iterations, count)]) as scope:
        average()
        moved = [scope.get_current_value(variable) for variable in variables]
    done = keras.ops.not_equal(kept[place], count)
    averages = {id(variable) for variable in inner.moving_averages}
    kept = [
        keras.ops.where(done, new, old) if id(variable) in averages else old
        for variable, new, old in zip(variables, moved, kept, strict=True)
    ]
    return trained, others, kept, metrics


class WholeBatches(keras.distribution.DataParallel):
    """Data parallelism in which each device is handed the whole batch.

    Args:
        distribution: A `keras.distribution.DataParallel` with the devices.
    """

    def __init__(self, distribution):
        super().__init__(device_mesh=distribution.device_mesh)

    def get_data_layout(self, data_shape):
        """The layout of a batch: the same everywhere."""
        return keras.distribution.TensorLayout([None] * len(data_shape), self.device_mesh)


@contextlib.contextmanager
def whole_batches():
    """Has evaluations in the `with` block hand each device whole batches, where `DataParallel` would split them."""
    distribution = keras.distribution.distribution() if is_jax() else None
    splits = isinstance(distribution, keras.distribution.DataParallel)
    with WholeBatches(distribution).scope() if splits else contextlib.nullcontext():
        yield


def split(data: Any) -> Any:
    """A whole batch, of which each device computes its part. To be called in a step.

    Args:
        data: Tensors, nested, whose first axis is the batch.
    """
    distribution = keras.distribution.distribution()
    if not isinstance(distribution, WholeBatches):
        return data
    mesh, name = distribution.device_mesh, distribution.batch_dim_name

    def part(tensor):
        layout = keras.distribution.TensorLayout([name] + [None] * (len(tensor.shape) - 1), mesh)
        return keras.distribution.distribute_tensor(tensor, layout)

    return keras.tree.map_structure(part, data)

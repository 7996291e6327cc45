"""Moving arrays into a model: all of them, or none.

Each source array is used once and each target is filled once. Anything else is one error that
lists both sides, raised before the first assignment.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping

import keras
import numpy as np

from keras_googlenet.utils.messages import few
from keras_googlenet.weights.reader import Arrays, WeightsError

LISTED = 8
"""Names listed of each kind of trouble; a file of another network would have a hundred."""


def targets(layers: Iterable[keras.Layer]) -> dict[str, keras.Variable]:
    """Returns the variables of `layers` by name.

    Args:
        layers: Built layers, such as `model.layers`.

    Returns:
        `"<layer>/<variable>"` to variable, in the order of each `layer.weights`.

    Raises:
        WeightsError: If two variables have the same name, as those of a nested model have.

    Example:
        >>> import keras
        >>> layer = keras.layers.Dense(10, name="predictions")
        >>> layer.build((None, 1024))
        >>> list(targets([layer]))
        ['predictions/kernel', 'predictions/bias']
    """
    variables: dict[str, keras.Variable] = {}
    for layer in layers:
        for variable in layer.weights:
            name = f"{layer.name}/{variable.name}"
            if name in variables:
                raise WeightsError(
                    "Two variables have one name. Expected layers with names of their own, and of a nested model the "
                    f"inner layers (`inner.layers`). Received: {name!r} twice"
                )
            variables[name] = variable
    return variables


def transfer(arrays: Arrays, targets: Mapping[str, keras.Variable], source: str) -> None:
    """Assigns each array to the variable of the same name.

    Args:
        arrays: Finite floating-point arrays by name.
        targets: Variables by the same names, of the same shapes.
        source: Where the arrays come from, for the message.

    Raises:
        WeightsError: If names or shapes differ, or an array is not finite or not of floating
            point. Whatever is raised, here or by an assignment, the variables are as they were.

    Example:
        >>> import keras, numpy
        >>> scale = keras.Variable(numpy.zeros(2), name="scale")
        >>> transfer({"scale": numpy.ones(2)}, {"scale": scale}, source="memory")
        >>> keras.ops.convert_to_numpy(scale).tolist()
        [1.0, 1.0]
    """
    # Copies, in C order: not every backend makes a tensor of a flipped or read-only view.
    with np.errstate(over="ignore"):  # a float64 too large for float32 is reported as not finite
        floats = (name for name, array in arrays.items() if array.dtype.name.startswith(("float", "bfloat")))
        values = {name: np.array(arrays[name], dtype=np.float32, order="C") for name in floats}
    troubles = _troubles(arrays, values, targets)
    if lines := [f"{what} ({len(names)}): {few(names, LISTED)}" for what, names in troubles if names]:
        raise WeightsError(
            f"The weights of {source} do not fit the model, which is unchanged.\n"
            + "\n".join(lines)
            + f"\nExpected exactly the model's {len(targets)} arrays. Received: {len(arrays)} arrays. "
            "Check that the file is whole and was made for this variant of the network"
        )
    with contextlib.ExitStack() as undo:
        for name, variable in targets.items():
            undo.callback(variable.assign, keras.ops.copy(variable.value))
            variable.assign(values[name])
        undo.pop_all()


def _troubles(arrays: Arrays, values: Arrays, targets: Mapping[str, keras.Variable]) -> Iterator[tuple[str, list[str]]]:
    """Kinds of trouble, and the names that are in it."""
    yield "Missing", [name for name in targets if name not in arrays]
    yield "Surplus", [name for name in arrays if name not in targets]
    shapes = {name: (arrays[name].shape, tuple(targets[name].shape)) for name in targets if name in arrays}
    yield "Misshapen", [f"{name} {has}, expected {wants}" for name, (has, wants) in shapes.items() if has != wants]
    yield "Not finite", [name for name, value in values.items() if not np.isfinite(value).all()]
    yield "Not floating-point", [f"{name} ({array.dtype})" for name, array in arrays.items() if name not in values]

"""Moving arrays into a model: all of them, or none.

Each source array is used once and each target is filled once. Anything else is one error that
lists both sides, raised before the first assignment.
"""

import contextlib
from collections.abc import Iterable, Mapping

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
    check(arrays, {name: tuple(variable.shape) for name, variable in targets.items()}, source)
    with contextlib.ExitStack() as undo:
        for name, variable in targets.items():
            undo.callback(variable.assign, keras.ops.copy(variable.value))
            # A copy, in C order: not every backend makes a tensor of a flipped or read-only view.
            variable.assign(np.array(arrays[name], dtype=np.float32, order="C"))
        undo.pop_all()


def check(arrays: Arrays, shapes: Mapping[str, tuple[int, ...]], source: str) -> None:
    """Refuses arrays that are not just those of a network.

    Args:
        arrays: Arrays by name.
        shapes: The shapes of the network's variables, by the same names.
        source: Where the arrays come from, for the message.

    Raises:
        WeightsError: If names or shapes differ, or an array is not finite or not of floating point.
    """
    both = {name: (arrays[name].shape, shapes[name]) for name in shapes if name in arrays}
    fitting = [name for name, (has, wants) in both.items() if has == wants and _is_float(arrays[name])]
    troubles = {
        "Missing": [name for name in shapes if name not in arrays],
        "Surplus": [name for name in arrays if name not in shapes],
        "Misshapen": [f"{name} {has}, expected {wants}" for name, (has, wants) in both.items() if has != wants],
        "Not finite": [name for name in fitting if not _is_finite(arrays[name])],
        "Not floating-point": [f"{name} ({array.dtype})" for name, array in arrays.items() if not _is_float(array)],
    }
    if lines := [f"{what} ({len(names)}): {few(names, LISTED)}" for what, names in troubles.items() if names]:
        raise WeightsError(
            f"The weights of {source} do not fit the model, which is unchanged.\n"
            + "\n".join(lines)
            + f"\nExpected exactly the model's {len(shapes)} arrays. Received: {len(arrays)} arrays. "
            "Check that the file is whole and was made for this variant of the network"
        )


def _is_float(array: np.ndarray) -> bool:
    return array.dtype.name.startswith(("float", "bfloat"))


def _is_finite(array: np.ndarray) -> bool:
    """Whether all numbers are, as float32; narrower ones are not made wider for that."""
    with np.errstate(over="ignore"):
        return bool(np.isfinite(array.astype(np.float32) if array.dtype.itemsize > 4 else array).all())

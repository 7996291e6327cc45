"""What was otherwise in models that version 0.1.0 saved.

There the main classifier was the last of `model.layers`, the heads' classifiers before it, and all were of a class of
their own. That moved the groups of a file, the trainable variables, and with these what an optimizer keeps of each.
"""

import keras

from keras_googlenet.errors import InputError
from keras_googlenet.model import graph

OLD_CLASS = "block_dense"
"""What the classifiers' groups are called in 0.1.0's files."""


@keras.saving.register_keras_serializable(package="keras_googlenet")
class BlockDense(keras.layers.Dense):
    """A `keras.layers.Dense` by the name that saved models of version 0.1.0 have for their classifiers.

    Networks are built with `keras.layers.Dense`.

    Args:
        units: Number of outputs.
        **kwargs: Arguments of `keras.layers.Dense`.

    Example:
        >>> import numpy as np
        >>> layer = BlockDense(1, kernel_initializer="ones")
        >>> float(layer(np.ones((1, 300)))[0, 0])
        300.0
    """

    def quantize(self, mode=None, type_check=True, config=None):
        """Quantizes the weights as `keras.layers.Dense` does, which refuses other classes."""
        super().quantize(mode, type_check=False, config=config)


def modernized(config):
    """A model's configuration, with plain classifiers in the place of version 0.1.0's.

    Args:
        config: A dictionary from `get_config`.

    Returns:
        The same or a changed copy.

    Raises:
        InputError: It comes from an `.h5` file of three heads, whose order of layers is not the model's any more.
    """
    layers = config.get("layers", ())
    old = [layer for layer in layers if layer["class_name"].rpartition(">")[2] == BlockDense.__name__]
    if not old:
        return config
    if len(old) > 1 and "module" not in old[0]:
        raise InputError(
            "An .h5 file with auxiliary heads that keras_googlenet 0.1.0 wrote cannot be loaded as a model: its layers "
            "are in another order. Expected a .keras file. Build the model and use `model.load_weights(path)`"
        )
    plain = {"class_name": "Dense", "registered_name": None}
    plain |= {"module": "keras.layers"} if "module" in old[0] else {}
    return config | {"layers": [layer | plain if layer in old else layer for layer in layers]}


def old_places(model, optimizer):
    """Where version 0.1.0 had each of an optimizer's variables, of which Keras saves no names.

    Args:
        model: The `GoogLeNetModel` that it trains.
        optimizer: An optimizer, built.

    Returns:
        A list: the place in 0.1.0's `optimizer.variables` of each of `optimizer.variables`.
    """
    top = {id(variable) for variable in graph.maker(model.outputs[0]).trainable_variables}
    owners = {variable.path.replace("/", "_") + "_": id(variable) in top for variable in model.trainable_variables}
    places = list(range(len(optimizer.variables)))
    slots = {}
    for place, variable in enumerate(optimizer.variables):
        owner = max((name for name in owners if variable.name.startswith(name)), key=len, default=None)
        if owner is not None:
            slots.setdefault(variable.name[len(owner) :], []).append((place, owners[owner]))
    for slot in slots.values():
        for (then, _), (now, _) in zip(slot, sorted(slot, key=lambda entry: entry[1]), strict=True):
            places[now] = then
    return places

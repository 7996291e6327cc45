"""A dictionary's subclass as a structure of tensors, like a dictionary.

Why: `keras.Model(inputs, outputs)` takes a subclass of `dict` for a single tensor. Keras registers structures with
OpTree under a name of its own, and exports no way to add one.
What breaks it: Keras using another library than OpTree for structures, or registering with it under another name.
"""

from typing import TypeVar

import optree

T = TypeVar("T", bound=type)


def register_dict(cls: T) -> T:
    """Registers a class whose objects are structures as dictionaries are; what Keras makes of them is a `dict`."""

    def flatten(structure):
        names = sorted(structure)
        return [structure[name] for name in names], names, names

    def restored(names, values):
        return dict(zip(names, values, strict=True))

    optree.register_pytree_node(cls, flatten, restored, namespace="keras")
    return cls

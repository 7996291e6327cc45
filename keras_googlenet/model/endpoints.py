"""What a network computes on its way, by name: `model.endpoints`."""

import difflib
from collections.abc import Iterable
from typing import Any

import keras

from keras_googlenet.architecture.names import BEFORE_RELU, BEFORE_SOFTMAX, GOOGLE, own_name, split
from keras_googlenet.architecture.rows import Conv, Inception, Row
from keras_googlenet.errors import InputError
from keras_googlenet.keras_compat.trees import register_dict
from keras_googlenet.layers.before_activation import BeforeActivation
from keras_googlenet.model import graph
from keras_googlenet.utils.messages import nearest


class LayerError(InputError, KeyError):
    """There is no such layer."""

    def __str__(self) -> str:
        return str(self.args[0])


@register_dict
class Endpoints(dict[str, keras.KerasTensor]):
    """The outputs of a table's rows, by the rows' names. Every other layer's are found in it, too, under many names.

    `endpoints["inception_4b_3x3_reduce"]` is that of a layer inside a row. `"inception_4b/3x3_reduce"`, Caffe's name,
    and `"mixed4b_3x3_bottleneck"`, that of Google's graph inception5h, mean the same. A convolution's output is what
    its ReLU makes of it, also where batch normalization stands between. With `_pre_relu` after its name, or
    `_pre_activation` as well where that is a softmax, it is what comes before. Of an Inception module that is its
    branches' values before their ReLUs, concatenated.

    Iteration gives the rows alone.

    Args:
        rows: The rows of the table.
        made: Symbolic outputs of layers by the layers' names. What `_pre_relu` adds is kept there.
    """

    def __init__(self, rows: Iterable[Row], made: dict[str, keras.KerasTensor]) -> None:
        self._made, self._rows = made, {row.name: row for row in rows if row.layer in made}
        super().__init__({name: self._activated(name) for name in self._rows})

    def name(self, name: str) -> str:
        """This package's name of an endpoint, whoever named it.

        Raises:
            LayerError: There is no such endpoint. The message names the nearest.
        """
        own, before = split(own_name(name))
        own = next((row.name for row in self._rows.values() if own == row.layer), own)
        if own not in self.keys() and own not in self._made:
            rows = [*self, *(row.removeprefix("inception_") for row in self)]
            rows += [theirs for theirs, ours in GOOGLE.items() if ours in self.keys()]
            near = rows if difflib.get_close_matches(name, rows, 1, 0.7) else [*rows, *self._made]
            raise LayerError(
                f"No such layer: {name}.{nearest(name, near, cutoff=0)} Expected one of {', '.join(self)}, or a layer "
                "inside one of these"
            )
        if before and self._before(own) is None:
            raise LayerError(f"{own} ends in no activation. Expected its name without {before}. Received: {name}")
        return own + (before and self._suffix(own))

    def __missing__(self, name: str) -> keras.KerasTensor:
        own, before = split(self.name(name))
        if before:
            return self._before(own)
        return self[own] if own in self.keys() else self._activated(own)

    def __contains__(self, name: object) -> bool:
        return self.get(name) is not None

    def get(self, name: Any, default: Any = None) -> Any:
        """As a dictionary's, for every name."""
        try:
            return self[name]
        except KeyError:
            return default

    def _activated(self, own: str) -> keras.KerasTensor:
        """What a row, or a layer and its ReLU, make: with batch normalization, these are three layers."""
        layer = self._rows[own].layer if own in self._rows else own
        return self._made.get(f"{layer}_relu", self._made[layer])

    def _suffix(self, own: str) -> str:
        layer = graph.maker(self._activated(own))
        return BEFORE_SOFTMAX if isinstance(layer, keras.layers.Dense) and not _is_relu(layer) else BEFORE_RELU

    def _before(self, own: str) -> keras.KerasTensor | None:
        """The values before the activation that an endpoint ends in; None where that is none."""
        tensor, row = self._activated(own), self._rows.get(own)
        layer = graph.maker(tensor)
        if isinstance(row, Inception):
            ends = [branch[-1] for branch in row.branches]
            if not all(isinstance(end, Conv) for end in ends):
                return None  # the naive module passes its pool on
            branches = [self[f"{end.name}{BEFORE_RELU}"] for end in ends]
            return self._kept(own + BEFORE_RELU, lambda name: keras.layers.Concatenate(layer.axis, name=name)(branches))
        if isinstance(layer, keras.layers.ReLU):
            return graph.read_by(tensor)
        if isinstance(layer, keras.layers.Dense) and layer.activation is keras.activations.linear:
            return tensor  # logits
        if not _is_relu(layer) and not isinstance(layer, keras.layers.Dense):
            return None
        read, name = graph.read_by(tensor), layer.name + self._suffix(own)
        return self._kept(name, lambda name: BeforeActivation(layer, name=name)(read))

    def _kept(self, name, make):
        """A symbolic tensor that is made once: two layers of one model cannot have one name."""
        if name not in self._made:
            self._made[name] = make(name)
        return self._made[name]


def _is_relu(layer):
    return getattr(layer, "activation", None) is keras.activations.relu

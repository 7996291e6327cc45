"""The shapes that a table tells, against those of the network that Keras builds from it."""

import pytest

from keras_googlenet import GoogLeNet
from keras_googlenet.architecture import VARIANTS
from keras_googlenet.architecture.shapes import shapes
from keras_googlenet.weights.assignment import targets


@pytest.mark.computes
@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("aux_heads", [False, True])
def test_the_shapes_are_those_of_the_built_network(name, aux_heads):
    table = VARIANTS[name]
    aux_heads = aux_heads and bool(table.auxiliary)
    model = GoogLeNet(weights=None, variant=table, classes=7, input_shape=(224, 224, 1), aux_heads=aux_heads)
    built = {name: tuple(variable.shape) for name, variable in targets(model.layers).items()}
    told = shapes(table, channels=1, classes=7, aux_heads=aux_heads)
    assert told == built

    def by_layer(names):
        return sorted(names, key=lambda name: name.rpartition("/")[0])  # stable: the order within a layer counts

    assert by_layer(told) == by_layer(built)

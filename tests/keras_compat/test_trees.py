"""A canary: a registered dictionary is one to Keras."""

import keras

from keras_googlenet.keras_compat.trees import register_dict


def test_a_model_of_a_registered_dictionary():
    @register_dict
    class Found(dict):
        pass

    x = keras.Input((2,))
    model = keras.Model(x, Found(b=x + 1, a=x * 2))
    assert {name: float(value[0, 0]) for name, value in model(keras.ops.ones((1, 2))).items()} == {"a": 2.0, "b": 2.0}
    assert keras.tree.map_structure(lambda value: value + 1, Found(b=1, a=2)) == {"b": 2, "a": 3}

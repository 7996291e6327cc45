"""What `keras.models.clone_model` leaves behind: it makes a model's class again of the graph and the name alone.

So what else the constructor takes travels with the graph, on the tensor of the main output.
"""

import keras
from keras import tree

_ATTRIBUTE = "_traits_of_cloned_model"


def give(model, outputs, traits):
    """Notes on a clone's outputs what its constructor would not be told.

    Args:
        model: The `GoogLeNetModel` that is cloned.
        outputs: The clone's outputs; others than Keras tensors are passed over.
        traits: Arguments of the constructor. The names of classes stay behind where the clone has other classes.
    """
    main = tree.flatten(outputs)[0]
    if keras.backend.is_keras_tensor(main):
        same = main.shape[-1] == model.outputs[0].shape[-1]
        setattr(main, _ATTRIBUTE, traits if same else traits | {"class_names": None})


def take(outputs):
    """The arguments that were noted on a clone's outputs, once; else none."""
    return vars(tree.flatten(outputs)[0]).pop(_ATTRIBUTE, {})

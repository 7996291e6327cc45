"""Objectives as functions of pixels: what `render` climbs, and what photos are worth by the same measure."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_googlenet.errors import InputError
from keras_googlenet.model.googlenet import GoogLeNet
from keras_googlenet.visualize.network import CLASS_SCORES, Network
from keras_googlenet.visualize.relus import with_relu
from keras_googlenet.visualize.rendering.objective import Objective


def objective_values(model: keras.Model | Network, objective: Objective, images: np.ndarray) -> np.ndarray:
    """What an objective is for given images.

    Args:
        model: A model that is a GoogLeNet or holds one; or the `Network` of one.
        objective: One of `objectives`.
        images: RGB in [0, 255], of shape (images, height, width, 3). They are one batch.

    Returns:
        float32 array of shape (images,), or () where the objective is a number for the batch.

    Raises:
        InputError: The model has not what the objective asks for.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> from keras_googlenet.visualize import objectives
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(32, 32, 3))
        >>> objective_values(model, objectives.channel("3a", 7), np.zeros((5, 40, 48, 3))).shape
        (5,)
    """
    network = model if isinstance(model, Network) else Network(model)
    network = at_size(network, np.shape(images)[1:3], objective)
    pixels = network.images.pixels(np.asarray(images))
    return ops.convert_to_numpy(of_pixels(network, objective, pixels.shape)(ops.convert_to_tensor(pixels)))


def of_pixels(
    network: Network, objective: Objective, shape: tuple[int, ...], relu: Callable[[Any], Any] | None = None
) -> Callable[[Any], Any]:
    """An objective as a function of pixels, after what it asks for was checked.

    Args:
        network: A network that takes images of this size.
        objective: One of `objectives`.
        shape: `(images, height, width, channels)`.
        relu: What stands for each ReLU, if anything: see `relus.with_relu`.

    Returns:
        A function from float32 pixels in [0, 255] to a float32 tensor of shape (images,) or ().

    Raises:
        InputError: The network has not what the objective asks for.
    """
    own = {name: network.output_name(name) for name in sorted(objective.endpoints)}
    features = network.features(*own.values())
    if relu is not None:
        features = with_relu(features, relu)
    symbolic = features(keras.Input(batch_shape=shape))
    objective.function({name: symbolic[theirs] for name, theirs in own.items()})

    def function(pixels):
        found = features(network.images.prepare(pixels), training=False)
        return objective.function({name: ops.cast(found[theirs], "float32") for name, theirs in own.items()})

    return function


def at_size(network: Network, size: tuple[int, int], objective: Objective) -> Network:
    """A network for images of a size and an objective: the same one, if it takes these images.

    Raises:
        InputError: It does not, and cannot be built again, or its class scores are asked for.
    """
    taken = network.model.inputs[0].shape[1:3]
    if all(side in (None, given) for side, given in zip(taken, size, strict=True)):
        return network
    if CLASS_SCORES in objective.endpoints:
        height, width = network.images.size
        raise InputError(
            f"The class scores are those of images of the model's own size, {height}x{width}. "
            f"Received: {size[0]}x{size[1]}"
        )
    return of_any_size(network)


def of_any_size(network: Network) -> Network:
    """The rows below the average pool again, with a copy of the weights, for images of any size.

    Args:
        network: A network of a known table.

    Raises:
        InputError: It was not built from a table, or its images go through preprocessing that is not this package's.
    """
    if network.table is None:
        raise InputError(
            "Images of another size than the model's own need a model that was built from a table of this package. "
            "Received: another model"
        )
    if network.images.included and network.images.assumed:
        raise InputError(
            "Images of another size than the model's own need a network that takes pixels of 0-255, or those minus the "
            f"mean. Received: {network.model.name}, of which {network.images.assumed}"
        )
    channels = network.first_convolution.kernel.shape[-2]
    trunk = GoogLeNet(False, None, input_shape=(None, None, channels), variant=network.table)
    for layer in trunk.layers:
        if layer.weights:
            layer.set_weights(network.layer(layer.name).get_weights())
    return Network(trunk)

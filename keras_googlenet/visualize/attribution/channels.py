"""Which channels of a layer speak for a class, or for a channel of a later layer (Olah et al., 2018)."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from keras_googlenet.errors import InputError
from keras_googlenet.visualize.attribution.targets import checked, chunks, maps_and_gradients, of_model_size
from keras_googlenet.visualize.gradients import value_and_gradient
from keras_googlenet.visualize.network import Network


def channel_attribution(
    model: keras.Model | Network,
    images: np.ndarray,
    classes: Sequence[int],
    *,
    layer: str,
    later: str | None = None,
    per_place: bool = False,
) -> np.ndarray:
    """How much each channel of a layer adds to a class's score, or to a channel of a later layer, to first order.

    That is its activation times the gradient with respect to it, summed over the places: what the score would lose
    without the channel if it were linear. Below an average pool and a linear layer it is: all channels of
    `inception_5b` together are the score minus the classifier's bias.

    Args:
        model: A classifier that is a GoogLeNet or holds one; or the `Network` of one.
        images: RGB in [0, 255], of shape (images, height, width, 3), of the model's input size.
        classes: The index of a class for each image; or, with `later`, of a channel of that layer.
        layer: Name of the layer whose channels are asked about, by any of its names.
        later: Name of a layer behind it. What is explained is its channel's sum over the places.
        per_place: Whether to return a number for each place, too.

    Returns:
        float32 array of shape (images, channels), of both signs, in units of the score or of the later channel; or of
        shape (images, rows, columns, channels).

    Raises:
        InputError: There is no such layer, class or channel, the later layer does not depend on the layer, or the
            images are of another kind or size.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(64, 64, 3))
        >>> channel_attribution(model, np.zeros((1, 64, 64, 3)), [97], layer="mixed4a", later="mixed4d").shape
        (1, 512)

    Reference:
        [The Building Blocks of Interpretability](https://distill.pub/2018/building-blocks/), section "How are concepts
        assembled?"
    """
    network = model if isinstance(model, Network) else Network(model)
    layer = network.endpoint(layer)
    if later is None:
        network, images, classes = checked(network, images, classes)
        pairs = maps_and_gradients(network, images, classes, layer)
    else:
        later = network.endpoint(later)
        channels = network.endpoints[later].shape[-1]
        images, classes = of_model_size(network, images), _channels(classes, len(images), channels)
        pairs = _to_channels(network, images, classes, layer, later)
    found = np.stack([maps * gradient for maps, gradient in pairs])
    return found if per_place else found.sum(axis=(1, 2))


def _channels(classes, count, channels):
    classes = np.asarray(classes)
    if classes.shape != (count,) or classes.dtype.kind not in "ui" or not all(0 <= i < channels for i in classes):
        raise InputError(
            f"Expected the index of a channel, 0 to {channels - 1}, for each of {count} images. "
            f"Received: {classes.tolist()}"
        )
    return classes


def _to_channels(network, images, classes, layer, later):
    for part in chunks(len(images)):
        inputs = ops.convert_to_tensor(network.images.preprocess(images[part]))
        onward, maps = network.onward(layer, later, inputs), network.maps(layer, images[part])
        index = classes[part, None]

        def channel(x, onward=onward, index=index):
            sums = ops.sum(ops.cast(onward(x), "float32"), axis=(1, 2))
            return ops.sum(ops.take_along_axis(sums, index, axis=1))

        yield from zip(maps, value_and_gradient(channel, maps)[1], strict=True)

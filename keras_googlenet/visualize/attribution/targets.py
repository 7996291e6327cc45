"""What attributions have in common: images and classes that are checked, and the gradients of the classes' scores.

Images are explained a few at a time, so that memory does not grow with their number.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_googlenet.errors import InputError
from keras_googlenet.utils.messages import shown
from keras_googlenet.visualize.gradients import value_and_gradient
from keras_googlenet.visualize.network import Network

BATCH = 16
"""Images that go through the network at once: at 224 pixels, a gradient of so many takes about a GiB."""


def checked(model: keras.Model | Network, images: Any, classes: Sequence[int]) -> tuple[Network, np.ndarray, list[int]]:
    """A model's network, and what is to be explained.

    Args:
        model: A classifier that is a GoogLeNet or holds one; or the `Network` of one.
        images: RGB in [0, 255], of shape (images, height, width, 3), of the model's input size.
        classes: The index of a class for each image.

    Returns:
        The network, float32 images, and the classes.

    Raises:
        InputError: One of these is not so.
    """
    network = model if isinstance(model, Network) else Network(model)
    images = of_model_size(network, images)
    indices = np.asarray(classes)
    if indices.shape != (len(images),):
        received = len(indices) if indices.ndim == 1 else f"an array of shape {indices.shape}"
        raise InputError(f"Expected a class for each of {len(images)} images. Received: {received}")
    if not np.issubdtype(indices.dtype, np.integer):
        raise InputError(f"Expected the indices of classes. Received: {shown(indices.tolist())}")
    for index in indices.tolist():
        network.check_class(index)
    return network, images, indices.tolist()


def of_model_size(network: Network, images: Any) -> np.ndarray:
    """Images that a model takes.

    Args:
        network: The model's.
        images: As in `checked`.

    Returns:
        float32 array.

    Raises:
        InputError: They have another shape, size or type, or values beyond 0 to 255.
    """
    sides = network.model.inputs[0].shape[1:3]
    images = np.asarray(images)
    wanted = "x".join("any" if side is None else str(side) for side in sides)
    if images.ndim != 4 or images.shape[3] != 3 or not len(images):
        raise InputError(f"Expected RGB images, an array of shape (images, height, width, 3). Received: {images.shape}")
    if any(side not in (None, found) for side, found in zip(sides, images.shape[1:3], strict=True)):
        received = "x".join(map(str, images.shape[1:3]))
        raise InputError(
            f"Expected images of the model's input size, {wanted} pixels, as `data.center_crop` makes them. "
            f"Received: {received}"
        )
    if images.dtype.kind not in "uif":
        raise InputError(f"Expected pixels of 0 to 255. Received: values of type {images.dtype}")
    least, largest = images.min(), images.max()
    if not (least >= 0 and largest <= 255):  # NaN is neither
        raise InputError(
            "Expected pixels of 0 to 255, as read from a file and before preprocess_input. "
            f"Received: {least:.4g} to {largest:.4g}"
        )
    return images.astype("float32")


def check_count(name: str, value: int, least: int = 1) -> None:
    """Refuses an option that is no whole number, or too small.

    Args:
        name: The option's.
        value: What was given.
        least: The least that it may be.

    Raises:
        InputError: It is not.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise InputError(f"{name} must be a whole number of at least {least}. Received: {shown(value)}")


def chunks(count: int) -> Iterator[slice]:
    """Parts of a batch that go through the network at once.

    Example:
        >>> list(chunks(20))
        [slice(0, 16, None), slice(16, 20, None)]
    """
    return (slice(start, min(start + BATCH, count)) for start in range(0, count, BATCH))


def class_gradient(scores: Any, x: np.ndarray, classes: Sequence[int]) -> np.ndarray:
    """The gradient of each image's class.

    Args:
        scores: A function to the classes' scores, as `Network.scores` returns it.
        x: What it is a function of, for each image.
        classes: The index of a class for each.

    Returns:
        float32 array of `x`'s shape.
    """
    index = np.asarray(classes)[:, None]
    return value_and_gradient(lambda x: ops.sum(ops.take_along_axis(scores(x), index, axis=1)), x)[1]


def class_scores(network: Network, images: np.ndarray, index: int) -> np.ndarray:
    """The score of one class before the softmax, for any number of images.

    Args:
        network: A classifier's.
        images: RGB in [0, 255], of shape (images, height, width, 3).
        index: The class.

    Returns:
        float32 array of shape (images,).
    """
    scores, inputs = network.scores(), network.images.preprocess(images)
    found = [scores(ops.convert_to_tensor(inputs[part]))[:, index] for part in chunks(len(images))]
    return np.concatenate([ops.convert_to_numpy(one) for one in found])


def maps_and_gradients(
    network: Network, images: np.ndarray, classes: Sequence[int], layer: str
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The maps of a layer, and the gradients of the classes' scores with respect to them.

    Args:
        network: A classifier's.
        images: What `checked` returns.
        classes: Likewise.
        layer: Name of an endpoint that makes maps.

    Yields:
        Two arrays of shape (rows, columns, maps) for each image.

    Raises:
        InputError: The scores do not depend on the layer.
    """
    for part in chunks(len(images)):
        inputs = ops.convert_to_tensor(network.images.preprocess(images[part]))
        maps = network.maps(layer, images[part])
        yield from zip(maps, class_gradient(network.scores(layer, inputs), maps, classes[part]), strict=True)

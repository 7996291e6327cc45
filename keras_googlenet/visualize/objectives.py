"""What an image is optimized for: an algebra of a few functions, after lucid's `objectives.py`.

Layers are endpoints, in any form that `model.endpoints` takes. Each function makes an `Objective`; these add, subtract,
multiply and divide, with each other and with numbers. A minus penalizes. What an objective asks for is checked before
any work begins: `InputError` says what is not there.

Example:
    >>> channel("4a", 11) - 0.5 * channel("mixed4b", 7)
    (channel('4a', 11) - (0.5 * channel('mixed4b', 7)))
"""

from collections.abc import Sequence

import numpy as np
from keras import ops

from keras_googlenet.architecture.names import BEFORE_SOFTMAX
from keras_googlenet.errors import InputError
from keras_googlenet.visualize.network import CLASS_SCORES
from keras_googlenet.visualize.rendering.comparisons import caricature as caricature
from keras_googlenet.visualize.rendering.comparisons import inversion as inversion
from keras_googlenet.visualize.rendering.comparisons import style as style
from keras_googlenet.visualize.rendering.objective import Objective, check_rank, gram_matrices, of_endpoint


def neuron(layer: str, channel: int, place: tuple[int, int] | None = None) -> Objective:
    """One channel at one place.

    Args:
        layer: Name of an endpoint of maps.
        channel: Index of the channel.
        place: `(row, column)` of the maps; None means the middle.
    """

    def function(maps):
        check_rank(layer, maps, 4)
        _check_index(f"a channel of {layer}", channel, maps.shape[-1])
        rows, columns = maps.shape[1:3]
        row, column = (rows // 2, columns // 2) if place is None else place
        _check_index(f"a row of {layer}", row, rows)
        _check_index(f"a column of {layer}", column, columns)
        return maps[:, row, column, channel]

    return of_endpoint(layer, function, f"neuron({layer!r}, {channel}{'' if place is None else f', {place}'})")


def channel(layer: str, channel: int) -> Objective:
    """The mean of one channel over all places.

    Args:
        layer: Name of an endpoint.
        channel: Index of the channel.
    """

    def function(maps):
        _check_index(f"a channel of {layer}", channel, maps.shape[-1])
        return _mean(maps[..., channel])

    return of_endpoint(layer, function, f"channel({layer!r}, {channel})")


def direction(layer: str, vector: Sequence[float] | np.ndarray, cosine_power: float = 0) -> Objective:
    """The mean over all places of the channels' product with a vector.

    Args:
        layer: Name of an endpoint.
        vector: A number for each channel.
        cosine_power: With more than 0, the product is multiplied with this power of the cosine between the two, at
            least 0.1: the image is then to show this direction and no other.
    """
    vector = np.asarray(vector, "float32")
    if vector.ndim != 1 or not np.isfinite(vector).all() or not vector.any():
        raise InputError(f"Expected a vector of finite numbers that are not all 0. Received: shape {vector.shape}")

    def function(maps):
        if len(vector) != maps.shape[-1]:
            raise InputError(f"Expected a vector of {maps.shape[-1]}, the channels of {layer}. Received: {len(vector)}")
        product = ops.matmul(maps, ops.convert_to_tensor(vector[:, None]))[..., 0]
        if not cosine_power:
            return _mean(product)
        lengths = ops.sqrt(ops.sum(ops.square(maps), axis=-1) + 1e-8) * float(np.linalg.norm(vector))
        return _mean(product * ops.maximum(product / lengths, 0.1) ** cosine_power)

    return of_endpoint(layer, function, f"direction({layer!r}, vector of {len(vector)})")


def layer(layer: str) -> Objective:
    """The mean square of a layer's values: more of what it sees already, as in a dream.

    Args:
        layer: Name of an endpoint.
    """
    return of_endpoint(layer, lambda maps: _mean(ops.square(maps)), f"layer({layer!r})")


def class_logit(index: int) -> Objective:
    """A class's score before the softmax.

    Args:
        index: Index of the class.
    """

    def function(scores):
        _check_index("the index of a class", index, scores.shape[-1])
        return scores[:, index]

    return of_endpoint(CLASS_SCORES, function, f"class_logit({index})")


def head(name: str, index: int) -> Objective:
    """A class's score in an auxiliary head, before the softmax.

    Args:
        name: `aux1`, `aux2`, or `softmax0`, `softmax1` as Google's graph calls them.
        index: Index of the class.
    """

    def function(scores):
        check_rank(name, scores, 2)
        _check_index(f"the index of a class of {name}", index, scores.shape[-1])
        return scores[:, index]

    return of_endpoint(f"{name}{BEFORE_SOFTMAX}", function, f"head({name!r}, {index})")


def on(objective: Objective, image: int) -> Objective:
    """An objective for one image of the batch alone.

    Args:
        objective: One that has a number for each image.
        image: Index of the image.
    """

    def function(values):
        found = objective.function(values)
        if len(found.shape) == 0:
            raise InputError(f"Expected an objective with a number for each image. Received: {objective}")
        _check_index("the index of an image in the batch", image, found.shape[0])
        return found[image]

    return Objective(objective.endpoints, function, f"on({objective}, {image})")


def diversity(layer: str) -> Objective:
    """How differently the images of a batch excite a layer: minus the cosines between their Gram matrices.

    Lucid's `diversity` has the opposite sign. To be added to an objective, with a factor of about its size.

    Args:
        layer: Name of an endpoint of maps.
    """

    def function(maps):
        check_rank(layer, maps, 4)
        count = maps.shape[0]
        if count < 2:
            raise InputError(f"diversity needs a batch of several images. Received: {count}")
        grams = ops.reshape(gram_matrices(maps), (count, -1))
        grams = grams / ops.sqrt(ops.sum(ops.square(grams), axis=1, keepdims=True) + 1e-10)
        return 1 - ops.sum(ops.square(ops.sum(grams, axis=0))) / count

    return of_endpoint(layer, function, f"diversity({layer!r})")


def interpolation(first: Objective, last: Objective) -> Objective:
    """An objective that goes from one to another over a batch, in equal steps.

    Args:
        first: What the first image is for.
        last: What the last image is for.
    """

    def function(values):
        one, other = first.function(values), last.function(values)
        if len(one.shape) == 0 or len(other.shape) == 0 or one.shape[0] < 2:
            raise InputError(
                "interpolation needs objectives with a number for each image, of several. "
                f"Received: {first}, {last}, of shapes {tuple(one.shape)}, {tuple(other.shape)}"
            )
        part = ops.convert_to_tensor(np.linspace(0, 1, one.shape[0], dtype="float32"))
        return one * (1 - part) + other * part

    return Objective(first.endpoints | last.endpoints, function, f"interpolation({first}, {last})")


def alignment(layer: str, decay: float = 2.0) -> Objective:
    """How alike neighbors in a batch are to a layer, so that what they show stays in its place.

    Args:
        layer: Name of an endpoint.
        decay: Images `n` apart count `decay ** n` times less; those of more than four, nothing.
    """

    def function(maps):
        count = maps.shape[0]
        if count < 2:
            raise InputError(f"alignment needs a batch of several images. Received: {count}")
        each = ops.unstack(maps, count)
        pairs = [(i, i + apart) for apart in range(1, 5) for i in range(count - apart)]
        return -sum(ops.mean(ops.square(each[i] - each[j])) / decay ** (j - i) for i, j in pairs)

    return of_endpoint(layer, function, f"alignment({layer!r})")


def _mean(x):
    """The mean over all axes but the first."""
    return ops.mean(x, axis=tuple(range(1, len(x.shape)))) if len(x.shape) > 1 else x


def _check_index(what, index, count):
    if isinstance(index, bool) or not isinstance(index, (int, np.integer)) or not 0 <= index < count:
        raise InputError(f"Expected {what}, 0 to {count - 1}. Received: {index!r}")

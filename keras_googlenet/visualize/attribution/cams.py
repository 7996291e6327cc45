"""Relatives of Grad-CAM, which weight a layer's maps otherwise: Grad-CAM++ and Score-CAM."""

from collections.abc import Sequence

import keras
import numpy as np

from keras_googlenet.visualize.attribution.baselines import baseline_of
from keras_googlenet.visualize.attribution.cam import default_layer, enlarged
from keras_googlenet.visualize.attribution.targets import checked, chunks, class_scores, maps_and_gradients
from keras_googlenet.visualize.network import Network


def grad_cam_plus_plus(
    model: keras.Model | Network, images: np.ndarray, classes: Sequence[int], *, layer: str | None = None
) -> np.ndarray:
    """The heat of a class by Grad-CAM++, which is fair to the smaller of several things of the class.

    A map's weight is a weighted sum of its positive gradients, and not their mean. The paper's class score is the
    exponential of the score before the softmax. Its derivatives have that as a factor, the same at each place, which is
    left out here.

    Args:
        model: A classifier that is a GoogLeNet or holds one; or the `Network` of one.
        images: RGB in [0, 255], of shape (images, height, width, 3), of the model's input size.
        classes: The index of a class for each image.
        layer: Name of the layer whose maps are weighted, as in `grad_cam`.

    Returns:
        float32 array of shape (images, height, width), not negative, interpolated as `grad_cam` does it.

    Raises:
        InputError: There is no such layer or class, the images are of another kind or size, or the model is no such
            classifier.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(64, 64, 3))
        >>> grad_cam_plus_plus(model, np.zeros((1, 64, 64, 3)), [0], layer="4c").shape
        (1, 64, 64)

    Reference:
        [Grad-CAM++](https://arxiv.org/abs/1710.11063), equations 5 and 19.
    """
    network, images, classes = checked(model, images, classes)
    layer = default_layer(network) if layer is None else network.endpoint(layer)
    heats = []
    for maps, gradient in maps_and_gradients(network, images, classes, layer):
        below = 2 * gradient**2 + maps.sum(axis=(0, 1)) * gradient**3
        alpha = np.divide(gradient**2, below, out=np.zeros_like(below), where=below != 0)
        weights = (alpha * np.maximum(gradient, 0)).sum(axis=(0, 1))
        heats.append(np.maximum((weights * maps).sum(-1), 0))
    return enlarged(network, layer, np.stack(heats), images.shape[1:3])


def score_cam(
    model: keras.Model | Network,
    images: np.ndarray,
    classes: Sequence[int],
    *,
    layer: str | None = None,
    baseline: str = "mean",
    verbose: int = 0,
) -> np.ndarray:
    """The heat of a class by Score-CAM, without gradients: a map weighs what the image scores under it.

    Each map is enlarged, scaled to 0 to 1 and laid on the image as a mask. The weights are the softmax, over the maps,
    of the scores that this gives above the baseline's. Maps that are the same everywhere show nothing and are left out.
    It takes a pass of the network for each map: a thousand at `inception_5b`.

    Args:
        model: A classifier that is a GoogLeNet or holds one; or the `Network` of one.
        images: RGB in [0, 255], of shape (images, height, width, 3), of the model's input size.
        classes: The index of a class for each image.
        layer: Name of the layer whose maps are weighted, as in `grad_cam`.
        baseline: What is seen beside the mask: `mean`, `gray`, `black` or `blur`.
        verbose: As in Keras: 1 for a progress bar.

    Returns:
        float32 array of shape (images, height, width), not negative, interpolated as `grad_cam` does it, in the unit of
        the maps.

    Raises:
        InputError: There is no such layer, class or baseline, the images are of another kind or size, or the model is
            no such classifier.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(64, 64, 3))
        >>> score_cam(model, np.zeros((1, 64, 64, 3)), [0], layer="conv1").shape
        (1, 64, 64)

    Reference:
        [Score-CAM](https://arxiv.org/abs/1910.01279), equations 5 to 8 and algorithm 1.
    """
    network, images, classes = checked(model, images, classes)
    layer = default_layer(network) if layer is None else network.endpoint(layer)
    size, covers, heats = images.shape[1:3], baseline_of(images, baseline), []
    bar = keras.utils.Progbar(network.endpoints[layer].shape[-1] * len(images), verbose=verbose)
    for image, cover, index in zip(images, covers, classes, strict=True):
        [maps] = network.maps(layer, image[None])
        varied = np.ptp(maps, axis=(0, 1)) > 0
        maps, count = np.moveaxis(maps, -1, 0)[varied], np.count_nonzero(~varied)
        bar.add(count)
        scores = np.zeros(len(maps))
        for part in chunks(len(maps)):
            masks = enlarged(network, layer, maps[part], size)
            least, largest = (end(masks, axis=(1, 2), keepdims=True) for end in (np.min, np.max))
            masks = ((masks - least) / (largest - least))[..., None]
            scores[part] = class_scores(network, cover + masks * (image - cover), index)
            bar.add(len(masks))
        weights = np.exp(scores - scores.max(initial=-np.inf))
        heat = np.tensordot(weights / weights.sum(), maps, 1) if len(maps) else np.zeros(maps.shape[1:])
        heats.append(np.maximum(heat, 0))
    return enlarged(network, layer, np.stack(heats), size)

"""RISE (Petsiuk et al., 2018): the mean of random masks, weighted by what the network says of the image under each."""

from collections.abc import Sequence

import keras
import numpy as np
from PIL import Image

from keras_googlenet.errors import InputError
from keras_googlenet.visualize.attribution.baselines import baseline_of
from keras_googlenet.visualize.attribution.targets import check_count, checked, chunks
from keras_googlenet.visualize.network import Network


def rise(
    model: keras.Model | Network,
    images: np.ndarray,
    classes: Sequence[int],
    *,
    masks: int = 1000,
    cells: int = 7,
    kept: float = 0.5,
    baseline: str = "mean",
    seed: int = 0,
    verbose: int = 0,
) -> np.ndarray:
    """The mean of random masks, each weighted by the class's probability under it.

    The paper's confidence is the probability, so this is the one method here that does not explain the score before the
    softmax: an image on which the class has next to no probability has no heat.

    Args:
        model: A classifier that is a GoogLeNet or holds one; or the `Network` of one.
        images: RGB in [0, 255], of shape (images, height, width, 3), of the model's input size.
        classes: The index of a class for each image.
        masks: How many there are; the paper takes 4,000 to 8,000.
        cells: Of a mask before it is enlarged and shifted, each way; at most the image's shorter side.
        kept: Probability of a cell to be kept, more than 0 and less than 1.
        baseline: What is seen elsewhere: `mean`, `gray`, `black` or `blur`.
        seed: Of the masks, which are the same for each image.
        verbose: As in Keras: 1 for a progress bar.

    Returns:
        float32 array of shape (images, height, width): at each pixel about the class's mean probability where the pixel
        is kept.

    Raises:
        InputError: There is no such class or baseline, the images are of another kind or size, there are no masks, or
            the model is no such classifier.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, classes=2, input_shape=(64, 64, 3))
        >>> rise(model, np.zeros((1, 64, 64, 3)), [0], masks=4).shape
        (1, 64, 64)

    Reference:
        [RISE](https://arxiv.org/abs/1806.07421), equations 6 and 7, and section 3.3.
    """
    network, images, classes = checked(model, images, classes)
    check_count("masks", masks)
    check_count("cells", cells, least=2)
    size = images.shape[1:3]
    if not 0 < kept < 1 or cells > min(size):
        raise InputError(
            f"Expected cells of at most {min(size)}, and kept between 0 and 1. Received: cells={cells}, kept={kept}"
        )
    rng = np.random.default_rng(seed)
    grids = rng.random((masks, cells, cells)) < kept
    cell = [-(-side // cells) for side in size]
    shifts = np.stack([rng.integers(0, side, masks) for side in cell], axis=1)
    bar = keras.utils.Progbar(masks * len(images), verbose=verbose)
    heats, covers = np.zeros(images.shape[:3]), baseline_of(images, baseline)
    for part in chunks(masks):
        smooth = np.stack([mask(grid, size, shift) for grid, shift in zip(grids[part], shifts[part], strict=True)])
        for heat, image, cover, index in zip(heats, images, covers, classes, strict=True):
            seen = cover + smooth[..., None] * (image - cover)
            heat += np.tensordot(network.classifier.predict(seen)[:, index].astype("float64"), smooth, 1)
            bar.add(len(seen))
    return (heats / (masks * kept)).astype("float32")


def mask(grid: np.ndarray, size: tuple[int, int], shift: Sequence[int]) -> np.ndarray:
    """A mask: a grid enlarged to a cell more than the image each way, bilinearly, and the image's size cut out of it.

    Args:
        grid: Boolean array of shape (cells, cells).
        size: `(height, width)` of the image.
        shift: Rows and columns at which it is cut, less than a cell each.

    Returns:
        float32 array of shape (height, width), from 0 to 1.

    Example:
        >>> mask(np.eye(2) > 0, (4, 4), (1, 1)).shape
        (4, 4)
    """
    height, width = (-(-side // cells) * (cells + 1) for side, cells in zip(size, grid.shape, strict=True))
    large = np.asarray(Image.fromarray(grid.astype("float32")).resize((width, height), Image.Resampling.BILINEAR))
    return large[shift[0] : shift[0] + size[0], shift[1] : shift[1] + size[1]]

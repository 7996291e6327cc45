"""What images a model takes: their size, their colors, and whether the mean is subtracted before it sees them."""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from keras_googlenet.architecture.table import DEFAULT_SIZE
from keras_googlenet.errors import InputError
from keras_googlenet.imagenet import preprocess_input
from keras_googlenet.model import graph
from keras_googlenet.model.preprocessing import PREPROCESSING

FIRST = "conv1_7x7_s2"
"""The layer by which a network of this package is known, whatever it stands in."""

OF_THE_NETWORK = frozenset(("pixels", "gray_to_rgb_mean"))
"""Layers by which some networks make what they need of images that have the mean subtracted already."""

SIDES, MAX_CHANNELS = (8, 4096), 64
"""Least and most pixels of a side, and most channels, of what is taken for a model of images."""

LUMA = (19595, 38470, 7471)
"""65536ths of red, green and blue in a gray level: ITU-R BT.601, as Pillow's `convert("L")` has them."""

ARITHMETIC = frozenset(("Add", "Subtract", "Multiply", "Divide", "TrueDivide"))
"""Operations such as `preprocess_input`, applied to a symbolic tensor, leaves in a model."""


@dataclass(frozen=True)
class ImageInput:
    """The images of a model, as `image_input` finds them.

    Attributes:
        size: `(height, width)` in pixels; the paper's where the model takes any.
        channels: 1, gray, or 3, RGB.
        channels_first: Whether channels come before rows and columns.
        included: Whether the model takes pixels of 0-255 as read from a file, and preprocesses them itself.
        assumed: A sentence that says what is only assumed of it, or None.
    """

    size: tuple[int, int]
    channels: int
    channels_first: bool
    included: bool
    assumed: str | None

    @property
    def side(self):
        """`size` as the functions of `data` take it: a number where it is a square."""
        height, width = self.size
        return height if height == width else self.size

    def pixels(self, images):
        """The colors that the model sees.

        Args:
            images: RGB in [0, 255], of shape (..., height, width, 3): an array or a tensor.

        Returns:
            The same as floats, of shape (..., height, width, channels). Gray levels are whole numbers, as Pillow's.
        """
        array = isinstance(images, np.ndarray)
        images = images.astype("float32") if array else ops.cast(images, "float32")
        if self.channels == 3:
            return images
        red, green, blue = (weight * images[..., i : i + 1] for i, weight in enumerate(LUMA))
        # Exact: no number is as large as 2 ** 24.
        return (np if array else ops).floor((red + green + blue + 2**15) / 2**16)

    def prepare(self, pixels):
        """What the model takes.

        Args:
            pixels: What `pixels` returns, with or without a batch's axis.

        Returns:
            The same minus the mean, unless the model does that itself, and with channels first for models that take
            them so.
        """
        if not self.included:
            pixels = preprocess_input(pixels, data_format="channels_last")
        if not self.channels_first:
            return pixels
        return (np if isinstance(pixels, np.ndarray) else ops).moveaxis(pixels, -1, -3)

    def preprocess(self, images):
        """What the model takes of RGB images: `prepare` of `pixels`."""
        return self.prepare(self.pixels(images))


def image_input(model):
    """Finds out what images a model takes.

    A network of this package takes them minus the mean, `preprocess_input`, unless it was built with
    `include_preprocessing`. A model that rescales or normalizes its images before its first convolution takes them as
    they are read from a file, and so does one whose input is of whole numbers. Of any other it is assumed that it takes
    them minus the mean.

    Args:
        model: A Keras model.

    Returns:
        An `ImageInput`.

    Raises:
        InputError: It does not take one batch of images, gray or RGB.
    """
    (*size, channels), channels_first = image_shape(model)
    if channels not in (1, 3):
        raise InputError(
            "Expected a model of images as files hold them: of 1 channel, gray, or of 3, RGB. "
            f"Received: {model.name}, which takes {channels} channels"
        )
    included, assumed = _preprocessing(model, list(graph.forward(model)), model.inputs[0].dtype)
    return ImageInput(tuple(size), channels, channels_first, included, assumed)


def image_shape(model):
    """The shape of a model's images, whatever their channels.

    Args:
        model: A Keras model.

    Returns:
        `(height, width, channels)` and whether the model has channels first. A side that is not fixed is the other one,
        or the paper's.

    Raises:
        InputError: It does not take one batch of images.
    """
    inputs = graph.ends(model, "inputs")
    shape = tuple(inputs[0].shape) if len(inputs) == 1 else ()
    if len(shape) != 4:
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in inputs) or "no input of a known shape"
        raise InputError(f"Expected a model of one batch of images. Received: {model.name}, which takes {shapes}")
    kernels = (part for part in graph.forward(model) if hasattr(part, "kernel_size") and hasattr(part, "data_format"))
    told = (layer.data_format == "channels_first" for layer in kernels)
    channels_first = next(told, shape[3] not in (1, 3) and shape[1] in (1, 3))
    channels, *size = (shape[1], *shape[2:]) if channels_first else (shape[3], *shape[1:3])
    known = next((side for side in size if side), DEFAULT_SIZE)
    if not all(SIDES[0] <= side <= SIDES[1] for side in size if side) or not channels or channels > MAX_CHANNELS:
        raise InputError(
            f"Expected a model of images, of {SIDES[0]} to {SIDES[1]:,} pixels a side and 1 to {MAX_CHANNELS} "
            f"channels. Received: {model.name}, which takes {shape}"
        )
    return (*(side or known for side in size), channels), channels_first


def _preprocessing(model, operations, dtype):
    """Whether the model preprocesses its images itself, and what of that is assumed."""
    if any(getattr(part, "include_preprocessing", False) for part in (model, *operations)):
        return True, None
    for operation in operations:
        if operation.name == PREPROCESSING:
            return True, None
        if _rescales(operation):
            kind = type(operation).__name__
            return True, f"it begins with preprocessing of its own ({kind}), so it is given pixels of 0-255 as they are"
        if hasattr(operation, "kernel"):
            break
    if keras.backend.is_int_dtype(dtype):
        return True, f"its images are {dtype}, so it is given pixels of 0-255 as they are"
    if any(operation.name == FIRST for operation in operations):
        return False, None
    return False, (
        "it is no network of this package and has no preprocessing of its own, so it is given images minus the mean "
        "(preprocess_input)"
    )


def _rescales(operation):
    if isinstance(operation, keras.layers.Layer):
        kinds = (keras.layers.Rescaling, keras.layers.Normalization)
        return isinstance(operation, kinds) and operation.name not in OF_THE_NETWORK
    return type(operation).__name__ in ARITHMETIC

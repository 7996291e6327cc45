"""What happens to the pixels before the first convolution, each step a layer without weights.

The mean is subtracted, gray becomes RGB, and a variant's own scale is made of this package's: each only where it is
asked for. None of it can be folded into the first convolution, which pads its input with zeros: its bias would have to
change toward the border.
"""

from keras import layers as keras_layers

from keras_googlenet.errors import InputError
from keras_googlenet.imagenet import MEAN_GRAY, MEAN_RGB
from keras_googlenet.model import blocks

PREPROCESSING = "preprocess_input"
"""The layer that subtracts the mean, in a model that takes pixels as they are read from a file."""


def subtract_mean(x):
    """`preprocess_input` as a layer.

    Args:
        x: Keras tensor of images in 0-255: gray, RGB, or RGB with more channels, from which nothing is subtracted.

    Returns:
        Keras tensor of the same shape.

    Raises:
        InputError: There are two channels.
    """
    mean = _by_channel(blocks.channels(x), (MEAN_GRAY,), MEAN_RGB)
    return _rescaling(x, 1.0, [-value for value in mean], PREPROCESSING, dtype=blocks.output_dtype())


def gray_to_rgb(x):
    """What `preprocess_input` makes of a gray image repeated over RGB, from what it makes of the gray image.

    Args:
        x: Keras tensor of one channel: 0-255 minus `MEAN_GRAY`.

    Returns:
        Keras tensor of three channels: 0-255 minus the mean color.
    """
    x = keras_layers.Concatenate(axis=blocks.channel_axis(), name="gray_to_rgb", dtype=blocks.output_dtype())([x, x, x])
    offset = [MEAN_GRAY - value for value in MEAN_RGB]
    return _rescaling(x, 1.0, offset, "gray_to_rgb_mean", dtype=blocks.output_dtype())


def own(x, pixels):
    """A network's own pixels.

    Args:
        x: Keras tensor of preprocessed images: gray, RGB, or RGB with more channels, which are scaled only.
        pixels: The `architecture.Pixels`.

    Returns:
        Keras tensor of the same shape.

    Raises:
        InputError: There are two channels.
    """
    # Of one channel: the offset of a gray pixel, the mean of what the three colors get.
    black = sum(o - m * pixels.scale for o, m in zip(pixels.offset, MEAN_RGB, strict=True)) / 3
    offset = _by_channel(blocks.channels(x), (MEAN_GRAY * pixels.scale + black,), pixels.offset)
    return _rescaling(x, pixels.scale, list(offset), "pixels")


def _by_channel(channels, gray, rgb):
    if channels == 2:
        raise InputError(
            "The mean is known of one channel (gray) and of three (RGB), which others may follow. "
            "Received: images of 2 channels"
        )
    return gray if channels == 1 else (*rgb, *[0.0] * (channels - 3))


def _rescaling(x, scale, offset, name, dtype=None):
    if blocks.channel_axis() == 1:
        offset = [[[value]] for value in offset]
    return keras_layers.Rescaling(scale, offset, name=name, dtype=dtype)(x)

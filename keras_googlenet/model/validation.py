"""What `GoogLeNet()` refuses, and with which words. The rules are those that the keras.applications share."""

import os
import warnings

import keras

from keras_googlenet.architecture.table import DEFAULT_SIZE, MIN_SIZE
from keras_googlenet.errors import InputError
from keras_googlenet.utils.messages import nearest
from keras_googlenet.weights import REGISTRY
from keras_googlenet.weights.registry import find


def check_weights(weights, include_top, classes, classifier_activation):
    """Refuses weights that do not exist or do not go with the other arguments.

    Raises:
        InputError: It says which argument, what was expected and what was received.
    """
    named = find(weights)
    if weights is not None and named is None and not _exists(weights):
        raise InputError(
            "The `weights` argument should be either `None` (random initialization), one of "
            f"{sorted(REGISTRY)}, or the path to the weights file to be loaded, and no such file exists. "
            f"Received: weights={weights!r}.{nearest(weights, REGISTRY)}".rstrip(".")
        )
    if not isinstance(classes, int) or classes < 1:
        raise InputError(f"`classes` must be a positive integer. Received: classes={classes!r}")
    if named is not None and include_top and classes not in named.classes:
        expected = " or ".join(map(str, named.classes))
        raise InputError(
            f"If using `weights={weights!r}` with `include_top=True`, `classes` should be {expected}; for other "
            f"classes build on `include_top=False`. Received: classes={classes}"
        )
    usual = (keras.activations.softmax, keras.activations.linear)
    if weights is not None and include_top and keras.activations.get(classifier_activation) not in usual:
        raise InputError(
            "When using pretrained weights, with `include_top=True`, only `classifier_activation='softmax'` or "
            f"`None` can be used. Received: classifier_activation={classifier_activation!r}"
        )


def _exists(path):
    if not isinstance(path, (str, os.PathLike)):
        return False
    path = os.fspath(path)
    # A TensorFlow checkpoint may be two files that only begin like its name.
    return os.path.exists(path) or (path.endswith(".ckpt") and os.path.exists(f"{path}.index"))


def resolve_input_shape(input_shape, weights, include_top):
    """The shape of the model's input, batch left out, in the current image data format.

    Args:
        input_shape: What the user gave, or None for the default.
        weights: The `weights` argument.
        include_top: Whether the classifier is built, which needs a static shape.

    Returns:
        A tuple of three; height and width may be None without the top.

    Raises:
        InputError: The shape is malformed, too small, dynamic with the top, or not for the named weights.
    """
    if input_shape is None:
        size = (DEFAULT_SIZE, DEFAULT_SIZE) if include_top else (None, None)
        return (*size, 3) if keras.config.image_data_format() == "channels_last" else (3, *size)
    if not isinstance(input_shape, (tuple, list)) or len(input_shape) != 3:
        raise InputError(
            f"`input_shape` must be a tuple of three integers, without the batch. Received: input_shape={input_shape}"
        )
    channels = _check_shape(input_shape, weights, include_top, f"input_shape={input_shape}")
    if channels not in (1, 3):
        start = "" if weights is None else " With RGB weights, the kernels of those after the third start at zero."
        warnings.warn(
            "This model usually expects 1 or 3 input channels. "
            f"Received: input_shape={input_shape} with {channels} input channels.{start}",
            stacklevel=3,
        )
    return tuple(input_shape)


def _check_shape(shape, weights, include_top, received):
    """Refuses the shape of an image that a network cannot be built for, or named weights cannot serve: all are for RGB.

    Returns:
        The number of channels.
    """
    data_format = keras.config.image_data_format()
    channels, size = (shape[2], shape[:2]) if data_format == "channels_last" else (shape[0], shape[1:])
    if not isinstance(channels, int) or channels < 1:
        raise InputError(f"The number of channels must be a positive integer ({data_format}). Received: {received}")
    if find(weights) is not None and (channels == 2 or (include_top and channels != 3)):
        expected = "with `include_top=True`" if include_top else "or 1 (gray), or more of which the first three are RGB"
        raise InputError(f"The input must have 3 channels for `weights={weights!r}`, {expected}. Received: {received}")
    for side in size:
        if side is not None and (not isinstance(side, int) or side < MIN_SIZE):
            raise InputError(f"Input size must be at least {MIN_SIZE}x{MIN_SIZE}. Received: {received}")
    if include_top and None in size:
        raise InputError(f"If `include_top` is True, the input needs a static height and width. Received: {received}")
    return channels


def check_input_tensor(input_tensor, input_shape, weights, include_top):
    """Refuses an `input_tensor` that a network of this kind cannot be put upon.

    Raises:
        InputError: It is no Keras tensor, not a batch of images, too small, or not of `input_shape`.
    """
    if not keras.backend.is_keras_tensor(input_tensor):
        raise InputError(
            "`input_tensor` must be a Keras tensor: the output of `keras.Input()` or of a layer. "
            f"Received: input_tensor={input_tensor!r} (of type {type(input_tensor)})"
        )
    shape = tuple(input_tensor.shape)
    received = f"input_tensor of shape {shape}"
    if len(shape) != 4:
        raise InputError(f"`input_tensor` must be a batch of images, of rank 4. Received: {received}")
    _check_shape(shape[1:], weights, include_top, received)
    if input_shape is not None and tuple(input_shape) != shape[1:]:
        raise InputError(
            f"`input_shape` and `input_tensor` disagree; give one of them. Received: input_shape={input_shape}, "
            f"{received}"
        )


def check_options(include_top, pooling, aux_heads, table):
    """Refuses pooling modes that do not exist, and auxiliary heads where there can be none.

    Raises:
        InputError: It says which argument, what was expected and what was received.
    """
    if pooling not in (None, "avg", "max"):
        raise InputError(f"`pooling` must be None, 'avg' or 'max'. Received: pooling={pooling!r}")
    if aux_heads and not include_top:
        raise InputError(
            "Auxiliary heads classify, so they need `include_top=True`. "
            f"Received: aux_heads={aux_heads}, include_top={include_top}"
        )
    if aux_heads and not table.auxiliary:
        raise InputError(f"The table {table.name!r} has no auxiliary heads. Received: aux_heads={aux_heads}")

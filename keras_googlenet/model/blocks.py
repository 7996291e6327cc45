"""From rows of the table to Keras layers: convolution, pools, the classifier's layers.

Names follow Caffe's `models/bvlc_googlenet/train_val.prototxt` with `/` as `_`.
"""

import dataclasses

import keras
from keras import layers

from keras_googlenet.architecture.costs import output_size
from keras_googlenet.layers import faster
from keras_googlenet.model import initialization


def channel_axis():
    """Index of the channels in a batch of images."""
    return -1 if keras.config.image_data_format() == "channels_last" else 1


def channels(x):
    """How many channels a batch of images or feature maps has."""
    return x.shape[channel_axis()]


def image_size(x):
    """`(height, width)` of a batch of images or feature maps; None where it is dynamic."""
    return tuple(x.shape[1:3] if channel_axis() == -1 else x.shape[2:4])


def output_dtype():
    """Dtype of a layer whose output is a probability: float32 under mixed precision, else the default."""
    return "float32" if keras.config.dtype_policy().compute_dtype in ("float16", "bfloat16") else None


def conv(x, step, *, batch_norm=None, padding="caffe", kernel_initializer=None):
    """A convolution and its ReLU ("all the convolutions [...] use rectified linear activation", section 5).

    Args:
        x: Keras tensor of images or feature maps.
        step: The `architecture.Conv`.
        batch_norm: An `architecture.BatchNorm` to put between the two, in place of the bias, or None.
        padding: `"caffe"`: a stride of 2 pads both sides alike, where Keras's `"same"` would pad 2 and 3 pixels
            around a 7x7 window of 224. `"same"`: Keras's rule.
        kernel_initializer: None means `initialization.trunk()`.

    Returns:
        Keras tensor with `step.filters` channels.
    """
    on_both_sides = step.stride > 1 and padding == "caffe"
    if on_both_sides:
        x = layers.ZeroPadding2D(step.kernel // 2, name=f"{step.name}_pad")(x)
    x = faster.Conv2D(
        step.filters,
        step.kernel,
        strides=step.stride,
        padding="valid" if on_both_sides else "same",
        activation=None if batch_norm else "relu",
        use_bias=batch_norm is None,
        kernel_initializer=kernel_initializer or initialization.trunk(),
        name=step.name,
    )(x)
    if batch_norm is None:
        return x
    constants = dataclasses.asdict(batch_norm)  # whose fields are arguments of Keras's layer
    x = layers.BatchNormalization(channel_axis(), **constants, name=f"{step.name}_bn")(x)
    return layers.ReLU(name=f"{step.name}_relu")(x)


def max_pool(x, pool, *, name, padding="caffe"):
    """A max pool. With a stride it rounds the output size up, as Caffe does, on odd, even and dynamic sizes alike.

    Keras has no such rule, but its `"same"` (even sizes) and `"valid"` (odd sizes) each coincide with it where no pixel
    is padded at the top or left. Otherwise the map is first padded at the bottom and right; zeros will do, since
    what is pooled has been through a ReLU.

    Args:
        x: Keras tensor, not negative.
        pool: The `architecture.MaxPool`.
        name: Layer name.
        padding: `"caffe"`, or `"same"` for Keras's rule.

    Returns:
        The pooled Keras tensor.
    """
    rule = "same" if padding == "same" or pool.stride == 1 else _keras_rule(x, pool)
    if rule is None:
        end = pool.stride - 1
        x = layers.ZeroPadding2D(((0, end), (0, end)), name=f"{name}_pad")(x)
    return faster.MaxPooling2D(pool.kernel, pool.stride, padding=rule or "valid", name=name)(x)


def _keras_rule(x, pool):
    """The Keras padding that pools both sides of this map just as Caffe would, or None."""
    kernel, stride = pool.kernel, pool.stride

    def agrees(rule, size):
        if size is None:
            return False
        if rule == "valid":
            return size >= kernel and (size - kernel) % stride == 0
        out = output_size(pool, size, "caffe")
        padded_before = max((out - 1) * stride + kernel - size, 0) // 2
        return -(-size // stride) == out and padded_before == 0

    return next((rule for rule in ("same", "valid") if all(agrees(rule, size) for size in image_size(x))), None)


def classifier(x, classes, activation, *, name):
    """The linear layer and its softmax: `classes` numbers per image, float32 under mixed precision."""
    return layers.Dense(
        classes, activation, kernel_initializer=initialization.classifier(), dtype=output_dtype(), name=name
    )(x)

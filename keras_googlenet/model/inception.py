"""The Inception module, Fig. 2 of the paper: (a) naive, (b) with dimension reductions."""

import keras

from keras_googlenet.architecture import Inception, MaxPool
from keras_googlenet.layers import faster
from keras_googlenet.model import blocks


def inception(x, row, *, batch_norm=None, padding="caffe"):
    """The module that a row of the table describes: four branches side by side, concatenated by channel.

    Args:
        x: Keras tensor of feature maps, not negative.
        row: An `architecture.Inception`.
        batch_norm: An `architecture.BatchNorm` after each convolution, or None.
        padding: See `blocks.conv`.

    Returns:
        Keras tensor of the same height and width.
    """
    outputs = []
    for steps in row.branches:
        y = x
        for step in steps:
            if isinstance(step, MaxPool):
                y = blocks.max_pool(y, step, name=step.name, padding=padding)
            else:
                y = blocks.conv(y, step, batch_norm=batch_norm, padding=padding)
        outputs.append(y)
    return faster.Concatenate(axis=blocks.channel_axis(), name=row.layer)(outputs)


def inception_module(
    x: keras.KerasTensor,
    filters_1x1: int,
    filters_3x3_reduce: int,
    filters_3x3: int,
    filters_5x5_reduce: int,
    filters_5x5: int,
    pool_proj: int,
    *,
    name: str,
) -> keras.KerasTensor:
    """The Inception module with dimension reductions, Fig. 2(b), for networks of your own.

    1x1 convolutions reduce the channels before the 3x3 and the 5x5 convolution and after the pool, which keeps the
    cost in hand when modules are stacked. The arguments are the columns of Table 1, in its order.

    Args:
        x: Keras tensor of feature maps, of shape `(batch, height, width, channels)`, or channels first where that is
            Keras's image data format. Not negative (after a ReLU), since the pool pads with zeros.
        filters_1x1: Filters of the 1x1 branch.
        filters_3x3_reduce: Filters of the 1x1 convolution before the 3x3.
        filters_3x3: Filters of the 3x3 convolution.
        filters_5x5_reduce: Filters of the 1x1 convolution before the 5x5.
        filters_5x5: Filters of the 5x5 convolution.
        pool_proj: Filters of the 1x1 convolution after the 3x3/1 max pool.
        name: Prefix of the layers' names.

    Returns:
        Keras tensor of the same height and width with `filters_1x1 + filters_3x3 + filters_5x5 + pool_proj` channels.

    Example:
        >>> import keras
        >>> from keras_googlenet import inception_module
        >>> x = keras.Input((28, 28, 192))
        >>> inception_module(x, 64, 96, 128, 16, 32, 32, name="inception_3a").shape
        (None, 28, 28, 256)
    """
    columns = (filters_1x1, filters_3x3_reduce, filters_3x3, filters_5x5_reduce, filters_5x5)
    return inception(x, Inception(name, *columns, pool_proj))


def naive_inception_module(
    x: keras.KerasTensor, filters_1x1: int, filters_3x3: int, filters_5x5: int, *, name: str
) -> keras.KerasTensor:
    """The naive Inception module, Fig. 2(a): no reductions, and the pooled input passed on whole.

    Args:
        x: As in `inception_module`.
        filters_1x1: Filters of the 1x1 convolution.
        filters_3x3: Filters of the 3x3 convolution.
        filters_5x5: Filters of the 5x5 convolution.
        name: Prefix of the layers' names.

    Returns:
        Keras tensor of the same height and width with `filters_1x1 + filters_3x3 + filters_5x5` channels more than
        `x` has.

    Example:
        >>> import keras
        >>> from keras_googlenet import naive_inception_module
        >>> naive_inception_module(keras.Input((28, 28, 192)), 64, 128, 32, name="naive").shape
        (None, 28, 28, 416)
    """
    return inception(x, Inception(name, filters_1x1, None, filters_3x3, None, filters_5x5, None))

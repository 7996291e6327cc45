"""The auxiliary classifiers, section 5 of the paper: they push gradient into the lower layers and regularize."""

from keras import layers as keras_layers

from keras_googlenet.model import blocks, initialization


def auxiliary(x, head, classes, activation, **style):
    """An average pool, a 1x1 convolution, a fully connected layer, dropout and a classifier.

    The pool is 5x5 with a stride of 3, "valid", as the paper has it: 14x14 maps become 4x4. (Caffe would round the
    output size up; the two agree at 224 pixels.) A map smaller than the window is pooled whole.

    Args:
        x: Keras tensor of feature maps with static height and width.
        head: The `architecture.Auxiliary`.
        classes: Number of classes.
        activation: Activation of the classifier.
        **style: `batch_norm` and `padding`, see `blocks.conv`.

    Returns:
        Keras tensor of shape `(batch, classes)`.
    """
    if head.grid is None:
        window = [min(head.pool, size) for size in blocks.image_size(x)]
        x = keras_layers.AveragePooling2D(window, head.stride, name=f"{head.name}_pool")(x)
    else:
        x = keras_layers.AdaptiveAveragePooling2D(head.grid, name=f"{head.name}_pool")(x)
    x = blocks.conv(x, head.conv, **style, kernel_initializer=initialization.auxiliary())
    x = keras_layers.Flatten(name=f"{head.name}_flatten")(x)
    x = keras_layers.Dense(head.units, "relu", kernel_initializer=initialization.auxiliary(), name=f"{head.name}_fc")(x)
    x = keras_layers.Dropout(head.dropout, name=f"{head.name}_drop")(x)
    return blocks.classifier(x, classes, activation, name=head.name)

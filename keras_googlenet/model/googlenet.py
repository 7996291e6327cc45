"""`GoogLeNet()`: walks the table and builds the Keras model."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
from keras import layers as keras_layers

from keras_googlenet.architecture import Architecture, rows
from keras_googlenet.architecture.variants import resolve
from keras_googlenet.layers import LocalResponseNormalization
from keras_googlenet.model import blocks, preprocessing, validation
from keras_googlenet.model.auxiliary import auxiliary
from keras_googlenet.model.googlenet_model import GoogLeNetModel
from keras_googlenet.model.inception import inception
from keras_googlenet.model.pretrained import in_order_of_ilsvrc, is_rgb, load_pretrained, made_for
from keras_googlenet.utils import ilsvrc2012


class _Unasked(int):
    """A number that stands where none was given."""


CLASSES = _Unasked(1000)
"""ImageNet's."""


def GoogLeNet(
    include_top: bool = True,
    weights: str | Path | None = "imagenet",
    input_tensor: keras.KerasTensor | None = None,
    input_shape: Sequence[int | None] | None = None,
    pooling: str | None = None,
    classes: int = CLASSES,
    classifier_activation: Any = "softmax",
    name: str = "googlenet",
    *,
    aux_heads: bool | None = None,
    variant: str | Architecture | None = None,
    include_preprocessing: bool = False,
) -> GoogLeNetModel:
    """Instantiates the GoogLeNet architecture, the first Inception network.

    Inputs are RGB in 0..255 with the mean subtracted: see `preprocess_input`, or `include_preprocessing`. By default
    the model classifies ImageNet with BVLC's weights and has one output; with `weights=None` it has the paper's three,
    `[predictions, aux1, aux2]`, to be trained with loss weights `[1, 0.3, 0.3]`.

    With weights of an RGB network, an input of one channel computes what the gray image repeated over RGB does. Of more
    than three channels the first three are RGB; the kernels of the others start at zero.

    Args:
        include_top: Whether to end in the average pool, dropout and classifier.
        weights: None (random initialization); `"imagenet"` (BVLC's, the paper's network), `"inception5h"` (Google's
            own, of the Circuits articles), `"imagenet_torchvision"` or `"imagenet_slim"` (other networks: the variants
            `inception5h`, `torchvision` and `slim`), downloaded once; or the path of a `.weights.h5`, `.keras`,
            `.caffemodel`, `.onnx`, `.npz`, `.pth` or `.safetensors` (torchvision's), `.ckpt` (TF-slim's, or
            Lightning's), `.pb` or `.zip` (Google's own) file. Where a file meets other `classes` than its own, or
            `include_top=False`, the trunk alone is taken.
        input_tensor: Keras tensor to build upon, instead of a new input.
        input_shape: Shape of one image, by default `(224, 224, 3)`, `(None, None, 3)` without the top; at least
            32x32. Channels come first where that is Keras's image data format. Named weights with the top take three.
        pooling: Without the top: None gives the 4D feature map, `"avg"` and `"max"` pool it to a vector.
        classes: Number of classes. Unless it is given, Google's own weights, `"inception5h"` or a file of them, have
            their own 1008 columns, in the order of ILSVRC 2012, eight of them no class. With `classes=1000` they have
            the columns of the 1000 classes, in the order of Keras and of all other weights, and the softmax is over
            these. `decode_predictions` takes both.
        classifier_activation: Activation of the classifiers, or None for logits. Pretrained models take `"softmax"` or
            None.
        name: Name of the model.
        aux_heads: Whether to build the auxiliary classifiers. None means: with the top and without pretrained weights,
            where they exist to train. On maps smaller than their 5x5 pool (inputs under 79 pixels) the pool's
            window is clipped to the map.
        variant: The table to build: a name of `architecture.VARIANTS`, such as `"batchnorm"`, or an `Architecture` of
            your own. None means the one that the weights were made for, else the paper's.
        include_preprocessing: Whether the model takes images in 0..255 as they are read from a file, RGB or gray: its
            layer `preprocess_input` then does what that function does. More channels than RGB's are taken as they are.

    Returns:
        A `GoogLeNetModel`, which is a Functional `keras.Model`.

    Raises:
        ValueError: An argument is out of range, or the weights do not fit: nothing is then half loaded.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> GoogLeNet(weights=None).count_params()
        13378280
        >>> GoogLeNet(weights=None, include_top=False, pooling="avg").output_shape
        (None, 1024)

    Reference:
        [Going Deeper with Convolutions](https://arxiv.org/abs/1409.4842), Table 1 and Fig. 3.
    """
    validation.check_weights(weights, include_top, classes, classifier_activation)
    if classes is CLASSES and weights is not None and in_order_of_ilsvrc(weights):
        classes = ilsvrc2012.WIDTH
    table = resolve(made_for(weights) if variant is None else variant)
    if aux_heads is None:
        aux_heads = include_top and weights is None and bool(table.auxiliary)
    validation.check_options(include_top, pooling, aux_heads, table)
    if input_tensor is None:
        shape = validation.resolve_input_shape(input_shape, weights, include_top)
        x = inputs = keras.Input(shape)
    else:
        validation.check_input_tensor(input_tensor, input_shape, weights, include_top)
        x, inputs = input_tensor, keras.utils.get_source_inputs(input_tensor)
        inputs = inputs[0] if len(inputs) == 1 else inputs  # as a model that begins with its own input has it

    if include_preprocessing:
        x = preprocessing.subtract_mean(x)
    if blocks.channels(x) == 1 and weights is not None and is_rgb(weights, table):
        x = preprocessing.gray_to_rgb(x)
    if table.pixels is not None:
        x = preprocessing.own(x, table.pixels)
    built = table.rows if include_top else table.trunk
    x, heads = _rows(x, built, table, classes, classifier_activation, aux_heads)
    if not include_top and pooling is not None:
        kinds = {"avg": keras_layers.GlobalAveragePooling2D, "max": keras_layers.GlobalMaxPooling2D}
        x = kinds[pooling](name=f"{pooling}_pool")(x)
    outputs = [x, *heads] if heads else x
    model = GoogLeNetModel(inputs, outputs, name, architecture=table, include_preprocessing=include_preprocessing)
    if weights is not None:
        upstream = () if input_tensor is None else keras.Model(inputs, input_tensor).layers
        own = [layer for layer in model.layers if layer not in upstream]
        load_pretrained(own, weights, table, include_top)
    return model


def _rows(x, built, table, classes, activation, aux_heads):
    """What rows of the table make of a Keras tensor, and the outputs of the auxiliary heads that branch off them."""
    style = {"batch_norm": table.batch_norm, "padding": table.padding}
    heads = {}
    for row in built:
        match row:
            case rows.Convolution():
                for step in row.convs:
                    x = blocks.conv(x, step, **style)
            case rows.MaxPool():
                x = blocks.max_pool(x, row, name=row.layer, padding=table.padding)
            case rows.LRN():
                x = LocalResponseNormalization(**dataclasses.asdict(row))(x)
            case rows.Inception():
                x = inception(x, row, **style)
            case rows.AveragePool():
                x = keras_layers.GlobalAveragePooling2D(name=row.layer)(x)
            case rows.Dropout():
                x = keras_layers.Dropout(row.rate, name=row.layer)(x)
            case rows.Linear():
                x = blocks.classifier(x, classes, activation, name=row.layer)
        for head in table.auxiliary if aux_heads else ():
            if head.after == row.name:
                heads[head.name] = auxiliary(x, head, classes, activation, **style)
    return x, [heads[head.name] for head in table.auxiliary if head.name in heads]

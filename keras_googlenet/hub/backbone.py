"""The rows of Table 1 below the average pool as a KerasHub backbone, and what puts images into it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import keras
import keras_hub

from keras_googlenet.architecture import Architecture
from keras_googlenet.errors import InputError
from keras_googlenet.imagenet import MEAN_RGB
from keras_googlenet.model.googlenet import GoogLeNet
from keras_googlenet.utils.dtype_policy import default_dtype_policy

OFFSET = tuple(-mean for mean in MEAN_RGB)


@keras.saving.register_keras_serializable(package="keras_googlenet")
class GoogLeNetBackbone(keras_hub.models.FeaturePyramidBackbone):
    """The rows of Table 1 below the average pool, as a KerasHub backbone.

    Its output is the last Inception module's, 1024 maps. `pyramid_outputs` has the last row at each stride: the paper's
    conv2 after its normalization as `P2`, 3b as `P3`, 4e as `P4` and 5b as `P5`. Level `Pn` is `2**n` times smaller
    than the image if its sides are multiples of 32. Otherwise Caffe's rule for pools, which this network follows, may
    leave it a pixel smaller than a feature pyramid expects.

    Inputs are RGB in 0..255 with the mean subtracted, which a `GoogLeNetImageConverter` does.

    Args:
        variant: The table to build: a name, an `Architecture`, or the dict of its `get_config`. None means the one that
            the weights were made for, else the paper's.
        image_shape: Shape of one image, by default `(None, None, 3)`; at least 32x32.
        weights: What `GoogLeNet` takes: None, a name such as `"imagenet"`, or a file. They are no part of the
            configuration.
        dtype: Dtype or policy of the layers. None means Keras's default.
        **kwargs: `name` and `trainable`.

    Raises:
        ValueError: An argument is out of range, or the weights do not fit.

    Example:
        >>> from keras_googlenet.hub import GoogLeNetBackbone
        >>> backbone = GoogLeNetBackbone(image_shape=(64, 64, 3))
        >>> {level: maps.shape[1:] for level, maps in backbone.pyramid_outputs.items()}
        {'P2': (16, 16, 192), 'P3': (8, 8, 480), 'P4': (4, 4, 832), 'P5': (2, 2, 1024)}

    Reference:
        [Going Deeper with Convolutions](https://arxiv.org/abs/1409.4842), Table 1 and section 8.
    """

    def __init__(
        self,
        variant: str | Architecture | dict[str, Any] | None = None,
        image_shape: tuple[int | None, int | None, int] | None = None,
        weights: str | Path | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        if isinstance(variant, dict):
            variant = Architecture.from_config(variant)
        with default_dtype_policy(keras.dtype_policies.get(dtype)):  # None is the one in force
            trunk = GoogLeNet(include_top=False, weights=weights, input_shape=image_shape, variant=variant)
        if any(layer.name == "gray_to_rgb" for layer in trunk.layers):
            raise InputError(
                "A backbone with weights of RGB takes three channels, for its configuration, which has no weights, "
                "must build the same layers again. Repeat gray images over RGB, or use GoogLeNet(include_top=False). "
                f"Received: image_shape={image_shape}"
            )
        super().__init__(inputs=trunk.input, outputs=trunk.output, dtype=dtype, **kwargs)
        if not self.trainable:
            for layer in self.layers:  # a pyramid shares them, and Keras only passes later changes on to them
                layer.trainable = False
        self.variant = cast(Architecture, trunk.architecture)  # `GoogLeNet` notes what it builds from
        self.image_shape = tuple(trunk.input_shape[1:])
        maps = {layer.name: layer.output for layer in trunk.layers}
        self.pyramid_outputs = {
            level: maps.get(f"{row}_relu", maps[row]) for level, row in _levels(self.variant).items()
        }

    def get_config(self) -> dict[str, Any]:
        """The arguments from which `from_config` builds the same backbone, without the weights."""
        config = super().get_config()
        return {**config, "variant": self.variant.get_config(), "image_shape": self.image_shape}


@keras.saving.register_keras_serializable(package="keras_googlenet")
class GoogLeNetImageConverter(keras_hub.layers.ImageConverter):
    """From RGB images in 0..255 to what the network expects: resized if asked for, the mean subtracted.

    Args:
        image_size: `(height, width)` to resize to, or None to leave the size as it is.
        scale: Factor, 1 for this network. Without it, KerasHub would subtract in the images' own dtype, and bytes would
            overflow.
        offset: What is added to red, green and blue: minus BVLC's mean.
        **kwargs: As in `keras_hub.layers.ImageConverter`.

    Call arguments:
        inputs: Images, RGB in 0..255, of shape `(height, width, 3)` or `(batch, height, width, 3)`; or a dict of
            `"images"` and `"bounding_boxes"`.

    Returns:
        The same, images as floats.

    Example:
        >>> import numpy as np
        >>> from keras_googlenet.hub import GoogLeNetImageConverter
        >>> np.asarray(GoogLeNetImageConverter()(np.zeros((1, 1, 3), "uint8"))).tolist()
        [[[-123.0, -117.0, -104.0]]]
    """

    backbone_cls = GoogLeNetBackbone

    def __init__(
        self,
        image_size: tuple[int, int] | None = None,
        scale: float = 1.0,
        offset: Sequence[float] = OFFSET,
        **kwargs: Any,
    ) -> None:
        super().__init__(image_size=image_size, scale=scale, offset=offset, **kwargs)
        self.resizing.fill_value = 0  # as a float, Keras could not pad bytes with it


def _levels(table):
    """The layer of the last row at each stride from 4 on: `{"P2": "conv2_norm2", "P3": "inception_3b_output", ...}`."""
    stride, last = 1, {}
    for row in table.trunk:
        stride *= getattr(row, "stride", 1)
        last[stride] = row.layer
    return {f"P{level}": last[2**level] for level in range(2, 8) if 2**level in last}

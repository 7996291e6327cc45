"""The detector that KerasHub puts upon a backbone: RetinaNet, where section 8 of the paper has R-CNN."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import keras_hub

from keras_googlenet.errors import InputError
from keras_googlenet.hub.backbone import GoogLeNetImageConverter


def retinanet(
    backbone: keras_hub.models.Backbone,
    num_classes: int,
    image_size: tuple[int, int],
    *,
    bounding_box_format: str = "xyxy",
    levels: tuple[int, int] = (3, 5),
    anchor_size: float = 4.0,
    aspect_ratios: Sequence[float] = (0.5, 1.0, 2.0),
    pre_logits_num_conv_layers: int = 4,
    confidence_threshold: float = 0.5,
    **kwargs: Any,
) -> keras_hub.models.RetinaNetObjectDetector:
    """KerasHub's RetinaNet over a GoogLeNet, set up for a trunk without batch normalization.

    It differs from `keras_hub.models.RetinaNetObjectDetector` in two defaults. The heads have group normalization,
    since BVLC's maps are not normalized. The prior probability of 0.01 that focal loss starts from is the bias of the
    classes' head, where KerasHub 0.32 sets it in the boxes' head.

    Args:
        backbone: A `GoogLeNetBackbone`, or any KerasHub backbone with `pyramid_outputs`.
        num_classes: Number of kinds of object.
        image_size: `(height, width)` that images and their boxes are resized to, multiples of 32. Images of other
            proportions are padded.
        bounding_box_format: Format of boxes, given and found: `"xyxy"`, `"yxyx"`, `"xywh"`, ...
        levels: First and last level of the pyramid, 2 to 7. The first is four times the work of the second.
        anchor_size: Side of the smallest anchor of a level, in strides: 4 makes it 32 pixels on level 3.
        aspect_ratios: Height over width of the anchors.
        pre_logits_num_conv_layers: Convolutions of each head before its last.
        confidence_threshold: Least confidence of what `predict` returns. To measure average precision, take 0.05.
        **kwargs: As in `keras_hub.models.RetinaNetObjectDetector`.

    Returns:
        A `keras_hub.models.RetinaNetObjectDetector`, compiled with KerasHub's losses. It takes RGB images in 0..255.

    Raises:
        InputError: A `ValueError`: `image_size` does not consist of multiples of 32.

    Example:
        >>> from keras_googlenet.hub import GoogLeNetBackbone, retinanet
        >>> detector = retinanet(GoogLeNetBackbone(), 2, (64, 64), levels=(4, 5))
        >>> detector.output["cls_logits"].shape  # 9 anchors at 4x4 and 2x2 places
        (None, 180, 2)

    Reference:
        [Focal Loss for Dense Object Detection](https://arxiv.org/abs/1708.02002).
    """
    height, width = image_size
    if height % 32 or width % 32 or not (height and width):
        raise InputError(
            f"`image_size` must be multiples of 32, at which each map is half the last. Received: {image_size}"
        )
    first, last = levels
    pyramid = keras_hub.models.RetinaNetBackbone(
        backbone, min_level=first, max_level=last, use_p5=False, image_shape=(height, width, 3)
    )
    anchors = keras_hub.layers.AnchorGenerator(
        bounding_box_format, first, last, num_scales=3, aspect_ratios=list(aspect_ratios), anchor_size=anchor_size
    )
    boxes: dict[str, Any] = {"bounding_box_format": bounding_box_format}
    converter = GoogLeNetImageConverter((height, width), crop_to_aspect_ratio=False, pad_to_aspect_ratio=True, **boxes)
    decoder = ImagewiseNonMaxSuppression(from_logits=True, confidence_threshold=confidence_threshold, **boxes)
    kwargs.setdefault("anchor_generator", anchors)
    kwargs.setdefault("use_prediction_head_norm", True)
    kwargs.setdefault("preprocessor", keras_hub.models.RetinaNetObjectDetectorPreprocessor(converter))
    kwargs.setdefault("prediction_decoder", decoder)
    kwargs.setdefault("pre_logits_num_conv_layers", pre_logits_num_conv_layers)
    detector = keras_hub.models.RetinaNetObjectDetector(pyramid, num_classes, **boxes, **kwargs)
    for head, value in ((detector.classification_head, math.log(0.01 / 0.99)), (detector.box_head, 0.0)):
        bias = head.prediction_layer.bias
        bias.assign(keras.ops.full(bias.shape, value))
    return detector


@keras.saving.register_keras_serializable(package="keras_googlenet")
class ImagewiseNonMaxSuppression(keras_hub.layers.NonMaxSuppression):
    """KerasHub's non-maximum suppression, for batches of any size.

    KerasHub 0.32 needs a batch size that is known beforehand. In `predict`, Keras drops it at a second batch size, such
    as that of a smaller last batch, and `predict` fails. Here each image is a batch of its own.

    Arguments, call arguments and results are those of `keras_hub.layers.NonMaxSuppression`.

    Example:
        >>> from keras_googlenet.hub.detector import ImagewiseNonMaxSuppression
        >>> decoder = ImagewiseNonMaxSuppression("xyxy", from_logits=True, confidence_threshold=0.05)
    """

    def call(self, box_prediction, class_prediction, images=None):
        """Suppresses boxes, image by image."""
        one = None if images is None else images[:1]  # all are of one size, which is what relative formats ask for

        def choose(image):
            boxes, classes = image
            found = super(ImagewiseNonMaxSuppression, self).call(boxes[None], classes[None], one)
            return {name: values[0] for name, values in found.items()}

        return keras.ops.map(choose, (box_prediction, class_prediction))

"""GoogLeNet for KerasHub: the trunk as a backbone with a feature pyramid, under its classifier and its detector.

Section 8 of the paper puts the network under a detector; KerasHub's RetinaNet takes it in that place today. Importing
this package registers its classes, which is how `keras_hub`'s own `from_preset` finds them. It needs the extra `hub`.
"""

try:
    import keras_hub as _keras_hub  # noqa: F401
except ImportError as error:
    raise ImportError(
        "keras_googlenet.hub is built on KerasHub, which could not be imported. Install it with "
        f'pip install "keras-googlenet[hub]". Received: {error}'
    ) from error

from keras_googlenet.hub.backbone import GoogLeNetBackbone as GoogLeNetBackbone
from keras_googlenet.hub.backbone import GoogLeNetImageConverter as GoogLeNetImageConverter
from keras_googlenet.hub.boxes import draw_boxes as draw_boxes
from keras_googlenet.hub.classifier import GoogLeNetImageClassifier as GoogLeNetImageClassifier
from keras_googlenet.hub.classifier import GoogLeNetImageClassifierPreprocessor as GoogLeNetImageClassifierPreprocessor
from keras_googlenet.hub.detection import mean_average_precision as mean_average_precision
from keras_googlenet.hub.detector import retinanet as retinanet

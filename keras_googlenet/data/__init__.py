"""Section 6's input: where labeled images come from, and the batches made of them.

`load` finds a data set; `training_stream` and `evaluation_batches` turn its splits into what `fit` and `evaluate` take.
"""

from keras_googlenet.data.augmentation import Sampler as Sampler
from keras_googlenet.data.center_crop import resize_crop as resize_crop
from keras_googlenet.data.errors import DataError as DataError
from keras_googlenet.data.errors import ImageError as ImageError
from keras_googlenet.data.errors import reading_errors as reading_errors
from keras_googlenet.data.images import decode_view as decode_view
from keras_googlenet.data.images import read_image as read_image
from keras_googlenet.data.images import read_view as read_view
from keras_googlenet.data.pad_and_crop import ShiftSampler as ShiftSampler
from keras_googlenet.data.pipeline import evaluation_batches as evaluation_batches
from keras_googlenet.data.pipeline import evaluation_steps as evaluation_steps
from keras_googlenet.data.pipeline import preview as preview
from keras_googlenet.data.pipeline import training_stream as training_stream
from keras_googlenet.data.reading import Reader as Reader
from keras_googlenet.data.scan import image_files as image_files
from keras_googlenet.data.source import Source as Source
from keras_googlenet.data.sources import load as load
from keras_googlenet.data.splits import Share as Share
from keras_googlenet.data.splits import Split as Split

"""Section 6's input: where labeled images come from, and the batches made of them.

`load` finds a data set; `training_stream` and `evaluation_batches` turn its splits into what `fit` and `evaluate` take.
"""

from keras_googlenet.data.augmentation import Sampler as Sampler
from keras_googlenet.data.center_crop import center_crop as center_crop
from keras_googlenet.data.errors import DataError as DataError
from keras_googlenet.data.errors import ImageError as ImageError
from keras_googlenet.data.images import read_image as read_image
from keras_googlenet.data.loading import load as load
from keras_googlenet.data.pipeline import evaluation_batches as evaluation_batches
from keras_googlenet.data.pipeline import training_stream as training_stream
from keras_googlenet.data.reading import Reader as Reader

"""Pretrained weights: a registry of them, readers of their formats, and strict loading.

Everything here is handed layers, or a function that builds them: this package does not know how
the network is built.
"""

from keras_googlenet.weights.assignment import targets as targets
from keras_googlenet.weights.caffe import HEADS as HEADS
from keras_googlenet.weights.download import fetch as fetch
from keras_googlenet.weights.fine_tuned import recognized as recognized
from keras_googlenet.weights.formats import READERS as READERS
from keras_googlenet.weights.formats import VARIANTS as VARIANTS
from keras_googlenet.weights.formats import is_format as is_format
from keras_googlenet.weights.formats import read as read
from keras_googlenet.weights.formats import variant_of as variant_of
from keras_googlenet.weights.loading import load as load
from keras_googlenet.weights.reader import WeightsError as WeightsError
from keras_googlenet.weights.registry import REGISTRY as REGISTRY
from keras_googlenet.weights.registry import Source as Source
from keras_googlenet.weights.registry import Weights as Weights

"""Pretrained weights: a registry of them, readers and writers of their formats, and strict loading.

Everything here is handed layers: this package does not know how the network is built.
"""

from keras_googlenet.weights.formats import read as read
from keras_googlenet.weights.loading import load as load
from keras_googlenet.weights.reader import WeightsError as WeightsError
from keras_googlenet.weights.registry import REGISTRY as REGISTRY

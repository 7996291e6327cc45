"""GoogLeNet for Keras 3: the network of "Going Deeper with Convolutions" (2014) and what the paper did with it."""

from keras_googlenet.imagenet import decode_predictions as decode_predictions
from keras_googlenet.imagenet import preprocess_input as preprocess_input
from keras_googlenet.layers import LocalResponseNormalization as LocalResponseNormalization
from keras_googlenet.model.googlenet import GoogLeNet as GoogLeNet
from keras_googlenet.model.googlenet_model import GoogLeNetModel as GoogLeNetModel
from keras_googlenet.model.inception import inception_module as inception_module
from keras_googlenet.model.inception import naive_inception_module as naive_inception_module

__version__ = "0.2.0.dev0"

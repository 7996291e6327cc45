"""`GoogLeNet()`, the Inception modules, and the model class."""

from keras_googlenet.model.googlenet import GoogLeNet as GoogLeNet
from keras_googlenet.model.googlenet_model import GoogLeNetModel as GoogLeNetModel
from keras_googlenet.model.inception import inception_module as inception_module
from keras_googlenet.model.inception import naive_inception_module as naive_inception_module

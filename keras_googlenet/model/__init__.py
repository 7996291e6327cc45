"""`GoogLeNet()`, the Inception modules, the model class, and any model that is loaded, as a classifier."""

from keras_googlenet.model.classifier import Classifier as Classifier
from keras_googlenet.model.googlenet import GoogLeNet as GoogLeNet
from keras_googlenet.model.googlenet_model import GoogLeNetModel as GoogLeNetModel
from keras_googlenet.model.inception import inception_module as inception_module
from keras_googlenet.model.inception import naive_inception_module as naive_inception_module
from keras_googlenet.model.inputs import ImageInput as ImageInput
from keras_googlenet.model.inputs import image_input as image_input
from keras_googlenet.model.loading import load_model as load_model
from keras_googlenet.model.outputs import Kind as Kind

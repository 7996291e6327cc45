"""`GoogLeNet()`, the Inception modules, the model class, and any model that is loaded, as a classifier."""

from keras_googlenet.model.loading import load_model as load_model

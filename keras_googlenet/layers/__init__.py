"""The layers that the network needs and Keras lacks."""

from keras_googlenet.layers.local_response_normalization import LocalResponseNormalization as LocalResponseNormalization

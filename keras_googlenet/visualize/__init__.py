"""Pictures of the network and of its training."""

from keras_googlenet.visualize.curves import plot_curves as plot_curves

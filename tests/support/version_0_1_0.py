"""Models as version 0.1.0 built and saved them, so that its files can be written at any time.

Two things were otherwise: the order of `layers`, by which Keras names the groups of a file and orders the variables
that an optimizer follows, and the class of the classifiers. Files so written are those of 0.1.0, group by group.
"""

from contextlib import contextmanager
from unittest import mock

from keras_googlenet import GoogLeNetModel
from keras_googlenet.model import blocks, googlenet
from keras_googlenet.model.initialization import classifier as initializer
from keras_googlenet.model.version_0_1_0 import BlockDense


def _layers(model):
    """All layers, the main output's last."""
    own = super(GoogLeNetModel, model).layers
    top = model.outputs[0]._keras_history.operation
    return own if len(model.outputs) == 1 else [layer for layer in own if layer is not top] + [top]


def _classifier(x, classes, activation, *, name):
    dtype = blocks.output_dtype()
    return BlockDense(classes, activation, kernel_initializer=initializer(), dtype=dtype, name=name)(x)


@contextmanager
def version_0_1_0():
    """Builds, compiles and saves as 0.1.0 within."""
    with (
        mock.patch.object(GoogLeNetModel, "layers", property(_layers), create=True),
        mock.patch.object(googlenet.blocks, "classifier", _classifier),
        mock.patch("keras_googlenet.model.auxiliary.blocks.classifier", _classifier),
    ):
        yield

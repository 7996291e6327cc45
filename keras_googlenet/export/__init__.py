"""Ships a trained network to where it is used: SavedModel, LiteRT, ONNX, OpenVINO, each with a card beside it."""

from keras_googlenet.export.artifacts import export as export
from keras_googlenet.export.artifacts import write_onnx as write_onnx
from keras_googlenet.export.card import card as card
from keras_googlenet.export.writers import FORMATS as FORMATS

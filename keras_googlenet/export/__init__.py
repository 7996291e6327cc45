"""Ships a trained network to where it is used: SavedModel, LiteRT, ONNX, OpenVINO, each with a card beside it."""

from keras_googlenet.export.artifacts import export as export

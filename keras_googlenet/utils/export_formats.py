"""The formats that `export` writes: here, without heavy imports, the command line can list them too."""

FORMATS = {"savedmodel": "", "litert": ".tflite", "onnx": ".onnx", "openvino": ".xml"}
"""How each format's target ends. The module of its name in `export/` writes it and runs it."""

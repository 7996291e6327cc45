"""The formats that `export` writes: here, without heavy imports, the command line can list them too."""

FORMATS = {"savedmodel": "", "litert": ".tflite", "onnx": ".onnx", "openvino": ".xml"}
"""How each format's target ends. The module of its name in `export/` writes it and runs it."""

PRECISIONS = {
    "savedmodel": ("float32", "bfloat16", "float16"),
    "litert": ("float32", "float16"),
    "onnx": ("float32", "float16"),
    "openvino": ("float32", "float16"),
}
"""What each can be written in. (ONNX has no convolution in bfloat16 before its version 22, LiteRT has none.)"""

"""The four artefacts: Keras's `model.export` and the runtimes' own quantizers write them; here are names and a card."""

import json
import shutil
import tempfile
from pathlib import Path

import keras
import numpy as np

from keras_googlenet.errors import InputError
from keras_googlenet.export.card import card
from keras_googlenet.files import written_whole
from keras_googlenet.imagenet import preprocess_input

CARD = "model_card.json"

OPENVINO_NOTE = (
    "On processors with bfloat16 OpenVINO computes in it unless told otherwise, and is off by about 1e-3: "
    'compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}) computes in float32.'
)


def export(model, target, format, *, labels, calibration=None, **about):
    """Writes a network in a runtime's format, without auxiliary heads, whole or not at all, and a card with it.

    A SavedModel is a folder: its `serving_default` takes `images`, as the network does, of shape `(batch, height,
    width, 3)`, and `serve_bytes` takes `bytes`, the files of JPEG or PNG images, and does all preprocessing. Both
    answer with `probabilities` and the `classes` they are of, both of shape `(batch, classes)`. The other formats are
    a file, or two in OpenVINO's case, with an input `images` and an output `probabilities`; the card lies beside them.

    Args:
        model: A `GoogLeNetModel`, or any Keras classifier of images of a fixed size. The backend must be TensorFlow.
        target: Where to: a folder for a SavedModel, else a file that ends as its format does. It must not exist.
        format: One of `FORMATS`.
        labels: A name for each class.
        calibration: Views of typical images, uint8 or float RGB in 0-255 of shape `(count, height, width, 3)`: the
            artefact then computes in 8-bit integers, where its runtime can, in a quarter of the room. None keeps
            float32.
        **about: `source`, `licence` and `accuracy` for the card.

    Raises:
        InputError: The format is unknown, the target exists or ends otherwise, the backend is another, the model's
            input has no fixed size, or the format has no 8-bit form or a package is not installed.

    Example:
        >>> export(model, "served", "savedmodel", labels=("ant", "bee"))  # doctest: +SKIP
    """
    target = Path(target)
    _check(model, target, format, labels, calibration)
    served = model.inference_model() if hasattr(model, "inference_model") else model
    _, write = FORMATS[format]
    precision = "float32" if calibration is None else "int8"
    text = json.dumps(card(served, labels, precision=precision, **about), indent=1, ensure_ascii=False) + "\n"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="partial-") as work:
        made = Path(work) / target.name
        write(served, made, labels, calibration)
        if made.is_dir():
            (made / CARD).write_text(text, encoding="utf-8")
        else:
            with written_whole(target.with_name(f"{target.name}.{CARD}")) as partial:
                partial.write_text(text, encoding="utf-8")
        for path in sorted(Path(work).iterdir(), key=lambda path: path == made):
            shutil.move(path, target.parent / path.name)


def _check(model, target, format, labels, calibration):
    if format not in FORMATS:
        raise InputError(f"`format` must be one of {', '.join(FORMATS)}. Received: format={format!r}")
    if keras.backend.backend() != "tensorflow" or keras.config.image_data_format() != "channels_last":
        raise InputError(
            "Exporting runs on Keras's TensorFlow backend with channels last; the artefacts need neither. Set "
            f"KERAS_BACKEND=tensorflow. Received: {keras.backend.backend()}, {keras.config.image_data_format()}"
        )
    suffix, _ = FORMATS[format]
    if target.suffix != suffix:
        wanted = f"a name that ends in {suffix}" if suffix else "a folder's name, without a suffix"
        raise InputError(f"The format {format} takes {wanted}. Received: {target}")
    if target.exists():
        raise InputError(f"The target exists already; remove it or choose another name. Received: {target}")
    if None in model.input_shape[1:]:
        raise InputError(f"The model's images must have a fixed size. Received: input_shape={model.input_shape}")
    width = keras.tree.flatten(model.outputs)[0].shape[-1]
    if len(labels) != width:
        raise InputError(f"Expected a label for each of the model's {width} classes. Received: {len(labels)}")
    if calibration is not None and format not in ("litert", "onnx"):
        raise InputError(f"The format {format} has no 8-bit form here; litert and onnx have. Received: calibration")


def _named(model):
    """The model with a named output, and the signature that names its input."""
    named = keras.Model(model.inputs, {"probabilities": model.outputs[0]}, name=model.name)
    return named, [keras.InputSpec(shape=(None, *model.input_shape[1:]), dtype="float32", name="images")]


def _savedmodel(model, path, labels, calibration):
    import tensorflow as tf

    from keras_googlenet.export import pixels

    size = model.input_shape[1]
    names = tf.constant([str(label) for label in labels])

    def serve(images):
        probabilities = model(images, training=False)
        return {"probabilities": probabilities, "classes": tf.tile(names[None], [tf.shape(images)[0], 1])}

    def serve_bytes(data):
        views = tf.map_fn(lambda one: pixels.view(one, size), data, fn_output_signature=tf.float32)
        return serve(preprocess_input(views))

    archive = keras.export.ExportArchive()
    archive.track(model)
    images = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="images")
    archive.add_endpoint("serving_default", serve, input_signature=[images])
    archive.add_endpoint("serve_bytes", serve_bytes, input_signature=[tf.TensorSpec((None,), tf.string, name="bytes")])
    archive.write_out(str(path), verbose=False)


def _litert(model, path, labels, calibration):
    import tensorflow as tf

    options = {}
    if calibration is not None:
        views = _preprocessed(calibration)
        options = {
            "optimizations": [tf.lite.Optimize.DEFAULT],
            "representative_dataset": lambda: ([view[None]] for view in views),
        }
    named, signature = _named(model)
    named.export(str(path), format="litert", verbose=False, input_signature=signature, **options)


def _onnx(model, path, labels, calibration):
    named, signature = _named(model)
    _require("tf2onnx", "ONNX")
    named.export(str(path), format="onnx", verbose=False, input_signature=signature)
    if calibration is not None:
        _quantize_onnx(path, _preprocessed(calibration))


def _quantize_onnx(path, views):
    _require("onnxruntime", "ONNX in 8 bits")
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Views(quantization.CalibrationDataReader):
        def __init__(self):
            self._views = iter(views)

        def get_next(self):
            view = next(self._views, None)
            return None if view is None else {"images": view[None]}

    prepared = path.with_name("prepared.onnx")
    quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
    quantization.quantize_static(
        str(prepared), str(path), Views(), per_channel=True, weight_type=quantization.QuantType.QInt8
    )
    prepared.unlink()


def _openvino(model, path, labels, calibration):
    _require("openvino", "OpenVINO")
    named, signature = _named(model)
    named.export(str(path), format="openvino", verbose=False, input_signature=signature)


def _preprocessed(views):
    return preprocess_input(np.asarray(views, "float32"))


def _require(package, what):
    import importlib.util

    if importlib.util.find_spec(package) is None:
        raise InputError(
            f'{what} needs {package}: pip install "keras-googlenet[export]". Received: it is not installed'
        )


FORMATS = {
    "savedmodel": ("", _savedmodel),
    "litert": (".tflite", _litert),
    "onnx": (".onnx", _onnx),
    "openvino": (".xml", _openvino),
}
"""How each format's target ends, and what writes it."""

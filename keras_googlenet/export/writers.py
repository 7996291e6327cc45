"""The four formats: Keras's `model.export` and the runtimes' own quantizers write them; here they get names."""

import keras
import numpy as np

from keras_googlenet.errors import InputError
from keras_googlenet.extras import optional
from keras_googlenet.model import Classifier


def _named(model, output):
    """The model with a named output, and the signature that names its input."""
    named = keras.Model(model.inputs, {output: model.outputs[0]}, name=model.name)
    return named, [keras.InputSpec(shape=(None, *model.inputs[0].shape[1:]), dtype="float32", name="images")]


def _savedmodel(classifier, path, labels, calibration):
    import tensorflow as tf

    from keras_googlenet.export import pixels

    model, output, size = classifier.served, classifier.output_name, classifier.images.size
    names = tf.constant([str(label) for label in labels])

    def serve(images):
        answers = model(images, training=False)
        return {output: answers, "classes": tf.tile(names[None], [tf.shape(images)[0], 1])}

    def serve_bytes(data):
        views = tf.map_fn(lambda one: pixels.view(one, size), data, fn_output_signature=tf.float32)
        return serve(classifier.images.preprocess(views))

    archive = keras.export.ExportArchive()
    archive.track(model)
    images = tf.TensorSpec((None, *model.inputs[0].shape[1:]), tf.float32, name="images")
    archive.add_endpoint("serving_default", serve, input_signature=[images])
    archive.add_endpoint("serve_bytes", serve_bytes, input_signature=[tf.TensorSpec((None,), tf.string, name="bytes")])
    archive.write_out(str(path), verbose=False)


def _litert(classifier, path, labels, calibration):
    import tensorflow as tf

    options = {}
    if calibration is not None:
        views = _preprocessed(classifier, calibration)
        options = {
            "optimizations": [tf.lite.Optimize.DEFAULT],
            "representative_dataset": lambda: ([view[None]] for view in views),
        }
    named, signature = _named(classifier.served, classifier.output_name)
    named.export(str(path), format="litert", verbose=False, input_signature=signature, **options)


def write_onnx(model, path, labels=None, calibration=None):
    """Writes an ONNX file, whose input is `images` and whose output `probabilities`.

    Scores of sigmoids are called `scores`, and what a model answers that is no classifier, `features`.

    Args:
        model: A Keras model of images, with one output. Logits get their softmax.
        path: Path of the file.
        labels: Not used; ONNX has no place for them.
        calibration: As in `export`.

    Raises:
        InputError: A package that this needs is not installed.
    """
    try:
        classifier = Classifier(model)
    except InputError:
        if calibration is not None:
            raise
        _write_onnx(*_named(model, "features"), path)
    else:
        _onnx(classifier, path, labels, calibration)


def _onnx(classifier, path, labels, calibration):
    _write_onnx(*_named(classifier.served, classifier.output_name), path)
    if calibration is not None:
        _quantize_onnx(path, _preprocessed(classifier, calibration))


def _write_onnx(named, signature, path):
    optional("tf2onnx", "Writing ONNX needs tf2onnx", extra="export")
    named.export(str(path), format="onnx", verbose=False, input_signature=signature)


def _quantize_onnx(path, views):
    optional("onnxruntime", "ONNX in 8 bits needs ONNX Runtime", extra="export")
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


def _openvino(classifier, path, labels, calibration):
    from keras_googlenet.export import ir

    optional("openvino", "Writing OpenVINO's format needs openvino", extra="export")
    if calibration is not None:
        optional("nncf", "OpenVINO in 8 bits needs NNCF", extra="export")
    named, signature = _named(classifier.served, classifier.output_name)
    named.export(str(path), format="openvino", verbose=False, input_signature=signature)
    ir.keep_float32(path)
    if calibration is not None:
        ir.quantize(path, _preprocessed(classifier, calibration))


def _preprocessed(classifier, views):
    return classifier.images.preprocess(np.asarray(views))


FORMATS = {
    "savedmodel": ("", _savedmodel),
    "litert": (".tflite", _litert),
    "onnx": (".onnx", _onnx),
    "openvino": (".xml", _openvino),
}
"""How each format's target ends, and what writes it."""

"""The four formats: Keras's `model.export` and the runtimes' own quantizers write them; here they get names."""

import contextlib
import logging
import warnings

import keras
import numpy as np

from keras_googlenet.model import graph
from keras_googlenet.utils.extras import optional


def _named(model, output):
    """The model as it is at inference, with a named output, and the signature that names its input.

    Keras's exporters leave it to each layer whether it trains, and `RandomFlip` and its kind do unless told otherwise.
    """
    shape = tuple(model.inputs[0].shape[1:])
    images = keras.Input(shape, dtype=model.inputs[0].dtype, name="images")
    named = keras.Model(images, {output: model(images, training=False)}, name=model.name)
    return named, [keras.InputSpec(shape=(None, *shape), dtype="float32", name="images")]


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

    options = {"target_spec": {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}}  # none that need all of TensorFlow
    if calibration is not None:
        views = _preprocessed(classifier, calibration)
        options["optimizations"] = [tf.lite.Optimize.DEFAULT]
        options["representative_dataset"] = lambda: ([view[None]] for view in views)
    named, signature = _named(classifier.served, classifier.output_name)
    named.export(str(path), format="litert", verbose=False, input_signature=signature, **options)


def _onnx(classifier, path, labels, calibration):
    write_onnx(classifier.served, classifier.output_name, path)
    if calibration is not None:
        _quantize_onnx(path, _preprocessed(classifier, calibration))


def write_onnx(model, output, path):
    """Writes a model of images as an ONNX file.

    Args:
        model: A Keras model, with one output.
        output: What the file calls it.
        path: Path of the file.

    Raises:
        InputError: A package that this needs is not installed.
    """
    optional("tf2onnx", "Writing ONNX needs tf2onnx", extra="export")
    named, signature = _named(model, output)
    logger = logging.getLogger("tf2onnx")  # it names what it cannot convert, and goes on; the trial finds that
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), _normalizing_by_arrays(model):
            warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)
            named.export(str(path), format="onnx", verbose=False, input_signature=signature)
    finally:
        logger.setLevel(level)


@contextlib.contextmanager
def _normalizing_by_arrays(model):
    """Has `Normalization` hold arrays for a while: tf2onnx takes tensors that a layer holds for inputs of the graph."""
    layers = [layer for layer in graph.forward(model) if isinstance(layer, keras.layers.Normalization)]
    held = [(layer.mean, layer.variance) for layer in layers]
    try:
        for layer in layers:
            layer.mean, layer.variance = map(keras.ops.convert_to_numpy, (layer.mean, layer.variance))
        yield
    finally:
        for layer, (mean, variance) in zip(layers, held, strict=True):
            layer.mean, layer.variance = mean, variance


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

"""TensorFlow's SavedModel: takes images, or the bytes of image files."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_googlenet.export.decoding import center_crop
from keras_googlenet.export.served_model import ServedModel
from keras_googlenet.model.precision import computing_in


def write(served: ServedModel, path: Path) -> None:
    """Writes the folder, with the signatures `serving_default` and `serve_bytes`."""
    names = tf.constant(served.labels)

    def serve(images):
        answers = served.model(images, training=False)
        return {served.output: answers, "classes": tf.tile(names[None], [tf.shape(images)[0], 1])}

    def serve_bytes(files):
        taken = served.classifier.images
        crops = tf.map_fn(lambda file: center_crop(file, taken.size), files, fn_output_signature=tf.float32)
        return serve(taken.preprocess(crops))

    archive = keras.export.ExportArchive()
    archive.track(served.model)
    images = tf.TensorSpec((None, *served.model.inputs[0].shape[1:]), tf.float32, name="images")
    files = tf.TensorSpec((None,), tf.string, name="bytes")
    with computing_in(served.model, served.precision):
        archive.add_endpoint("serving_default", serve, input_signature=[images])
        archive.add_endpoint("serve_bytes", serve_bytes, input_signature=[files])
        archive.write_out(str(path), verbose=False)


def run(path: Path, images: np.ndarray, output: str) -> np.ndarray:
    """What the artifact answers."""
    return tf.saved_model.load(str(path)).signatures["serving_default"](images=tf.constant(images))[output].numpy()

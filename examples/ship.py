"""Ships a network as a SavedModel that takes the bytes of a JPEG, and runs it in a process without this package.

    python examples/ship.py runs/flowers/model.keras      # without a file: a small untrained network

Prints the artifact's files, then what the network and the other process say of a photo: the same.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import keras
from PIL import Image
from sklearn.datasets import load_sample_images

import keras_googlenet as kg
from keras_googlenet import architecture, data, export

SERVE = """
import sys, pathlib
import tensorflow as tf
answer = tf.saved_model.load(sys.argv[1]).signatures["serve_bytes"]
found = answer(bytes=tf.constant([pathlib.Path(sys.argv[2]).read_bytes()]))
assert not any(name.startswith("keras_googlenet") for name in sys.modules)
for name, share in zip(found["classes"][0].numpy(), found["probabilities"][0].numpy()):
    print(f"  {name.decode():<10} {share:.4%}")
"""


def main():
    """Exports, serves, compares."""
    model = keras.saving.load_model(sys.argv[1], compile=False) if sys.argv[1:] else untrained()
    names = model.class_names or [str(i) for i in range(model.outputs[0].shape[-1])]
    with tempfile.TemporaryDirectory() as folder:
        photo, served = Path(folder, "flower.jpg"), Path(folder, "served")
        Image.fromarray(load_sample_images().images[1]).save(photo)
        export.export(model, served, "savedmodel", labels=names, source="this example")
        for path in sorted(path for path in served.rglob("*") if path.is_file()):
            print(f"{path.stat().st_size / 1000:>8.0f} kB  {path.relative_to(served)}")
        view = data.center_crop(data.read_image(photo), model.input_shape[1])
        ours = model.inference_model().predict(kg.preprocess_input(view[None].astype("float32")), verbose=0)[0]
        print("the network says")
        for name, share in zip(names, ours, strict=True):
            print(f"  {name:<10} {share:.4%}")
        print("the artifact says, without this package", flush=True)
        command = [sys.executable, "-c", SERVE, str(served), str(photo)]
        print(subprocess.run(command, check=True, capture_output=True, text=True).stdout, end="")


def untrained():
    """A network an eighth as wide."""
    table = architecture.wider(architecture.PAPER, 0.125)
    model = kg.GoogLeNet(weights=None, classes=3, input_shape=(64, 64, 3), variant=table)
    model.class_names = ("daisy", "rose", "tulip")
    return model


if __name__ == "__main__":
    main()

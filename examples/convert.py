"""Caffe's weights into Keras and back, with nothing lost: every array compared, and what the network says.

    python examples/convert.py bvlc_googlenet.npz         # or .caffemodel, .onnx; torchvision's .pth, TF-slim's .ckpt

Prints the network that the weights are for, its largest layers, and how far what was written and read again is from
the source: zero, for the arrays as for the probabilities. `keras-googlenet convert` does this in one command.
"""

import argparse
import tempfile
from pathlib import Path

import keras
import numpy as np

import keras_googlenet as kg
from keras_googlenet import weights
from keras_googlenet.cli import main as command


def main():
    """Converts there and back, prints the differences."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("source", help="a weights file")
    options = parser.parse_args()
    arrays = weights.read(options.source)
    largest = sorted(arrays, key=lambda name: -arrays[name].size)[:3]
    model = kg.GoogLeNet(weights=options.source)
    print(f"{options.source}: {len(arrays)} arrays for the variant {model.architecture.name}")
    for name in largest:
        print(f"  {name:<28} {'x'.join(map(str, arrays[name].shape)):>14}")

    with tempfile.TemporaryDirectory() as folder:
        there, back = Path(folder, "network.keras"), Path(folder, "again.npz")
        for source, target in ((options.source, there), (there, back)):
            if model.architecture.batch_norm is None or target is there:  # .npz holds Caffe's layers alone
                assert_done(command(["convert", str(source), str(target)]))
        image = np.random.default_rng(0).normal(0, 60, (1, 224, 224, 3)).astype("float32")
        again = keras.saving.load_model(there, compile=False).inference_model()
        difference = np.abs(model.predict(image, verbose=0) - again.predict(image, verbose=0)).max()
        print(f"probabilities differ by {difference}")
        if back.exists():
            found = weights.read(back)
            print(f"arrays differ by {max(np.abs(found[name] - array).max() for name, array in arrays.items())}")


def assert_done(status):
    """Ends the example as a failed command does."""
    if status:
        raise SystemExit(status)


if __name__ == "__main__":
    main()

"""Section 7 in small: two networks, several crops, and the ensemble of both, as a table like the paper's Table 3.

    python examples/ensemble.py
    python examples/ensemble.py --epochs 8 --crops 144

Trains two short, narrow networks on scikit-learn's digits, which differ by their seed, and prints the errors of the
first alone and of both together, for one crop and for more. Crops cut into digits, which fill their image.
"""

import argparse
import tempfile
from pathlib import Path

import keras
import numpy as np

import keras_googlenet as kg
from keras_googlenet import data, evaluation
from keras_googlenet.architecture import PAPER, edit, wider
from keras_googlenet.evaluation.crops import numbers_up_to
from keras_googlenet.evaluation.error_rates import format_table

LEFT_OUT = ("inception_3b", "inception_4b", "inception_4c", "inception_4e", "inception_5a")
SHORT = edit(wider(PAPER, 0.125), lambda row: None if row.name in LEFT_OUT else row, name="short")


def main():
    """Trains, evaluates, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--crops", type=int, default=10, choices=(1, 10, 144))
    options = parser.parse_args()
    source = data.load("digits")
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"network-{seed}.npz") for seed in (0, 1)]
        for seed, file in enumerate(files):
            evaluation.predict(
                trained(source, seed, options.epochs),
                source.validation,
                crops=numbers_up_to(options.crops),
                file=file,  # an evaluation that is interrupted goes on from it
                verbose=0,
            )
        kept = [evaluation.Predictions.read(file) for file in files]
    print(format_table(evaluation.table3(kept)))


def trained(source, seed, epochs):
    """A network of its own seed."""
    keras.utils.set_random_seed(seed)
    views = np.stack([data.center_crop(image, 32) for image in source.train.items]).astype("float32")
    model = kg.GoogLeNet(weights=None, classes=10, input_shape=(32, 32, 3), variant=SHORT)
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9, global_clipnorm=1.0), "sparse_categorical_crossentropy")
    model.fit(kg.preprocess_input(views), np.asarray(source.train.labels), epochs=epochs, verbose=0)
    return model.inference_model()


if __name__ == "__main__":
    main()

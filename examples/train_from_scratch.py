"""The paper's training with plain Keras calls: three heads, one label tensor, loss weights 1, 0.3 and 0.3.

    python examples/train_from_scratch.py                 # scikit-learn's handwritten digits, a quarter of the width
    python examples/train_from_scratch.py --width 1 --epochs 16

Prints the three heads' validation accuracy after each epoch; watch aux1, which is nearest to the input, learn first,
which is what the paper put it there for. `keras-googlenet train` does the same with warm-up, averaging and a report.
"""

import argparse

import keras
import numpy as np

import keras_googlenet as kg
from keras_googlenet import data
from keras_googlenet.architecture import PAPER, wider


def main():
    """Trains, and prints an epoch's accuracies in a line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--width", type=float, default=0.25, help="factor of every convolution's filters")
    options = parser.parse_args()
    keras.utils.set_random_seed(0)
    source = data.load("digits")
    train, validation = arrays(source.train), arrays(source.validation)

    model = kg.GoogLeNet(
        weights=None, classes=len(source.classes), input_shape=(32, 32, 3), variant=wider(PAPER, options.width)
    )
    # Without batch normalization the first steps' gradients are large: clipped, every seed that was tried converges.
    model.compile(
        keras.optimizers.SGD(0.02, momentum=0.9, global_clipnorm=1.0),
        loss="sparse_categorical_crossentropy",
        loss_weights=[1, 0.3, 0.3],
        metrics=["accuracy"],
    )
    print(f"{model.count_params():,} parameters\nepoch  predictions  aux1  aux2")
    for epoch in range(options.epochs):
        logs = model.fit(*train, validation_data=validation, batch_size=32, verbose=0).history
        heads = [logs[f"val_{name}_accuracy"][0] for name in ("predictions", "aux1", "aux2")]
        print(f"{epoch + 1:>5}  {heads[0]:>11.1%} {heads[1]:>5.0%} {heads[2]:>5.0%}")
    print(f"to ship: {model.inference_model().count_params():,} parameters, without the auxiliary heads")


def arrays(split):
    """All of a small split as `(images, labels)`."""
    views = np.stack([data.center_crop(image, 32) for image in split.items])
    return kg.preprocess_input(views.astype("float32")), np.asarray(split.labels)


if __name__ == "__main__":
    main()

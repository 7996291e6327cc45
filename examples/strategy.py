"""Two replicas are one device: the same training on one and on two, compared loss by loss.

    python examples/strategy.py                           # two logical CPU devices; with GPUs, all of them

Trains a narrow network on scikit-learn's digits for a few steps, first on one device, then under MirroredStrategy, from
the same weights and on the same batches, without dropout. Prints both losses of each step: they agree in all
printed digits, clipping and momentum included.
"""

import argparse

import keras
import numpy as np
import tensorflow as tf

import keras_googlenet as kg
from keras_googlenet import data
from keras_googlenet.architecture import PAPER, Dropout, edit, wider
from keras_googlenet.training import strategy_for
from keras_googlenet.training.distributed.strategy import distribute

BATCH = 32


def main():
    """Trains twice, prints both."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=8)
    options = parser.parse_args()
    if not tf.config.list_physical_devices("GPU"):
        cpu = tf.config.list_physical_devices("CPU")[0]  # before anything runs
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    alone, spread = (losses(strategy_for(name), options.steps) for name in ("none", "mirrored"))
    print("step  one device  " + strategy_for("mirrored").summary())
    for step, pair in enumerate(zip(alone, spread, strict=True)):
        print(f"{step + 1:>4}  {pair[0]:10.4f}  {pair[1]:10.4f}")


def losses(context, steps):
    """The loss of each step."""
    keras.utils.set_random_seed(0)
    table = edit(wider(PAPER, 0.125), lambda row: None if isinstance(row, Dropout) else row, name="narrow")
    with context.strategy.scope():
        model = kg.GoogLeNet(weights=None, classes=10, input_shape=(32, 32, 3), variant=table, aux_heads=False)
        model.compile(keras.optimizers.SGD(0.05, momentum=0.9, global_clipnorm=1.0), "sparse_categorical_crossentropy")
    size = context.per_replica(BATCH)
    batches = distribute(context, lambda share, replicas: digits().rebatch(size), endless=True)
    return model.fit(batches, steps_per_epoch=1, epochs=steps, shuffle=False, verbose=0).history["loss"]


def digits():
    """Batches of the training images, in order, again and again."""
    split = data.load("digits").train
    views = np.stack([data.center_crop(image, 32) for image in split.items[: 8 * BATCH]]).astype("float32")
    labels = np.asarray(split.labels[: 8 * BATCH])
    return tf.data.Dataset.from_tensor_slices((kg.preprocess_input(views), labels)).batch(BATCH).repeat()


if __name__ == "__main__":
    main()

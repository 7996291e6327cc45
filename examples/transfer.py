"""Transfer learning with plain Keras calls: a new classifier on BVLC's GoogLeNet, first alone, then with the trunk.

    python examples/transfer.py photos/ bvlc_googlenet.npz

`photos/` has one subfolder of images for each class; a fifth of them is held out. The weights may also be the name
"imagenet". `keras-googlenet train --preset transfer` does the same with warm-up, clipping and averaging.
"""

import argparse

import keras

import keras_googlenet as kg


def main():
    """Trains, and prints the accuracy on the images that were held out."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("weights")
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--epochs", type=int, default=5, help="of each of the two phases")
    options = parser.parse_args()
    train, held_out = keras.utils.image_dataset_from_directory(
        options.folder,
        image_size=(options.image_size, options.image_size),
        crop_to_aspect_ratio=True,
        validation_split=0.2,
        subset="both",
        seed=0,
    )
    classes = len(train.class_names)
    train, held_out = (
        part.map(lambda images, labels: (kg.preprocess_input(images), labels)).prefetch(2) for part in (train, held_out)
    )

    base = kg.GoogLeNet(weights=options.weights, include_top=False, pooling="avg")
    model = keras.Sequential(
        [
            keras.Input((options.image_size, options.image_size, 3)),
            keras.layers.RandomFlip("horizontal"),
            base,
            keras.layers.Dropout(0.4),
            keras.layers.Dense(classes, activation="softmax", kernel_initializer="zeros"),
        ]
    )
    # The features' norm is about 44: a rate that is usual elsewhere would throw the new classifier about.
    for trainable, rate in ((False, 0.005), (True, 0.002)):
        base.trainable = trainable
        optimizer = keras.optimizers.SGD(rate, momentum=0.9, global_clipnorm=1.0)
        model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(train, validation_data=held_out, epochs=options.epochs, verbose=2, shuffle=False)
    print(f"accuracy on the images held out: {model.evaluate(held_out, verbose=0)[1]:.2%}")


if __name__ == "__main__":
    main()

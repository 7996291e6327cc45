"""How much memory does training take? The trainer beside a plain Keras model's `fit` on the same photos.

    python benchmarks/memory.py    # made-up photos, batches of 32 at 224 pixels; about ten minutes on two cores

Both train the paper's three heads by SGD with momentum for two epochs, each followed by a validation, in a process of
its own; peaks are those of the whole process. The plain model has the same layers in a stock `keras.Model`, and reads
the photos by `keras.utils.image_dataset_from_directory`. The trainer does all that it does in any run: section 6's
sampling, the averages, checkpoints, TensorBoard's events, saved models. The two take turns; the ratio is that of their
medians. The exit status is 1 if it is above 1.1.
"""

import argparse
import multiprocessing
import resource
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

SIZE, BATCH, LIMIT = 224, 32, 1.1
EPOCHS, TRAINING, VALIDATION = 2, 6 * BATCH, BATCH


def main():
    """Prints a row for each turn, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    peaks = {ours: [], plain: []}
    with tempfile.TemporaryDirectory() as made:
        folder = make(Path(made) / "photos")
        print(f"{'round':>5} {'this package, MiB':>18} {'plain Keras, MiB':>17}")
        for number in range(options.rounds):
            for train, found in peaks.items():
                found.append(peak(train, folder, Path(made) / f"run-{number}"))
            print(f"{number:>5} {peaks[ours][-1]:>18} {peaks[plain][-1]:>17}", flush=True)
    ratio = statistics.median(peaks[ours]) / statistics.median(peaks[plain])
    print(f"ratio {ratio:.3f}")
    return 0 if ratio <= LIMIT else 1


def peak(train, *arguments):
    """The peak memory of a function in a process of its own, MiB."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_measured, args=(train, there, *arguments))
    process.start()
    there.close()
    found = here.recv()
    process.join()
    return found


def _measured(train, pipe, *arguments):
    train(*arguments)
    pipe.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def make(folder):
    """Photos of 500x375 pixels in two classes, for training and for validation."""
    rng = np.random.default_rng(0)
    for part, count in (("train", TRAINING), ("val", VALIDATION)):
        for number in range(count):
            path = folder / part / str(number % 2) / f"{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            small = rng.integers(0, 256, (24, 32, 3), np.uint8)
            Image.fromarray(small).resize((500, 375), Image.Resampling.BICUBIC).save(path)
    return folder


def ours(photos, folder):
    """What `keras-googlenet train` does, without the report."""
    from keras_googlenet import training

    recipe = training.recipe_for(str(photos), image_size=SIZE, batch_size=BATCH, epochs=EPOCHS)
    training.train(recipe, folder, strategy="none", verbose=0)


def plain(photos, folder):
    """Stock Keras, as its guides have it."""
    import keras

    import keras_googlenet as kg

    def read(part):
        batches = keras.utils.image_dataset_from_directory(
            photos / part, image_size=(SIZE, SIZE), batch_size=BATCH, crop_to_aspect_ratio=True, verbose=False
        )
        return batches.map(lambda images, labels: (kg.preprocess_input(images), (labels,) * 3)).prefetch(2)

    network = kg.GoogLeNet(weights=None, classes=2, input_shape=(SIZE, SIZE, 3))
    model = keras.Model(network.inputs, network.outputs)
    model.compile(
        keras.optimizers.SGD(0.01, momentum=0.9),
        loss=["sparse_categorical_crossentropy"] * 3,
        loss_weights=[1, 0.3, 0.3],
        metrics=[["accuracy"]] * 3,
    )
    model.fit(read("train"), validation_data=read("val"), epochs=EPOCHS, shuffle=False, verbose=0)


if __name__ == "__main__":
    sys.exit(main())

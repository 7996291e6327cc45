"""What another precision costs and brings: the answers to photos, and the speed, beside float32 in the same process.

    python benchmarks/precision.py photos/ bvlc_googlenet.npz    # about 3 minutes for 400 photos on two cores
    KERAS_BACKEND=jax python benchmarks/precision.py photos/ bvlc_googlenet.npz --answers 0

Speeds are medians of rounds in which the precisions take turns, in wall time and in processor time, which other jobs on
the machine change less.
"""

import argparse
import resource
import sys
import time
from pathlib import Path

import keras
import numpy as np

WORK = (("forward", 32), ("forward", 1), ("training", 32))


def main():
    """Prints a row for each precision, then one for each kind of work and precision."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", help="photos, at any depth")
    parser.add_argument("weights", help="as MODEL in predict")
    parser.add_argument("--precisions", nargs="+", default=["bfloat16"], choices=("bfloat16", "float16"))
    parser.add_argument("--answers", type=int, metavar="N", help="of the first N photos (default: of all)")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="of each measurement (default: 7)")
    options = parser.parse_args()

    from keras_googlenet.utils.precision import automatic

    print(f"Keras on {keras.backend.backend()}; auto: {automatic()}")
    precisions = ["float32", *options.precisions]
    if options.answers != 0:
        answers(Path(options.folder), options.weights, precisions, options.answers)
    for work, batch in WORK:
        speeds(work, batch, precisions, options.rounds)
    return 0


def answers(folder, weights, precisions, count):
    """Compares what the network says of photos with what it says in float32."""
    from keras_googlenet.data.images import read_view
    from keras_googlenet.data.scan import image_files
    from keras_googlenet.model.loading import load_classifier

    files = list(image_files(folder))[:count]
    print(f"{len(files)} photos: {'same best':>10} {'same best five':>15} {'largest difference':>19} {'median':>8}")
    for precision in precisions:
        classifier = load_classifier(weights, precision=precision)
        views = np.stack([read_view(path, classifier.images.side) for path in files])
        found = np.concatenate([classifier.predict(views[i : i + 32]) for i in range(0, len(views), 32)])
        if precision == "float32":
            expected = found
            continue
        same = (found.argmax(axis=1) == expected.argmax(axis=1)).mean()
        five = [set(one) == set(other) for one, other in zip(best(found), best(expected), strict=True)]
        off = np.abs(found - expected).max(axis=1)
        print(
            f"{precision:<12} {same:>9.1%} {np.mean(five):>15.1%} {off.max():>19.4f} {np.median(off):>8.4f}", flush=True
        )


def best(rows):
    """The five best classes of each row."""
    return np.argsort(-rows, axis=1)[:, :5]


def speeds(work, batch, precisions, rounds):
    """Times batches in turn."""
    steps = {precision: step(work, batch, precision) for precision in precisions}
    times = {precision: [] for precision in precisions}
    repeats = 1 if batch > 1 else 8
    for round in range(rounds + 1):
        for precision, one in steps.items():
            before = clocks()
            for _ in range(repeats):
                one()
            if round:  # the first compiles
                times[precision].append((clocks() - before) / repeats)
    whole = np.median(times["float32"], axis=0)
    for precision in precisions:
        wall, processor = np.median(times[precision], axis=0)
        ratios = whole / (wall, processor)
        row = f"{work} {batch:>2} {precision:<9}{batch / wall:>6.1f} images/s, {1000 * processor / batch:>6.1f} ms of a"
        print(f"{row} core each: {ratios[0]:.2f} and {ratios[1]:.2f} times float32", flush=True)


def step(work, batch, precision):
    """A function that does one batch."""
    from keras_googlenet import GoogLeNet
    from keras_googlenet.utils.dtype_policy import default_dtype_policy
    from keras_googlenet.utils.precision import dtype_policy

    training = work == "training"
    with default_dtype_policy(dtype_policy(precision)):
        model = GoogLeNet(weights=None, aux_heads=training)
    rng = np.random.default_rng(0)
    images, labels = rng.uniform(-100, 100, (batch, 224, 224, 3)).astype("float32"), rng.integers(0, 1000, batch)
    if not training:
        return lambda: model.predict_on_batch(images)
    model.compile(keras.optimizers.SGD(1e-3, momentum=0.9), loss="sparse_categorical_crossentropy")
    return lambda: model.train_on_batch(images, labels)


def clocks():
    """Wall time and the process's processor time, seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return np.array([time.perf_counter(), used.ru_utime + used.ru_stime])


if __name__ == "__main__":
    sys.exit(main())

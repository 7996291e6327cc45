"""What does section 7's protocol cost beyond the network? An evaluation beside its forward passes alone.

    python benchmarks/crops.py                # 8 photos of 500x375, 144 crops each; about ten minutes on two cores
    python benchmarks/crops.py --photos 24 --rounds 5

The photos are made up. The evaluation is all that `keras-googlenet evaluate --crops 144` does once it has started:
decoding, resizing, cutting, packing into batches, averaging. The forward passes are of as many crops, ready made, in
full batches. The two take turns; the ratio is that of their medians. The exit status is 1 if it is above 1.1.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

LIMIT, BATCH, CROPS, SIZE = 1.1, 32, 144, 224


def main():
    """Prints a row for each round, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--photos", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    import keras_googlenet as kg
    from keras_googlenet.data.loading import load_split

    model = kg.GoogLeNet(weights=None, aux_heads=False)
    with tempfile.TemporaryDirectory() as folder:
        split, _, _ = load_split(make(Path(folder) / "photos", options.photos))
        seconds = {ours: [], passes: []}
        for measure in seconds:
            measure(model, split, warm_up=True)
        print(f"{'round':>5} {'evaluation, s':>14} {'forward passes, s':>18}")
        for number in range(options.rounds):
            for measure, found in seconds.items():
                begun = time.perf_counter()
                measure(model, split)
                found.append(time.perf_counter() - begun)
            print(f"{number:>5} {seconds[ours][-1]:>14.1f} {seconds[passes][-1]:>18.1f}", flush=True)
    ratio = statistics.median(seconds[ours]) / statistics.median(seconds[passes])
    print(f"ratio {ratio:.3f}")
    return 0 if ratio <= LIMIT else 1


def make(folder, count):
    """Photos of 500x375 pixels in one class."""
    rng = np.random.default_rng(0)
    (folder / "0").mkdir(parents=True)
    for number in range(count):
        small = rng.integers(0, 256, (24, 32, 3), np.uint8)
        photo = Image.fromarray(small).resize((500, 375), Image.Resampling.BICUBIC)
        photo.save(folder / "0" / f"{number:03}.jpg", quality=90)
    return folder


def ours(model, split, warm_up=False):
    """The evaluation; to warm up, of one crop of each photo."""
    from keras_googlenet.evaluation import predict

    predict(model, split, crops=(1 if warm_up else CROPS,), batch_size=BATCH, verbose=0)


def passes(model, split, warm_up=False):
    """As many crops in full batches; to warm up, one batch."""
    batch = np.random.default_rng(0).uniform(-120, 130, (BATCH, SIZE, SIZE, 3)).astype("float32")
    for _ in range(1 if warm_up else -(-split.count * CROPS // BATCH)):
        model.predict_on_batch(batch)


if __name__ == "__main__":
    sys.exit(main())

"""How long until the first batch of a folder of 100,000 images, and how much memory? Makes such a folder and measures.

    python benchmarks/many_files.py                     # under a minute, most of it to make the folder
    python benchmarks/many_files.py --folder photos/    # a folder of your own

Each class holds one small JPEG under as many names (hard links) as it has images: listing and shuffling cost what they
would with 100,000 files, decoding a batch costs little. Memory is the peak above what Python and TensorFlow take
before. The exit status is 1 if it takes more than 20 seconds or 500 MiB.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from keras_googlenet import data
from keras_googlenet.data.augmentation import Sampler

CLASSES = 100
SECONDS, MIB = 20, 500


def main():
    """Makes the folder, lists it, draws a batch, and prints what that took."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="a folder of class subfolders; default: one made for this")
    parser.add_argument("--images", type=int, default=100_000, help="how many to make")
    options = parser.parse_args()
    if options.folder:
        return measure(options.folder)
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), options.images)
        return measure(folder)


def make(folder, count):
    """Writes `count` images of 50x37 pixels in `CLASSES` classes."""
    for label in range(CLASSES):
        (folder / f"class {label:03}").mkdir()
        first = folder / f"class {label:03}" / "image 000000.jpg"
        pixels = np.full((37, 50, 3), label, np.uint8)
        Image.fromarray(pixels).save(first)
        for number in range(CLASSES + label, count, CLASSES):
            os.link(first, first.with_name(f"image {number:06}.jpg"))


def measure(folder):
    """Prints seconds and MiB; returns the exit status."""
    next(iter(tf.data.Dataset.range(1).shuffle(1).batch(1)))  # what TensorFlow takes for itself
    before, start = resident(), time.perf_counter()
    source = data.load(folder)
    listed = time.perf_counter() - start
    sampler = Sampler(seed=0)
    images, _ = first_batch(source.train, sampler)
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
    count = source.train.count + source.validation.count
    print(f"{count:,} images in {len(source.classes)} classes: listed in {listed:.2f} s, ", end="")
    print(f"first batch {images.shape} after {seconds:.2f} s, {memory:.0f} MiB")
    return 0 if seconds <= SECONDS and memory <= MIB else 1


def first_batch(split, sampler):
    """32 views at 224 pixels, in random order."""
    stream = data.training_stream(split, image_size=224, batch_size=32, seed=0, sampler=sampler)
    return next(stream.as_numpy_iterator())


def resident():
    """MiB in use by this process now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    sys.exit(main())

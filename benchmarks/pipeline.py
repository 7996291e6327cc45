"""How fast are training images read, decoded and sampled? Beside Keras's and torchvision's nearest, and the network.

    python benchmarks/pipeline.py                       # made-up photos of 500x375 pixels, a few minutes on two cores
    python benchmarks/pipeline.py --folder photos/      # a folder of class subfolders, a few hundred photos
    python benchmarks/pipeline.py --before ../old       # beside another checkout of this package

Every contender makes batches of 32 views of 224x224 pixels of the same files, in random order. A measurement is one
pass over the folder, from asking for the first batch to having the last. The contenders take turns, round by round, so
that other work on the machine strikes all alike; the table has medians: of the speeds, and of each round's ratio to
ours. All run on the same `--cores` (Linux), one once more on a single core. torchvision takes part where it is
installed. The last line is an estimate: sixteen cores of this kind, unless one process cannot pass on so many views.

What they do is near, not equal: section 6's patch, one of four interpolations, mirroring and three distortions (ours);
256 pixels, random crop, mirroring, brightness, contrast and saturation (Keras's layers); RandomResizedCrop,
mirroring and ColorJitter of the same three in two worker processes (torchvision).
"""

import argparse
import contextlib
import importlib.util
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SIZE, BATCH = 224, 32
PHOTOS, NAMES = 64, 32  # so many photos, each under so many names


def main():
    """Prints a row for each contender."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="default: photos made for this")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--before", type=Path, help="another checkout of this package, to be measured, too")
    parser.add_argument("--only", nargs="+", metavar="WORD", help="contenders whose names begin so, beside ours")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):  # before TensorFlow counts them
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    if options.serve:
        return serve(options.folder)
    with tempfile.TemporaryDirectory() as made:
        folder = options.folder or make(Path(made))
        contenders = dict(CONTENDERS)
        if options.cores > 1:
            contenders["this package, one core"] = lambda folder: elsewhere(folder, cores=1)
        if options.before:
            contenders["before"] = lambda folder: elsewhere(folder, options.cores, options.before)
        first, *others = contenders
        chosen = [name for name in others if not options.only or name.startswith(tuple(options.only))]
        report({name: contenders[name](folder) for name in (first, *chosen)}, options.rounds, options.cores)
    return 0


def report(contenders, rounds, cores):
    """Measures in turns: images/s of each, and their ratio to the first."""
    contenders = {name: one_pass for name, one_pass in contenders.items() if one_pass}
    for one_pass in contenders.values():
        one_pass()  # compiles, starts workers
    speeds, passed_on = {name: [] for name in contenders}, {name: [] for name in contenders}
    for _ in range(rounds):
        for name, one_pass in contenders.items():
            start, begun = time.perf_counter(), time.process_time()
            count = one_pass()
            speeds[name].append(count / (time.perf_counter() - start))
            passed_on[name].append(count / (time.process_time() - begun))
    ours, own = (next(iter(found.values())) for found in (speeds, passed_on))
    print(f"{'':<42} {'images/s':>9} {'of ours':>8}  lowest-highest")
    for name, found in speeds.items():
        ratio = statistics.median(speed / our for speed, our in zip(found, ours, strict=True))
        print(f"{name:<42} {statistics.median(found):>9.1f} {ratio:>8.2f}  {min(found):.1f}-{max(found):.1f}")
    each, most = statistics.median(ours) / cores, statistics.median(own)
    most *= 2  # threads, of which the processor time was counted
    print(f"16 cores: {min(16 * each, most):.0f} images/s; the process that trains passes on {most:.0f} at most")


def elsewhere(folder, cores, checkout=None):
    """Our contender in a process of its own."""
    command = [sys.executable, __file__, "--serve", "--cores", str(cores), "--folder", str(folder)]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    if checkout:
        environment["PYTHONPATH"] = str(checkout.resolve())
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    )

    def one_pass():
        print(file=process.stdin, flush=True)
        return int(process.stdout.readline())

    return one_pass


def serve(folder):
    """Reads the folder once for each line; ends with its input."""
    one_pass = ours(folder)
    for _ in sys.stdin:
        print(one_pass(), flush=True)


def make(folder):
    """Photos of `keras-googlenet benchmark`, each under several names."""
    from keras_googlenet.benchmark.photos import make_photos

    paths = make_photos(folder, PHOTOS)
    for path in paths:
        for name in range(1, NAMES):
            os.link(path, path.with_stem(f"{path.stem} {name}"))
    size = statistics.mean(path.stat().st_size for path in paths)
    print(f"{PHOTOS * NAMES} photos of 500x375 pixels, {size / 1024:.0f} KiB each")
    return folder


def ours(folder):
    """`keras_googlenet.data`, as training uses it."""
    from keras_googlenet import data
    from keras_googlenet.data.augmentation import Sampler
    from keras_googlenet.data.reading import Reader

    split = data.load(folder, validation_fraction=0.01).train
    reader = Reader(split, memory=0)  # of a data set too large to be kept
    stream = data.training_stream(reader, image_size=SIZE, batch_size=BATCH, seed=0, sampler=Sampler(seed=0))
    epoch = stream.take(split.count // BATCH)
    return lambda: sum(len(labels) for _, labels in epoch)


def keras_layers(folder):
    """`keras.utils.image_dataset_from_directory`, augmented in `map`."""
    import keras
    import tensorflow as tf

    layers = keras.Sequential(
        [
            keras.layers.RandomCrop(SIZE, SIZE),
            keras.layers.RandomFlip("horizontal"),
            keras.layers.RandomBrightness(0.5, value_range=(0, 255)),
            keras.layers.RandomContrast(0.5, value_range=(0, 255)),
            keras.layers.RandomSaturation((0.25, 0.75), value_range=(0, 255)),  # 0.5 changes nothing
        ]
    )
    dataset = keras.utils.image_dataset_from_directory(
        folder, image_size=(256, 256), batch_size=BATCH, seed=0, crop_to_aspect_ratio=True, verbose=False
    )
    dataset = dataset.map(
        lambda images, labels: (layers(images, training=True), labels), num_parallel_calls=tf.data.AUTOTUNE
    ).prefetch(tf.data.AUTOTUNE)
    return lambda: sum(len(labels) for _, labels in dataset)


def torchvision(folder):
    """Its transforms in a DataLoader, in a process of their own: PyTorch and TensorFlow may clash in one."""
    if importlib.util.find_spec("torchvision") is None:
        print("torchvision is not installed")
        return None
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    context.Process(target=serve_passes, args=(there, folder)).start()
    there.close()  # the process ends once this end of the pipe is gone, too

    def one_pass():
        here.send("go")
        return here.recv()

    return one_pass


def serve_passes(pipe, folder):
    """Reads the folder once for each message, with two workers, which stay; answers with the number of images."""
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    import support.torchvision_twin  # noqa: F401  # so that torchvision loads beside a PyTorch of another build, too
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    view = [
        transforms.RandomResizedCrop(SIZE),
        transforms.RandomHorizontalFlip(),
        transforms.ColorJitter(0.5, 0.5, 0.5),
    ]
    images = datasets.ImageFolder(folder, transforms.Compose([*view, transforms.ToTensor()]))
    loader = DataLoader(
        images, BATCH, shuffle=True, num_workers=2, persistent_workers=True, multiprocessing_context="fork"
    )
    with contextlib.suppress(EOFError):
        while pipe.recv():
            pipe.send(sum(len(labels) for _, labels in loader))


def network(folder):
    """Training steps on one batch that is there already: what the pipeline has to keep up with."""
    import keras

    import keras_googlenet as kg

    model = kg.GoogLeNet(weights=None, classes=1000, input_shape=(SIZE, SIZE, 3))
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    model.compile(optimizer, loss="sparse_categorical_crossentropy", loss_weights=[1, 0.3, 0.3])
    images, labels = np.zeros((BATCH, SIZE, SIZE, 3), np.float32), np.zeros(BATCH)

    def two_steps():
        for _ in range(2):
            model.train_on_batch(images, labels)
        return 2 * BATCH

    return two_steps


CONTENDERS = {
    "this package": ours,
    "image_dataset_from_directory, Keras layers": keras_layers,
    "torchvision, two workers": torchvision,
    "the network's training steps": network,
}

if __name__ == "__main__":
    sys.exit(main())

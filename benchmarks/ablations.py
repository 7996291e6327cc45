"""What do the paper's devices do? Small runs that differ in one of them each, over several seeds: a table and a plot.

    python benchmarks/ablations.py        # the embedded digits, 3 seeds of 8 configurations; half an hour, by estimate
    python benchmarks/ablations.py --quick  # does it run? about a minute
    python benchmarks/ablations.py --dataset cifar10/ --per-class 200 --width 0.25 --set epochs=8

The output folder receives `runs.jsonl`, a line per run as soon as it has ended, from which `ablations.md` and
`ablations.png` are made. A script that was stopped goes on after the runs that are there if it is started with the same
arguments. `docs/results/ablations.md` has the outcome on a part of CIFAR-10.

Each run is one of `keras-googlenet train` (`training.train`), watched in two ways: the norm of the gradient that
reaches `conv1_7x7_s2` every few steps, before clipping; and, after each epoch, the validation of the weights as they
are, beside that of their averages.
"""

import argparse
import dataclasses
import gc
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import ablations_report
import keras
import numpy as np
from ablations_watch import GradientNorms, RawValidation

from keras_googlenet import data, training
from keras_googlenet.architecture import VARIANTS, wider
from keras_googlenet.imagenet import preprocess_input
from keras_googlenet.training.feeding import load_source
from keras_googlenet.training.recipes.settings import parse_setting
from keras_googlenet.utils.writing import written_whole

BASE = {"image_size": 32, "sampling": "pad_and_crop", "epochs": 10, "warmup_steps": 100, "checkpoint_steps": 10**9}
"""What all runs share: the paper's recipe, but 32 pixels, of which no patches are cut, and few epochs."""

CONFIGURATIONS = {
    "base": {},
    "no heads": {"aux_heads": False},
    "plain": {"variant": "plain"},
    "plain, no heads": {"variant": "plain", "aux_heads": False},
    "batchnorm": {"variant": "batchnorm"},
    "batchnorm, no heads": {"variant": "batchnorm", "aux_heads": False},
    "sampling: paper": {"sampling": "paper"},
    "sampling: center": {"sampling": "center"},
}
"""Each run's changes to the base, by name."""

QUICK = ("base", "no heads", "plain", "sampling: center")


def main():
    """Does the runs that are missing, then writes the table and the plot."""
    options = parse(sys.argv[1:])
    options.output.mkdir(parents=True, exist_ok=True)
    if options.width != 1:
        VARIANTS.update({name: wider(table, options.width) for name, table in VARIANTS.items()})
    file = options.output / "runs.jsonl"
    with tempfile.TemporaryDirectory() as folder:
        dataset = options.dataset
        if options.per_class:
            dataset = subset(data.load(dataset), Path(folder) / "images", options.per_class)
        written = ablations_report.write(everything(dataset, file, options), options.output)
    print(written.read_text(encoding="utf-8"))


def parse(arguments):
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dataset", default="digits", help="as in keras-googlenet train")
    parser.add_argument("--per-class", type=int, help="of a folder: images of each class to train on; a third validate")
    parser.add_argument("--width", type=float, help="factor of every convolution's filters; default: 0.5")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=CONFIGURATIONS, metavar="NAME", help="some configurations")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="of every run's recipe")
    parser.add_argument("--output", type=Path, default=Path("runs/ablations"))
    parser.add_argument("--quick", action="store_true", help="one seed, one epoch, four configurations, narrow")
    options = parser.parse_args(arguments)
    if options.per_class and not Path(options.dataset).is_dir():
        parser.error(f"--per-class is for a folder of class subfolders. Received: --dataset {options.dataset}")
    if options.quick:
        options.seeds, options.set = 1, ["epochs=1", "warmup_steps=5", *options.set]
        options.only, options.width = options.only or QUICK, options.width or 0.25
    options.width = options.width or 0.5
    options.configurations = {name: CONFIGURATIONS[name] for name in options.only or CONFIGURATIONS}
    return options


def everything(dataset, file, options):
    """Does what is not in the file yet, seed by seed, so that a script that is stopped has something to compare.

    Returns:
        The runs that were asked for, those of the file among them, configuration by configuration.
    """
    settings = dict(map(parse_setting, options.set))
    wanted = []
    for seed in range(options.seeds):
        for name, changes in options.configurations.items():
            recipe = training.recipe_for(dataset, "paper", **{**BASE, **settings, **changes, "seed": seed})
            known = ablations_report.read(file)
            record = {"identity": identity(name, recipe, options)}
            before = next((one for one in known if one["identity"] == record["identity"]), None)
            record = before or {**record, **run(recipe)}
            if before is None:
                with written_whole(file) as partial:
                    partial.write_text("".join(f"{json.dumps(one)}\n" for one in [*known, record]), encoding="utf-8")
            wanted.append(record)
            print(f"{name}, seed {seed}: {record['epochs'][-1]['averaged_accuracy']:.1%}", flush=True)
    return sorted(wanted, key=lambda one: list(options.configurations).index(one["identity"]["name"]))


def identity(name, recipe, options):
    """What makes two runs the same; the folder of a subset has another name every time."""
    fields = {
        **dataclasses.asdict(recipe),
        "dataset": options.dataset,
        "per_class": options.per_class,
        "width": options.width,
    }
    return {"name": name, **fields}


def run(recipe):
    """Trains one network.

    Args:
        recipe: A `training.Recipe`.

    Returns:
        A dict: `epochs`, a list of dicts with `training_loss` (of the main head), and `loss` and `accuracy` of the
        `averaged` and the `raw` weights on the validation images; `gradients`, a list of (step, norm at conv1, norm
        over all variables); `by_head`, the norm at conv1 of each head's own weighted loss after the first, the middle
        and the last epoch; `images`, how many were trained on; `seconds`.
    """
    begun = time.perf_counter()
    keras.backend.clear_session()
    gc.collect()
    source = load_source(recipe)
    batches = data.evaluation_batches(
        source.validation, image_size=recipe.image_size, batch_size=recipe.batch_size, preprocess=preprocess_input
    )
    stream = data.training_stream(
        source.train, image_size=recipe.image_size, batch_size=32, seed=recipe.seed, preprocess=preprocess_input
    )
    gradients, validation = GradientNorms(), RawValidation(batches, next(iter(stream)))
    with tempfile.TemporaryDirectory() as folder:
        training.train(recipe, Path(folder) / "run", strategy="none", callbacks=[gradients, validation], verbose=0)
    return {
        "epochs": validation.epochs,
        "gradients": gradients.norms,
        "by_head": validation.by_head,
        "images": source.train.count,
        "seconds": time.perf_counter() - begun,
    }


def subset(source, folder, per_class):
    """A folder with a part of another's images, as links: the first of each class, a third as many for validation.

    Args:
        source: The `data.Source` of a folder.
        folder: Where to make it.
        per_class: Images of each class to train on.

    Returns:
        The folder, text.
    """
    for name, split, count in (("train", source.train, per_class), ("val", source.validation, max(1, per_class // 3))):
        for label, class_name in enumerate(source.classes):
            place = folder / name / class_name
            place.mkdir(parents=True)
            for number, index in enumerate(np.flatnonzero(split.labels == label)[:count]):
                path = Path(os.fsdecode(split.items[index])).resolve()
                (place / f"{number:05}{path.suffix}").symlink_to(path)
    return str(folder)


if __name__ == "__main__":
    main()

"""Trains a network; with no arguments, on scanned handwritten digits.

The run's folder receives recipe.json, samples.png, metrics.csv, curves.png, report.html and model.keras.

Standard output has what was found, a line an epoch (on a terminal, progress bars), and the result; training goes on
where nobody reads it. Weights and data sets are downloaded where the command line names them, not where only the FILE
of --recipe does; that file's data_dir is not used either: give --data-dir.

A preset sets what the options and --set do not. Without one, --weights means transfer, unless learning_rate is set:
  paper          section 6, and BVLC's values where it is silent; for all data sets but digits
  quick_solver   Caffe's quick_solver: 60 epochs of ImageNet
  transfer       trained weights for new classes, in minutes
  probe          the classifier alone, on the trained trunk's features: the quickest answer
  small_images   images of 32 to 64 pixels, such as CIFAR-10
  digits         the data set of that name

The fields that --set knows, each of which a recipe.json records:
  data           dataset, data_dir, validation_fraction, hold_out, on_corrupt, image_size, sampling
  network        variant, aux_heads, weights, freeze, freeze_epochs, freeze_views, unfreeze_from
  steps          batch_size, accumulate, epochs, learning_rate, head_learning_rate, schedule, decay_rate,
                 decay_epochs, decay_power, warmup_steps, momentum, weight_decay, label_smoothing, clip_norm,
                 averaging, precision
  run            checkpoint_steps, checkpoints_kept, deterministic, seed

Examples:
  keras-googlenet train
  keras-googlenet train --dataset photos/ --epochs 30 --image-size 128
  keras-googlenet train --dataset photos/ --preset transfer --set seed=7 --set averaging=none
  keras-googlenet train --dataset cifar10 --preset small_images --output runs/cifar10 --resume
  keras-googlenet train --dataset photos/ --weights bvlc_googlenet.caffemodel --set learning_rate=0.002
"""

import contextlib
import datetime
import re
from pathlib import Path

from keras_googlenet.cli.paths import output
from keras_googlenet.cli.streams import answers, say
from keras_googlenet.errors import InputError
from keras_googlenet.utils.messages import shown


def add_arguments(parser):
    """Declares the command's arguments."""
    parser.add_argument(
        "--dataset",
        metavar="SPEC",
        help="digits (the default, no download), a folder of class subfolders, or a TFDS name",
    )
    base = parser.add_mutually_exclusive_group()
    base.add_argument("--preset", metavar="NAME", help="settings to start from (see below; default: paper, or digits)")
    base.add_argument("--recipe", metavar="FILE", help="start from the recipe.json of an earlier run")
    parser.add_argument("--data-dir", metavar="DIR", help="where TFDS keeps its data sets")
    parser.add_argument("--output", type=output, metavar="DIR", help="the run's folder (default: runs/DATASET-TIME)")
    parser.add_argument(
        "--strategy",
        choices=("auto", "none", "mirrored", "multiworker"),
        default="auto",
        help="one device, all of this machine, or all of TF_CONFIG's or Slurm's workers (default: what there is)",
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run in --output, or begin it")
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the training images")
    parser.add_argument("--batch-size", type=int, metavar="N", help="images per step")
    parser.add_argument("--image-size", type=int, metavar="N", help="side of the input, at least 32 pixels")
    parser.add_argument("--weights", metavar="W", help="weights to start from: a name or a file")
    parser.add_precision("float32")
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="any field of the recipe, such as learning_rate=0.02; repeatable (see below)",
    )


def leaves_files(arguments):
    """Whether the work is files."""
    return True


def run(arguments):
    """Runs the command.

    Returns:
        Exit status.
    """
    from keras_googlenet import experiment
    from keras_googlenet.training.distributed.strategy import is_chief
    from keras_googlenet.training.recipes.recipe import field_names
    from keras_googlenet.training.recipes.settings import parse_setting
    from keras_googlenet.utils.downloads import unasked

    options = {name: value for name, value in vars(arguments).items() if name in field_names() and value is not None}
    settings = {**dict(map(parse_setting, arguments.settings)), **options}
    foreign = {name: arguments.recipe for name in ("dataset", "weights") if arguments.recipe and name not in settings}
    recipe = _recipe(arguments, settings)
    name = f"{Path(recipe.dataset).name or 'folder'}-{datetime.datetime.now():%Y%m%d-%H%M%S}"
    folder = arguments.output or Path("runs", name)
    verbose = "auto" if answers().isatty() else 2
    with unasked(foreign), contextlib.redirect_stdout(answers()):  # the log is a part of the answer
        logs = experiment.run(recipe, folder, strategy=arguments.strategy, resume=arguments.resume, verbose=verbose)
    if is_chief(arguments.strategy):
        say(_result(logs), f"run folder: {folder}")
    return 0


def _recipe(arguments, settings):
    from keras_googlenet import training
    from keras_googlenet.training.distributed.strategy import is_chief
    from keras_googlenet.training.recipes.presets import CHANGED, transfer_for

    if arguments.recipe:
        recipe = training.read_recipe(arguments.recipe, **settings)
        if recipe.data_dir is not None and "data_dir" not in settings:
            raise InputError(
                f"{arguments.recipe} names a folder, data_dir={shown(recipe.data_dir)}, which is not used unless it is "
                "asked for: add --data-dir DIR, or --set data_dir=none for TFDS's own"
            )
        return recipe
    if arguments.resume and not arguments.output:
        raise InputError("--resume goes on with the run in a folder: name it with --output.")
    if arguments.resume and (arguments.output / "recipe.json").exists():
        if not arguments.preset:
            return training.read_recipe(arguments.output, **settings)
        # A run of 0.1.0 keeps its validation images, and what presets were then.
        recorded = training.read_recipe(arguments.output)
        for name in ("hold_out", *CHANGED.get(arguments.preset, ())):
            settings.setdefault(name, getattr(recorded, name))
    dataset = settings.pop("dataset", "digits")
    if arguments.preset or settings.get("weights") is None or "learning_rate" in settings:
        return training.recipe_for(dataset, preset=arguments.preset, **settings)
    recipe = transfer_for(dataset, **settings)
    if is_chief(arguments.strategy):
        say(
            f"trained weights: preset transfer, the trunk frozen for {recipe.freeze_epochs} of {recipe.epochs} epochs, "
            f"then a learning rate of {recipe.learning_rate} (otherwise: --preset or --set learning_rate=...)"
        )
    return recipe


def _result(logs):
    found = {re.fullmatch(r"val_(?:(\w+)_)?accuracy", name): value for name, value in logs.items()}
    heads = {match[1] or "predictions": f"{value:.2%}" for match, value in found.items() if match}
    text = f"validation accuracy: {heads.pop('predictions')}"
    return f"{text} (auxiliary heads: {', '.join(map(' '.join, heads.items()))})" if heads else text

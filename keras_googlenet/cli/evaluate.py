"""Measures a model, or an ensemble of several, on labeled images, as section 7 of the paper does.

Without --crops the network sees each image once, the central square, as in training's validation. --crops 1, 10 and
144 are the paper's: 224 pixels cut from images whose shorter side is 256 (for 144 also 288, 320 and 352) pixels.

Standard output has what was found, and the table. A file of --predictions keeps what each model says of each image,
also where a signal ended the evaluation: the same command goes on from it. Later it takes the model's place among the
MODELs, so that ensembles cost nothing. Several evaluations of a model may write one file at a time: each keeps what the
others have done.

Examples:
  keras-googlenet evaluate runs/flowers/model.keras --dataset flowers/
  keras-googlenet evaluate imagenet --dataset imagenet2012 --crops 144 --table3 --predictions bvlc.npz
  keras-googlenet evaluate bvlc.npz another.npz --crops 144
"""

import json
import sys
from pathlib import Path

from keras_googlenet.cli.paths import output
from keras_googlenet.cli.streams import say, tell
from keras_googlenet.errors import InputError
from keras_googlenet.utils.bounds import check_option


def add_arguments(parser):
    """Declares the command's arguments."""
    parser.add_argument("models", metavar="MODEL", nargs="+", help="as in predict, or a file of predictions")
    parser.add_argument("--dataset", metavar="SPEC", help="digits, a folder of class subfolders, or a TFDS name")
    parser.add_argument("--data-dir", metavar="DIR", help="where TFDS keeps its data sets")
    parser.add_argument(
        "--split",
        choices=("train", "validation", "test", "all"),
        help="default: test, else validation; all images of a folder without a split of its own",
    )
    parser.add_argument("--crops", type=int, choices=(1, 10, 144), help="views of each image")
    parser.add_argument("--pool", choices=("mean", "max"), default="mean", help="over the crops (default: mean)")
    parser.add_argument("--table3", action="store_true", help="a row for each number of crops up to --crops")
    parser.add_argument(
        "--predictions", metavar="FILE", type=output, help="keep them in an .npz file; a folder, for several models"
    )
    parser.add_argument("--json", metavar="FILE", type=output, help="write the results, too")
    parser.add_argument("--batch-size", type=int, default=32, metavar="N", help="crops per step (default: 32)")
    parser.add_argument("--on-corrupt", choices=("stop", "skip"), default="stop", help="at an unreadable image")
    parser.add_precision("the model's own, which is float32 unless it was trained in another")
    parser.add_class_index()


def leaves_files(arguments):
    """Whether the work is files, too."""
    return bool(arguments.json or arguments.predictions)


def run(arguments):
    """Runs the command.

    Returns:
        Exit status.
    """
    from keras_googlenet.evaluation.error_rates import error_rates, format_table, table3
    from keras_googlenet.evaluation.predictions import Predictions, is_predictions
    from keras_googlenet.utils.writing import check_writable

    _check(arguments)
    if arguments.json:
        check_writable(arguments.json)
    models = arguments.models
    given = [spec for spec in models if not is_predictions(spec)]
    if given and not arguments.dataset:
        raise InputError(f"Name the images to measure {given[0]} on with --dataset: digits, a folder, or a TFDS name.")
    images = _images(arguments, given) if given else None
    everyone = [_predictions(one, images, arguments) if one in given else Predictions.read(one) for one in models]
    rows = table3(everyone) if arguments.table3 else [error_rates(everyone, _crops(arguments, everyone))]
    say(*format_table(rows).splitlines())
    if skipped := int(max(one.skipped.sum() for one in everyone)):
        say(f"skipped {skipped:,} images that cannot be read")
    if arguments.json:
        _write_json(arguments, everyone, skipped, rows)
    return 1 if skipped else 0


def _write_json(arguments, everyone, skipped, rows):
    from keras_googlenet.utils.writing import written_whole

    record = {
        "models": [one.model for one in everyone],
        "dataset": arguments.dataset,
        "pool": everyone[0].pool,
        "skipped": skipped,
        "results": [row.to_record() for row in rows],
    }
    with written_whole(arguments.json) as partial:
        partial.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _check(arguments):
    check_option("--batch-size", arguments.batch_size, 1)
    if arguments.table3 and not arguments.crops:
        raise InputError("--table3 makes a row for each number of crops up to --crops: add --crops 144.")
    file = arguments.predictions
    if file and len(arguments.models) == 1 and file.suffix != ".npz":
        raise InputError(f"--predictions names an .npz file. Received: {file}")


def _images(arguments, models):
    """The images to measure the models on, of those held out the ones that their runs held out; and the classes."""
    from keras_googlenet.data.loading import load_split
    from keras_googlenet.training.recipes.settings import holding_out

    ways = list({str(way): way for way in map(holding_out, models) if way}.values()) or [{}]
    found = [load_split(arguments.dataset, arguments.split, data_dir=arguments.data_dir, **way) for way in ways]
    split, classes, summary = found[0]
    if any(other.names != split.names for other, _, _ in found[1:]):
        raise InputError(
            "The runs of these models held out different images. Evaluate the models one by one, or on another "
            f"--split. Received: {' and '.join(map(str, ways))}"
        )
    say(*summary.split("\n"))
    return split, classes


def _crops(arguments, everyone):
    """The number of crops that the result is of: what was asked for, or the most that all have."""
    if arguments.crops is not None:
        return arguments.crops
    if not (common := set.intersection(*(set(one.probabilities) for one in everyone))):
        raise InputError("These predictions have no number of crops in common: evaluate one of the models again.")
    return max(common)


def _predictions(spec, images, arguments):
    """What one model says of the images."""
    from keras_googlenet.cli.models import load_classifier
    from keras_googlenet.data import ImageError
    from keras_googlenet.evaluation import predict
    from keras_googlenet.evaluation.class_mapping import class_mapping
    from keras_googlenet.evaluation.crops import numbers_up_to

    split, classes = images
    classifier = load_classifier(spec, precision=arguments.precision)
    _check_fit(classifier, spec, arguments)
    outputs = _outputs(classifier, classes, arguments.class_index)
    file = arguments.predictions
    if file is not None and len(arguments.models) > 1:
        file /= f"{arguments.models.index(spec)}-{Path(spec).stem}.npz"
    try:
        return predict(
            classifier.served,
            split,
            class_mapping(classes, outputs),
            size=classifier.images.side,
            preprocess=classifier.images.preprocess,
            crops=numbers_up_to(arguments.crops) if arguments.table3 else (arguments.crops or 0,),
            pool=arguments.pool,
            name=str(spec),
            outputs=outputs,
            file=file,
            batch_size=arguments.batch_size,
            on_corrupt=arguments.on_corrupt,
            verbose=int(sys.stderr.isatty()),
        )
    except (KeyboardInterrupt, ImageError):
        if file is not None:
            tell(f"{file} keeps what was done: the same command goes on from there")
        raise


def _outputs(classifier, classes, class_index):
    """The names of the model's outputs: numbers, where it has no others and the classes are called by them."""
    from keras_googlenet.model.classifier import IMAGENET
    from keras_googlenet.utils.class_names import number

    width, numbers = classifier.classes, {number(name) for name in classes}
    counted = not classifier.named and numbers <= set(range(width))
    # Of ImageNet's classes, whose names go without saying, a few numbers might be those of another list.
    if counted and (width not in IMAGENET or len(numbers) == width):
        say(f"the model's outputs have no names of their own: classes are called by their numbers, 0 to {width - 1}")
        return classifier.numbers()
    return classifier.names(class_index)


def _check_fit(classifier, spec, arguments):
    """Refuses models that the protocol has no answer for."""
    if classifier.independent:
        raise InputError(
            "Errors are measured on probabilities, which sum to 1. "
            f"Received: {spec}, which ends in a sigmoid: independent scores, of which several may be right"
        )
    height, width = classifier.images.size
    if arguments.crops and height != width:
        raise InputError(
            "Crops are squares: evaluate a model of other images without --crops. "
            f"Received: {spec}, which takes {height}x{width} pixels"
        )

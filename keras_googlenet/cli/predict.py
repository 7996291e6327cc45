"""Classifies images: files, all images of folders, what a pattern matches, or the one on standard input.

PATH is one of
  an image       in any format that Pillow decodes by itself, told by its content: JPEG, PNG, GIF, WebP, TIFF, BMP,
                 AVIF, JPEG 2000 and the rarer ones; the first page or frame of several, turned upright, over white
                 where it is transparent
  a folder       all images in it, at any depth, sorted by path
  a pattern      with *, ? or [, and ** for any depth, as "photos/**/*.jpg"; a file of just that name comes first
  -              the bytes of one image on standard input

Results come in the order of the images, a batch at a time. An image that cannot be read is named on standard error, and
why; the others go on, and the exit status is 1. Standard output has the results alone. What would control a terminal
or break a line, in a path or a class's name, is printed as an escape. With --json each line is an object:
  {"path": ..., "predictions": [{"class": "n02219486", "name": "ant", "probability": 0.98}, ...]}
Logits get their softmax. Of a model that ends in sigmoids each class has a score by itself: "score" in place of
"probability".

Examples:
  keras-googlenet predict imagenet photo.jpg
  keras-googlenet predict imagenet photos/ "scans/**/*.tif" --top 1 --json > answers.jsonl
  keras-googlenet predict runs/digits-20261124-101500/model.keras scans/ --batch-size 64
  curl -s https://example.org/photo.jpg | keras-googlenet predict imagenet -
"""

import itertools

from keras_googlenet.cli.streams import answers, say
from keras_googlenet.utils.bounds import check_option
from keras_googlenet.utils.messages import json_line

BATCH = 16


def add_arguments(parser):
    """Declares the command's arguments."""
    parser.add_argument("model", metavar="MODEL", help="a .keras file, a weights name (imagenet), or a weights file")
    parser.add_argument("paths", metavar="PATH", nargs="+", help="an image, a folder, a pattern, or - (see below)")
    parser.add_argument("--top", type=int, default=5, metavar="N", help="classes to name per image (default: 5)")
    parser.add_argument("--json", action="store_true", help="one JSON object per image and line")
    parser.add_argument(
        "--batch-size", type=int, default=BATCH, metavar="N", help=f"images classified at a time (default: {BATCH})"
    )
    parser.add_precision("the model's own, which is float32 unless it was trained in another")
    parser.add_class_index()


def run(arguments):
    """Runs the command.

    Returns:
        Exit status.
    """
    for option, value in (("--top", arguments.top), ("--batch-size", arguments.batch_size)):
        check_option(option, value, 1)

    import numpy as np

    from keras_googlenet import data
    from keras_googlenet.cli.images import Failures, views
    from keras_googlenet.cli.models import load_classifier
    from keras_googlenet.cli.paths import expand
    from keras_googlenet.cli.progress import Progress
    from keras_googlenet.model.loading import names_or_numbers
    from keras_googlenet.model.memory import batches

    fail = Failures()
    files = expand(arguments.paths, fail)
    if not files:
        return 1
    classifier = load_classifier(arguments.model, precision=arguments.precision)
    names = names_or_numbers(classifier, arguments.class_index)
    form = _json if arguments.json else _text
    progress = Progress(len(files), shown=len(files) > arguments.batch_size)

    def readable():
        for done, path in enumerate(files, 1):
            try:
                yield done, path, *views(path, classifier.images.side)
            except data.ImageError as error:
                progress.clear()
                fail(error)

    images, batch_size = readable(), min(arguments.batch_size, len(files))
    with batches(classifier.served, batch_size, classifier.images.side):
        while batch := list(itertools.islice(images, batch_size)):
            done, paths, pixels = zip(*batch, strict=True)
            scores = classifier.predict(np.stack(pixels))
            progress.clear()
            for path, row in zip(paths, scores, strict=True):
                best = [(*names[i], float(row[i])) for i in np.argsort(-row, kind="stable")[: arguments.top]]
                say(*form(path, best, classifier.independent))
            progress.update(done[-1])
    return int(bool(fail))


def _text(path, best, independent):
    form = "  score {:.4f}  {}" if independent else "  {:7.2%}  {}"
    return path, *(form.format(score, name) + (f"  ({key})" if key != name else "") for key, name, score in best)


def _json(path, best, independent):
    word = "score" if independent else "probability"
    record = {"path": path, "predictions": [{"class": key, "name": name, word: score} for key, name, score in best]}
    return (json_line(record, answers().encoding),)

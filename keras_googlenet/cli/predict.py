"""Classifies images: files, or all images of folders.

An image that cannot be read is named on standard error, the others go on, and the exit status is 1.

Examples:
  keras-googlenet predict imagenet photo.jpg
  keras-googlenet predict runs/digits-20261124-101500/model.keras scans/ --top 1 --json
"""

import json
import sys
from pathlib import Path

BATCH = 32


def add_arguments(parser):
    """Declares the command's arguments."""
    parser.add_argument("model", metavar="MODEL", help="a .keras file, a weights name (imagenet), or a weights file")
    parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="an image, or a folder of images")
    parser.add_argument("--top", type=int, default=5, metavar="N", help="classes to name per image (default: 5)")
    parser.add_argument("--json", action="store_true", help="one JSON object per image and line")
    parser.add_argument(
        "--class-index", type=Path, metavar="FILE", help="imagenet_class_index.json, on a machine without a network"
    )


def run(arguments):
    """Runs the command.

    Returns:
        Exit status.
    """
    from keras_googlenet import data
    from keras_googlenet.cli.models import class_names, load_model, side
    from keras_googlenet.errors import InputError

    if arguments.top < 1:
        raise InputError(f"--top must be at least 1. Received: {arguments.top}")
    paths, failures = _expand(arguments.paths)
    model = load_model(arguments.model)
    names = class_names(model, arguments.class_index)
    show = _print_json if arguments.json else _print_text
    batch = []
    for path in paths:
        try:
            batch.append((path, data.resize_crop(data.read_image(path), side(model))))
        except data.ImageError as error:
            failures.append(error)
            print(f"keras-googlenet: {error}", file=sys.stderr)
        if len(batch) == BATCH:
            show(_classify(model, batch, names, arguments.top))
            batch = []
    if batch:
        show(_classify(model, batch, names, arguments.top))
    return 1 if failures else 0


def _expand(paths):
    """The files that were asked for, and what cannot be found among them."""
    from keras_googlenet.data import image_files

    files, failures = [], []
    for path in paths:
        found = image_files(path) if path.is_dir() else [path]
        if not found:
            failures.append(path)
            print(f"keras-googlenet: {path}: a folder without images", file=sys.stderr)
        files += found
    return files, failures


def _classify(model, batch, names, top):
    import numpy as np

    from keras_googlenet import preprocess_input

    images = np.stack([image for _, image in batch])
    scores = np.asarray(model.predict(preprocess_input(images, "channels_last"), verbose=0))
    for (path, _), row in zip(batch, scores, strict=True):
        best = np.argsort(-row, kind="stable")[:top]
        yield path, [(*names[i], float(row[i])) for i in best]


def _print_text(results):
    for path, best in results:
        print(path)
        for key, name, score in best:
            print(f"  {score:7.2%}  {name}" + (f"  ({key})" if key != name else ""))


def _print_json(results):
    for path, best in results:
        classes = [{"class": key, "name": name, "probability": score} for key, name, score in best]
        print(json.dumps({"path": str(path), "predictions": classes}, ensure_ascii=False))

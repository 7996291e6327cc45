"""Draws what a model has learned and what it sees in images: pictures in a folder.

  filters      the first layer's filters
  diagram      the architecture, with both auxiliary heads
  activations  of each image: the most active maps of every Inception module
  cam          of each image: where it shows a class (Grad-CAM)
  dream        of each image: what a layer sees in it, made stronger
  maximize     an image that a class's score is high for
  examples     of each --channel: the images of --images that excite it most and least, where, and how much

The last three take a minute or more, and are made only when asked for. Of an image the network sees the central square.
PATH is as in predict: an image, a folder, a pattern, or - for standard input. An image that cannot be read is named on
standard error, the others go on, and the exit status is 1. Standard output has the pictures' paths.

Examples:
  keras-googlenet visualize imagenet --output pictures photo.jpg
  keras-googlenet visualize imagenet --output pictures --only cam --class bee --class daisy photo.jpg
  keras-googlenet visualize imagenet --output pictures --only dream --layer 4c --size 640 photo.jpg
  keras-googlenet visualize runs/flowers/model.keras --output pictures --only maximize --class rose
  keras-googlenet visualize imagenet --output pictures --only examples --channel mixed4a:97 --images photos/
"""

import sys
from pathlib import Path

from keras_googlenet.cli.paths import STDIN, output
from keras_googlenet.cli.streams import say
from keras_googlenet.errors import InputError
from keras_googlenet.utils.bounds import check_option

OF_THE_MODEL, OF_AN_IMAGE = ("filters", "diagram", "maximize"), ("activations", "cam", "dream")
OF_MANY = "examples"
SLOW = ("maximize", "dream", OF_MANY)
MOST = 24
"""Examples side by side."""
OF_A_CLASS = {"cam", "maximize"}


def add_arguments(parser):
    """Declares the command's arguments."""
    add = parser.add_argument
    add("model", metavar="MODEL", help="as in predict")
    add("paths", metavar="PATH", nargs="*", help="images, as in predict")
    add("--output", metavar="DIR", type=output, required=True, help="where the pictures go")
    add(
        "--only",
        metavar="KIND,...",
        help="filters, diagram, activations, cam, maximize, dream, examples (default: the first two, and the next two "
        "of images)",
    )
    add(
        "--class",
        dest="classes",
        action="append",
        default=[],
        metavar="NAME_OR_INDEX",
        help="class for cam and maximize, several times for several (default for cam: the image's best)",
    )
    add(
        "--layer",
        metavar="NAME",
        help="row for cam and dream, such as inception_4c or 4c (default: the last module for cam, 4c)",
    )
    add(
        "--channel",
        dest="channels",
        action="append",
        default=[],
        metavar="LAYER:N",
        help="channel for examples, such as mixed4a:97, several times for several",
    )
    add("--images", action="append", default=[], metavar="PATH", help="images to choose examples from, as in predict")
    add("--count", type=int, default=8, metavar="N", help="examples of each kind (default: 8)")
    add("--size", type=int, default=448, metavar="N", help="side of a dream in pixels (default: 448)")
    add("--seed", type=int, default=0, metavar="N", help="for maximize and dream (default: 0)")
    parser.add_class_index()


def leaves_files(arguments):
    """Whether the work is files."""
    return True


def run(arguments):
    """Runs the command.

    Returns:
        Exit status.
    """
    from keras_googlenet import data
    from keras_googlenet.cli.images import Failures, views
    from keras_googlenet.cli.paths import expand
    from keras_googlenet.utils.class_names import find_class
    from keras_googlenet.visualize.examples import check_channels
    from keras_googlenet.visualize.gallery import Gallery

    kinds, fail = _kinds(arguments), Failures()
    files = expand(arguments.paths, fail)
    if arguments.paths and not files:
        return 1
    model, names = _model(arguments, kinds)
    gallery = Gallery(
        model,
        arguments.output,
        names,
        classes=[find_class(text, names) for text in arguments.classes],
        layer=arguments.layer,
        seed=arguments.seed,
        verbose=int(sys.stderr.isatty()),
    )
    if arguments.only is None and gallery.network.table is None:
        kinds.remove("diagram")
    gallery.check(kinds)
    if OF_MANY in kinds:
        check_channels(gallery.network, arguments.channels)
    for kind in OF_THE_MODEL:
        if kind in kinds:
            say(*getattr(gallery, kind)())
    if OF_MANY in kinds and not _examples(gallery, arguments, fail):
        return 1
    of_images, side = [kind for kind in OF_AN_IMAGE if kind in kinds], gallery.network.images.side
    for path in files:
        try:
            pictures = views(path, *(arguments.size if kind == "dream" else side for kind in of_images))
        except data.ImageError as error:
            fail(error)
            continue
        name = "standard-input" if path == STDIN else Path(path).stem
        for kind, picture in zip(of_images, pictures, strict=True):
            say(*getattr(gallery, kind)(picture, name))
    return int(bool(fail))


def _examples(gallery, arguments, fail):
    """Draws the examples; whether there are images to choose from."""
    from keras_googlenet.cli.paths import expand
    from keras_googlenet.cli.progress import Progress

    files = expand(arguments.images, fail)
    progress = Progress(len(files))

    def failed(error):
        progress.clear()
        fail(error)

    options = {"count": arguments.count, "on_error": failed, "on_batch": progress.update, "verbose": 0}
    if files:
        say(*gallery.examples(files, arguments.channels, **options))
    return bool(files)


def _model(arguments, kinds):
    """The model and the names of its classes; none, where it is no classifier and need not be one."""
    from keras_googlenet.cli.models import load_classifier
    from keras_googlenet.model.loading import load_model, names_or_numbers

    model = load_model(arguments.model)
    try:
        classifier = load_classifier(arguments.model, model)
    except InputError:
        if arguments.classes or OF_A_CLASS & set(kinds):
            raise
        return model, []
    return classifier.model, names_or_numbers(classifier, arguments.class_index)


def _kinds(arguments):
    from keras_googlenet.visualize.dream import SIDES

    every = (*OF_THE_MODEL, *OF_AN_IMAGE, OF_MANY)
    quick = [kind for kind in every if kind not in SLOW and (arguments.paths or kind in OF_THE_MODEL)]
    kinds = quick if arguments.only is None else arguments.only.split(",")
    if not set(kinds) <= set(every):
        raise InputError(f"--only takes some of {', '.join(every)}, with commas between. Received: {arguments.only}")
    of_images = [kind for kind in kinds if kind in OF_AN_IMAGE]
    if of_images and not arguments.paths:
        raise InputError(f"--only {','.join(of_images)} needs a PATH")
    if "maximize" in kinds and not arguments.classes:
        raise InputError("--only maximize needs a --class")
    if OF_MANY in kinds and not (arguments.channels and arguments.images):
        raise InputError("--only examples needs a --channel, such as mixed4a:97, and --images to choose from")
    if OF_MANY not in kinds and (arguments.channels or arguments.images):
        raise InputError("--channel and --images are for examples: add --only examples")
    if STDIN in arguments.images:
        raise InputError("--images takes files, folders and patterns. Received: -, standard input")
    if not 1 <= arguments.count <= MOST:
        raise InputError(f"--count must be in 1 to {MOST}. Received: {arguments.count}")
    if not SIDES[0] <= arguments.size <= SIDES[1]:
        raise InputError(f"--size must be in {SIDES[0]} to {SIDES[1]}. Received: {arguments.size}")
    check_option("--seed", arguments.seed, 0)
    if arguments.output.exists() and not arguments.output.is_dir():
        raise InputError(f"--output must be a folder. Received: {arguments.output}, a file")
    return kinds

"""Draws what a model has learned and what it sees in images: pictures in a folder, and a page of them, index.html.

  filters      the first layer's filters
  diagram      the architecture, with both auxiliary heads
  activations  of each PATH: the most active maps of every Inception module
  cam          of each PATH: where it shows a class (Grad-CAM)
  attribution  of each PATH: what a class rests on, by nine methods
  grid         of each PATH: what each place of a layer sees in it, and the layer's factors
  dream        of each PATH: what a layer sees in it, made stronger
  channel      of each --channel: an image that excites it
  examples     of each --channel: the images of --images that excite it most and least, where, and how much
  maximize     of each --class: an image that its score is high for
  channels     of --layer: all its channels, each as a small image that excites it
  atlas        of --images: what a layer sees in them, like things side by side

Without --only, it draws what the other arguments are for: the first two; with a PATH, the next two; with a --channel,
its image, and with --images its examples. What is made by gradient ascent takes a third of a minute or more, a layer's
channels many. Of an image the network sees the central square. PATH is as in predict: an image, a folder, a pattern, or
- for standard input. An image that cannot be read is named on standard error, the others go on, and the exit status is
1. Standard output has the files' paths. The page has all pictures of the folder, those of earlier commands, too.

Examples:
  keras-googlenet visualize imagenet --output pictures photo.jpg
  keras-googlenet visualize imagenet --output pictures --only cam --class bee --class daisy photo.jpg
  keras-googlenet visualize imagenet --output pictures --only dream --layer 4c --size 640 photo.jpg
  keras-googlenet visualize imagenet --output pictures --channel mixed4a:97 --images photos/
  keras-googlenet visualize runs/flowers/model.keras --output pictures --only maximize --class rose
"""

import sys
from pathlib import Path
from typing import NamedTuple

from keras_googlenet.cli.paths import STDIN, output
from keras_googlenet.cli.streams import say
from keras_googlenet.errors import InputError
from keras_googlenet.utils.bounds import check_option


class Kind(NamedTuple):
    """A kind of picture: what it needs, by the arguments' names, and when it is drawn unasked."""

    needs: tuple[str, ...] = ()
    by_itself: bool = True
    of_a_class: bool = False


KINDS = {
    "filters": Kind(),
    "diagram": Kind(),
    "activations": Kind(("paths",)),
    "cam": Kind(("paths",), of_a_class=True),
    "attribution": Kind(("paths",), by_itself=False, of_a_class=True),
    "grid": Kind(("paths",), by_itself=False),
    "dream": Kind(("paths",), by_itself=False),
    "channel": Kind(("channels",)),
    "examples": Kind(("channels", "images")),
    "maximize": Kind(("classes",), by_itself=False, of_a_class=True),
    "channels": Kind(("layer",), by_itself=False),
    "atlas": Kind(("images",), by_itself=False),
}

NEEDS = {"paths": "a PATH", "channels": "a --channel, such as mixed4a:97", "classes": "a --class"}
NEEDS |= {"images": "--images to choose from", "layer": "a --layer"}


def add_arguments(parser):
    """Declares the command's arguments."""
    add = parser.add_argument
    several = {"action": "append", "default": []}
    add("model", metavar="MODEL", help="as in predict")
    add("paths", metavar="PATH", nargs="*", help="images, as in predict")
    add("--output", metavar="DIR", type=output, required=True, help="where the pictures go")
    add("--only", metavar="KIND,...", help="kinds of picture (default: what the other arguments are for)")
    add(
        "--class",
        dest="classes",
        **several,
        metavar="NAME_OR_INDEX",
        help="class for cam and maximize, several times for several (default for cam: the image's best)",
    )
    add(
        "--channel",
        dest="channels",
        **several,
        metavar="LAYER:N",
        help="channel for channel and examples, such as mixed4a:97, several times for several",
    )
    add("--images", **several, metavar="PATH", help="images to choose examples from, as in predict")
    add(
        "--layer",
        metavar="NAME",
        help="layer, such as mixed4c or 4c (default: the last module for cam, else 4c)",
    )
    add("--size", type=int, default=448, metavar="N", help="side of a dream in pixels (default: 448)")
    add("--seed", type=int, default=0, metavar="N", help="of what is random (default: 0)")
    parser.add_class_index()


def leaves_files(arguments):
    """Whether the work is files."""
    return True


def run(arguments):
    """Runs the command.

    Returns:
        Exit status.
    """
    from keras_googlenet.cli.images import Failures
    from keras_googlenet.cli.paths import expand
    from keras_googlenet.utils.class_names import find_class
    from keras_googlenet.visualize.gallery import Gallery

    kinds, fail = _kinds(arguments), Failures()
    files, images = expand(arguments.paths, fail), expand(arguments.images, fail)
    if (arguments.paths and not files) or (arguments.images and not images):
        return 1
    model, names = _model(arguments, kinds)
    gallery = Gallery(
        model,
        arguments.output,
        names,
        called=arguments.model,
        classes=[find_class(text, names) for text in arguments.classes],
        channels=arguments.channels,
        layer=arguments.layer,
        seed=arguments.seed,
        verbose=int(sys.stderr.isatty()),
    )
    if arguments.only is None and gallery.network.table is None:
        kinds.remove("diagram")
    gallery.check(kinds)
    for kind in kinds:
        if kind == "examples":
            say(*gallery.examples(images, **_progress(images, fail)))
        elif kind == "atlas":
            say(*gallery.atlas(images, on_error=fail))
        elif kind == "channels":
            say(*gallery.channels_of_a_layer())
        elif "paths" not in KINDS[kind].needs:
            say(*getattr(gallery, kind)())
    _of_images(gallery, [kind for kind in kinds if "paths" in KINDS[kind].needs], files, arguments.size, fail)
    if gallery.drawn:
        say(gallery.page())
    return int(bool(fail))


def _of_images(gallery, kinds, files, size, fail):
    """Draws what there is to each image, one image after the other."""
    from keras_googlenet import data
    from keras_googlenet.cli.images import views

    side = gallery.network.images.side
    for path in files if kinds else []:
        try:
            pictures = views(path, *(size if kind == "dream" else side for kind in kinds))
        except data.ImageError as error:
            fail(error)
            continue
        name = "standard-input" if path == STDIN else Path(path).stem
        for kind, picture in zip(kinds, pictures, strict=True):
            say(*getattr(gallery, kind)(picture, name))


def _progress(images, fail):
    """A bar for a pass over images, and what tells of those that cannot be read."""
    from keras_googlenet.cli.progress import Progress

    progress = Progress(len(images))

    def failed(error):
        progress.clear()
        fail(error)

    return {"on_error": failed, "on_batch": progress.update, "verbose": 0}


def _model(arguments, kinds):
    """The model and the names of its classes; none, where it is no classifier and need not be one."""
    from keras_googlenet.cli.models import load_classifier
    from keras_googlenet.model.loading import load_model, names_or_numbers
    from keras_googlenet.model.outputs import main_output

    model = load_model(arguments.model, aux_heads=True)
    try:
        classifier = load_classifier(arguments.model, model)
    except InputError:
        if arguments.classes or any(KINDS[kind].of_a_class for kind in kinds):
            raise
        return model, []
    if model.outputs[0] is not main_output(model):  # else as it is: its auxiliary heads have channels, too
        model = classifier.model
    return model, names_or_numbers(classifier, arguments.class_index)


def _kinds(arguments):
    from keras_googlenet.visualize.page import check_page
    from keras_googlenet.visualize.rendering.ascent import SIDES

    def lacks(kind):
        return [NEEDS[need] for need in KINDS[kind].needs if not getattr(arguments, need)]

    kinds = [kind for kind in KINDS if KINDS[kind].by_itself and not lacks(kind)]
    if arguments.only is not None:
        kinds = arguments.only.split(",")
        if not set(kinds) <= set(KINDS):
            raise InputError(
                f"--only takes some of {', '.join(KINDS)}, with commas between. Received: {arguments.only}"
            )
    for kind in kinds:
        if lacks(kind):
            raise InputError(f"--only {kind} needs {' and '.join(lacks(kind))}")
    used = {need for kind in kinds for need in KINDS[kind].needs}
    for need, option in (("channels", "--channel"), ("images", "--images")):
        if getattr(arguments, need) and need not in used:
            wanted = [kind for kind in KINDS if need in KINDS[kind].needs]
            raise InputError(f"{option} is for {' and '.join(wanted)}, of which none is drawn: see --only")
    if STDIN in arguments.images:
        raise InputError("--images takes files, folders and patterns. Received: -, standard input")
    if not SIDES[0] <= arguments.size <= SIDES[1]:
        raise InputError(f"--size must be in {SIDES[0]} to {SIDES[1]}. Received: {arguments.size}")
    check_option("--seed", arguments.seed, 0)
    if arguments.output.exists() and not arguments.output.is_dir():
        raise InputError(f"--output must be a folder. Received: {arguments.output}, a file")
    check_page(arguments.output)
    return kinds

"""Serves a page on which images are dropped: the best classes, and where in the image they are.

Its address is printed: on this machine alone unless --host says otherwise; it answers to this machine's names and to
--host, not to those of other sites. It needs no network. Of an image the page shows the five best classes with their
probabilities, and the heat (Grad-CAM) of the best or of another that is chosen. On its second tab a layer and a channel
are chosen: it shows what that looks for, and the examples that excite it most. Images are what predict takes, up to
--max-size; what is uploaded is deleted after ten minutes and at the end. Ctrl-C ends it. It needs the extra:
pip install "keras-googlenet[demo]".

Examples:
  keras-googlenet demo                                      the original weights, http://127.0.0.1:7860
  keras-googlenet demo runs/flowers/model.keras --examples photos/
  keras-googlenet demo imagenet --host 0.0.0.0 --port 8080  for all who can reach this machine
"""

import math
from pathlib import Path

from keras_googlenet.cli.streams import say
from keras_googlenet.utils.bounds import check_option

HOST, PORT, MAX_MB = "127.0.0.1", 7860, 20
SHOWN, THUMBNAIL, CHOICE = 12, 160, 200


def add_arguments(parser):
    """Declares the command's arguments."""
    add = parser.add_argument
    add("model", metavar="MODEL", nargs="?", default="imagenet", help="as in predict (default: imagenet)")
    add("--host", default=HOST, metavar="ADDRESS", help=f"address to serve on (default: {HOST}, this machine alone)")
    add("--port", type=int, default=PORT, metavar="N", help=f"port to serve on; 0 takes a free one (default: {PORT})")
    add("--max-size", type=float, default=MAX_MB, metavar="MB", help=f"largest file that is taken (default: {MAX_MB})")
    add(
        "--examples",
        metavar="DIR",
        help=f"folder of images: to click on, the first {SHOWN}; to excite channels, {CHOICE} (default: three photos)",
    )
    parser.add_class_index()


def leaves_files(arguments):
    """Whether it is worth something without standard output: the page is served elsewhere."""
    return True


def run(arguments):
    """Runs the command.

    Returns:
        Exit status.
    """
    from keras_googlenet.cli.models import load_classifier
    from keras_googlenet.demo import serve
    from keras_googlenet.demo.channels import Channels
    from keras_googlenet.demo.predictor import Predictor
    from keras_googlenet.demo.serving import check_address
    from keras_googlenet.errors import InputError
    from keras_googlenet.model.loading import names_or_numbers
    from keras_googlenet.utils.extras import optional

    if not arguments.max_size > 0:  # nan, too
        raise InputError(f"--max-size must be more than 0. Received: {arguments.max_size:g}")
    check_option("--max-size", arguments.max_size, 0)
    optional("gradio", "The demo needs Gradio", extra="demo")
    port = check_address(arguments.host, arguments.port)
    classifier = load_classifier(arguments.model)
    names = names_or_numbers(classifier, arguments.class_index)
    predictor = Predictor(classifier.model, names, max_bytes=math.ceil(arguments.max_size * 2**20))
    predictor.warm_up()
    examples, files = _examples(arguments.examples, classifier.classes)
    serve(
        predictor,
        host=arguments.host,
        port=port,
        title=f"GoogLeNet: {Path(arguments.model).name}",
        examples=examples,
        channels=Channels(classifier.model, files),
        started=lambda address: say(f"{address}  (Ctrl-C ends it)"),
    )
    return 0


def _examples(folder, classes):
    """The name, bytes and thumbnail of each example, and the paths that channels' examples are chosen from.

    An image that cannot be read is named and left out.
    """
    from keras_googlenet import data
    from keras_googlenet.cli.images import Failures, views
    from keras_googlenet.cli.paths import expand

    fail, found = Failures(), []
    files = _photos(classes) if folder is None else expand([folder], fail)
    if len(files) > SHOWN:
        fail(f"{folder}: {len(files)} examples, of which the first {SHOWN} are shown")
    for file in files[:SHOWN]:
        try:
            (thumbnail,) = views(file, THUMBNAIL)
            found.append((Path(file).name, Path(file).read_bytes(), thumbnail))
        except data.ImageError as error:
            fail(error)
    return found, files[:CHOICE]


def _photos(classes):
    """Photographs that are there already: of scikit-learn, CC BY 2.0, and of matplotlib, in the public domain."""
    from importlib import resources

    from matplotlib.cbook import get_sample_data

    from keras_googlenet.imagenet import WIDTHS

    if classes not in WIDTHS:  # none of its classes is on them
        return []
    of_sklearn = resources.files("sklearn.datasets.images")
    photos = [str(of_sklearn / name) for name in ("china.jpg", "flower.jpg")]
    return [*photos, get_sample_data("grace_hopper.jpg", asfileobj=False)]

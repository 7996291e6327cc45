"""Writes what layers of a model make of images into a file: features, for what others build on them.

MODEL and PATH are as in predict, without standard input. Of an image the network sees the central square. LAYER is a
row of the table (4a, inception_4a), a layer in it (inception_4b_3x3_reduce, or Caffe's inception_4b/3x3_reduce), or a
name of Google's graph (mixed4b_3x3_bottleneck, softmax2); with _pre_relu after it, what comes before its ReLU.

FILE ends in .npz, for numpy.load, or in .parquet, which needs pyarrow. It has, in the order of the images:
  paths      of the images, as found
  LAYER      for each layer, by its name here (inception_4a): float32 numbers, (images, channels), or with
             --pooling none (images, rows, columns, channels)
and, once, layers, pooling, model, and digest, a checksum of the model's weights.

An image that cannot be read is named on standard error and left out, and the exit status is 1. The memory that is taken
does not grow with the number of images. What is done is kept in a folder beside FILE, FILE.part: after an interruption
of any kind the same command goes on from there, and makes the file that it would have made at once. Another command is
refused there, but for --restart. FILE may not be there yet. Standard output has its path.

Examples:
  keras-googlenet features imagenet photos/ --layer mixed4a --output photos.npz
  keras-googlenet features imagenet photos/ --layer 4c --layer 5b --pooling max --output photos.parquet
  keras-googlenet features runs/flowers/model.keras flowers/ --layer 3b --pooling none --output maps.npz
"""

from keras_googlenet.cli.paths import STDIN, output
from keras_googlenet.cli.streams import say, tell
from keras_googlenet.errors import InputError
from keras_googlenet.utils.bounds import check_option

BATCH = 32


def add_arguments(parser):
    """Declares the command's arguments."""
    add = parser.add_argument
    add("model", metavar="MODEL", help="as in predict")
    add("paths", metavar="PATH", nargs="+", help="an image, a folder, or a pattern, as in predict")
    add("--layer", dest="layers", action="append", required=True, metavar="NAME", help="several times for several")
    add("--output", metavar="FILE", type=output, required=True, help=".npz or .parquet")
    add(
        "--pooling",
        choices=("mean", "max", "none"),
        default="mean",
        help="over the places of a map; none: whole maps (default: mean)",
    )
    add("--restart", action="store_true", help="begin anew, whatever FILE.part holds")
    add("--batch-size", type=int, default=BATCH, metavar="N", help=f"images at a time (default: {BATCH})")
    parser.add_precision("the model's own, which is float32 unless it was trained in another")


def leaves_files(arguments):
    """Whether the work is a file."""
    return True


def run(arguments):
    """Runs the command.

    Returns:
        Exit status.
    """
    check_option("--batch-size", arguments.batch_size, 1)
    if STDIN in arguments.paths:
        raise InputError("features takes files, folders and patterns. Received: -, standard input")

    from keras_googlenet.cli.images import Failures
    from keras_googlenet.cli.models import load_network
    from keras_googlenet.cli.paths import expand
    from keras_googlenet.cli.progress import Progress
    from keras_googlenet.visualize import write_features
    from keras_googlenet.visualize.dataset.partial_features import SUFFIX

    fail = Failures()
    files = expand(arguments.paths, fail)
    if not files:
        return 1
    network = load_network(arguments.model, arguments.precision)
    progress = Progress(len(files), shown=len(files) > arguments.batch_size)

    def failed(error):
        progress.clear()
        fail(error)

    try:
        write_features(
            network,
            files,
            arguments.layers,
            arguments.output,
            pooling=arguments.pooling,
            batch_size=arguments.batch_size,
            name=arguments.model,
            on_error=failed,
            on_batch=progress.update,
            restart=arguments.restart,
            verbose=0,
        )
    except KeyboardInterrupt:
        progress.clear()
        tell(f"{arguments.output}{SUFFIX} keeps what was done: the same command goes on from there")
        raise
    say(arguments.output)
    return int(bool(fail))

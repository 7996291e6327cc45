"""Measures what this machine does: a network forward and in training, and the input pipeline.

Each backend of Keras that is installed computes in a process of its own, with batches of 1 and of 32 images, in float32
and in the halves that the processor or GPU has units for. The pipeline is what training reads: JPEGs decoded and
sampled as in section 6 of the paper, batches of 32. What a process measures takes turns; the table has medians, images
a second and milliseconds a batch. Without MODEL it is the paper's network, not trained, with its heads in training.

Compiling comes before the measuring and may take as long again; what is not ready by then is left out, and named. With
--json a file receives the figures, too. Nothing else is left, also where Ctrl-C ends it.

Examples:
  keras-googlenet benchmark
  keras-googlenet benchmark runs/flowers/model.keras --seconds 20
  keras-googlenet benchmark --backends jax --dataset photos/ --json speed.json
"""

import json

from keras_googlenet.cli.paths import output
from keras_googlenet.cli.streams import say, tell
from keras_googlenet.utils.bounds import check_option

SECONDS = 30


def add_arguments(parser):
    """Declares the command's arguments."""
    add = parser.add_argument
    add("model", metavar="MODEL", nargs="?", help="as in predict (default: the paper's network, not trained)")
    add("--seconds", type=float, default=SECONDS, metavar="N", help=f"to measure for, in all (default: {SECONDS})")
    add("--backends", nargs="+", metavar="NAME", help="tensorflow, jax, torch (default: those that are installed)")
    add("--image-size", type=int, metavar="N", help="side of the images in pixels (default: the model's, or 224)")
    add("--dataset", metavar="SPEC", help="as in train, for the pipeline (default: photos made for it)")
    add("--json", type=output, metavar="FILE", help="the figures, for programs")


def run(arguments):
    """Runs the command.

    Returns:
        Exit status.
    """
    from keras_googlenet.architecture.table import MIN_SIZE
    from keras_googlenet.benchmark import measure
    from keras_googlenet.cli.progress import Progress
    from keras_googlenet.utils.writing import check_writable, written_whole

    check_option("--seconds", arguments.seconds, 0.1)
    if arguments.image_size is not None:
        check_option("--image-size", arguments.image_size, MIN_SIZE)
    if arguments.json is not None:
        check_writable(arguments.json)
    progress = Progress(100, unit="percent")
    found = measure(
        arguments.model,
        backends=arguments.backends,
        image_size=arguments.image_size,
        seconds=arguments.seconds,
        dataset=arguments.dataset,
        progress=lambda part: progress.update(int(100 * part)),
    )
    progress.clear()
    if arguments.json is not None:
        with written_whole(arguments.json) as partial:
            partial.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    say(*_table(found))
    for row in found["left_out"]:
        tell(f"note: not ready in time: {row['backend']}, {row['work']}, {row['precision']}, batch {row['batch']}")
    return 0


def _table(found):
    """The lines of the table: a row for each backend and precision."""
    columns = [(work, batch) for work in ("forward", "training") for batch in (1, 32)]
    cells = {tuple(row[key] for key in ("backend", "precision", "work", "batch")): row for row in found["rows"]}
    height, width = found["image_size"]
    yield f"{found['model']}, {width}x{height} pixels; images/s (ms a batch)"
    for name in dict.fromkeys(found["devices"].values()):
        yield f"on {name}, {found['processors']} processors"
    yield ""
    yield _LINE.format("", "", *(f"{work}, {batch}" for work, batch in columns)).rstrip()
    for backend, precision in dict.fromkeys(key[:2] for key in cells if key[0] is not None):
        rows = (cells.get((backend, precision, *column)) for column in columns)
        yield _LINE.format(backend, precision, *map(_cell, rows)).rstrip()
    for row in found["rows"]:
        if row["work"] == "pipeline":
            yield f"pipeline: {row['images_per_second']:,.0f} images/s ({row['ms']:,.0f} ms for {row['batch']})"


_LINE = "{:<11} {:<9}" + " {:>18}" * 4


def _cell(row):
    return "-" if row is None else f"{row['images_per_second']:,.1f} ({row['ms']:,.1f})"

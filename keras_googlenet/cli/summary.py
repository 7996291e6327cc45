"""Prints Table 1 of the paper beside what the network really costs, at any input size.

Examples:
  keras-googlenet summary
  keras-googlenet summary batchnorm --image-size 128 --classes 10
  keras-googlenet summary runs/digits-20261124-101500/model.keras
"""

from keras_googlenet import architecture
from keras_googlenet.architecture.costs import depth
from keras_googlenet.architecture.table import DEFAULT_SIZE, MIN_SIZE, PRINTED
from keras_googlenet.architecture.variants import naive
from keras_googlenet.cli.streams import say
from keras_googlenet.errors import InputError
from keras_googlenet.utils.bounds import check_option
from keras_googlenet.utils.messages import nearest, shown


def add_arguments(parser):
    """Declares the command's arguments."""
    known = f"a variant ({', '.join(architecture.VARIANTS)}; default: paper) or a .keras file"
    parser.add_argument("model", metavar="MODEL", nargs="?", default="paper", help=known)
    parser.add_argument("--image-size", type=int, metavar="N", help="side of the input in pixels (default: 224)")
    parser.add_argument("--classes", type=int, metavar="N", help="number of classes (default: 1000)")


def needs_keras(arguments):
    """Whether Keras is needed: not for a variant, which is only a table."""
    return arguments.model not in architecture.VARIANTS


def run(arguments):
    """Runs the command.

    Returns:
        Exit status.
    """
    for option, value, least in (("--image-size", arguments.image_size, MIN_SIZE), ("--classes", arguments.classes, 1)):
        if value is not None:
            check_option(option, value, least)
    table, (height, width, channels), classes = _subject(arguments)
    height, width = arguments.image_size or height, arguments.image_size or width
    classes = arguments.classes or classes
    colors = "" if channels == 3 else f"x{channels}"
    say(f"{table.name}: {height}x{width}{colors} input, {classes:,} classes, {depth(table)} layers with parameters", "")
    say(*_table(table, (height, width, channels), classes))
    return 0


def _subject(arguments):
    """The table to print, and the shape of images and the classes that it is used with."""
    if not needs_keras(arguments):
        return architecture.VARIANTS[arguments.model], (DEFAULT_SIZE, DEFAULT_SIZE, 3), 1000

    from keras_googlenet import GoogLeNetModel
    from keras_googlenet.model import load_model
    from keras_googlenet.model.inputs import image_shape
    from keras_googlenet.model.outputs import main_output

    if not arguments.model.endswith(".keras"):
        raise InputError(
            f"MODEL must be a .keras file or one of {', '.join(architecture.VARIANTS)}. "
            f"Received: {shown(arguments.model)}.{nearest(arguments.model, architecture.VARIANTS)}".rstrip(".")
        )
    model = load_model(arguments.model)
    if not isinstance(model, GoogLeNetModel) or model.architecture is None:
        raise InputError(f"{arguments.model} holds a model that was not built from a table of this package")
    return model.architecture, image_shape(model)[0], main_output(model).shape[-1]


def _table(table, shape, classes):
    """The lines of the table and its totals."""
    rows = architecture.costs(table, shape, classes)
    heads = architecture.costs(table, shape, classes, aux_heads=True)[len(rows) :]
    without_reductions = architecture.costs(naive(table), shape, classes)
    printed = PRINTED if table == architecture.PAPER else {}

    yield _LINE.format("", "", "printed", "", "computed", "", "naive", "")
    yield _LINE.format("row", "output", *("params", "ops") * 3)
    for row, twin in zip(rows, without_reductions, strict=True):
        yield _line(row, *printed.get(row.name, ("", "")), *_figures(row), *_figures(twin))
    if heads:
        yield "auxiliary heads:"
    yield from (_line(head, "", "", *_figures(head), "", "") for head in heads)
    yield from ("", f"inference        {_total(rows)}")
    if heads:
        yield f"training         {_total(rows + heads)}"
    yield f"naive modules    {_total(without_reductions)}"
    yield ""
    yield "params: weights / 1024; ops: multiply-adds; naive: the modules of Fig. 2(a), stacked."
    if printed:
        yield "printed: by the paper's Table 1, for 224x224 and 1,000 classes."


_LINE = "{:<18} {:>11} {:>9} {:>8} {:>10} {:>8} {:>10} {:>9}"


def _line(cost, *cells):
    return _LINE.format(cost.name, "x".join(map(str, cost.output)), *cells).rstrip()


def _figures(cost):
    if not cost.weights:
        return "", ""
    return f"{cost.weights / 1024:,.1f}K", f"{cost.macs / 1e6:,.1f}M"


def _total(costs):
    parameters = sum(cost.parameters for cost in costs)
    return f"{parameters:>11,} parameters {sum(cost.macs for cost in costs) / 1e9:>8.3f} G multiply-adds"

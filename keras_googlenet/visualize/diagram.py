"""The network as a picture, drawn from its table alone: Fig. 3 of the paper, with the numbers of Table 1."""

from keras_googlenet.architecture import costs
from keras_googlenet.architecture.table import DEFAULT_SIZE
from keras_googlenet.visualize.layout import HEIGHT, TIMES, TO, Layout

COLORS = {
    "conv": "#cfe0f5",
    "pool": "#f6d5cd",
    "norm": "#d9ecd3",
    "concat": "#ece3f4",
    "linear": "#fbe8bf",
    "plain": "#e9ecef",
}
"""Of the boxes."""

INK, SOFT, EDGE = "#1b1f24", "#59636e", "#b7bec6"


def plot_architecture(table, path, *, size=DEFAULT_SIZE, channels=3, classes=1000, format=None):
    """Draws every row of a table, the branches of its Inception modules and its auxiliary heads.

    Args:
        table: An `Architecture`.
        path: Where the picture goes.
        size: Side of the input in pixels, or its height and width, for the sizes of the maps.
        channels: Of the input.
        classes: Width of the classifiers.
        format: `"svg"`, whose text stays text, or `"png"`; None means the path's suffix.

    Example:
        >>> from keras_googlenet.architecture import PAPER
        >>> plot_architecture(PAPER, "architecture.svg")  # doctest: +SKIP
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shape = (*(size if isinstance(size, tuple) else (size, size)), channels)
    layout = Layout(table, size, classes, channels)
    width, height = layout.extent
    format = format or str(path).rpartition(".")[2]
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": table.name, "font.size": 7.5}):
        figure = Figure(figsize=(width / 2.7, (height + 2.2) / 2.7))
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, -2.2))
        axes.axis("off")
        axes.text(0.5, -1.65, _title(table), size=12, weight="bold", va="center", color=INK)
        axes.text(0.5, -1.2, _subtitle(table, shape, classes), size=8.5, va="top", color=SOFT)
        _draw(axes, layout)
        metadata = dict.fromkeys(("Creator", "Date", "Format", "Type")) if format == "svg" else None
        figure.savefig(path, format=format, dpi=130, metadata=metadata)


def _draw(axes, layout):
    from matplotlib.patches import Rectangle

    for x, y, width, height, dashed in layout.frames:
        style = {"ls": "--", "fc": "none"} if dashed else {"ls": "-", "fc": "#f7f8fa"}
        axes.add_patch(Rectangle((x, y), width, height, ec=EDGE, lw=0.8, **style))
    for points in layout.arrows:
        axes.plot(*zip(*points[:-1], strict=True), color=SOFT, lw=0.8)
        style = {"arrowstyle": "-|>", "lw": 0.8, "color": SOFT, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 7}
        axes.annotate("", points[-1], points[-2], arrowprops=style)
    for box in layout.boxes:
        corner = (box.x - box.width / 2, box.y)
        axes.add_patch(Rectangle(corner, box.width, HEIGHT, fc=COLORS[box.kind], ec="#8a929b", lw=0.6))
        axes.text(box.x, box.y + HEIGHT / 2, box.text, ha="center", va="center", color=INK)


def _title(table):
    return f"GoogLeNet, variant {table.name!r}"


def _subtitle(table, shape, classes):
    rows = costs(table, shape, classes)
    parameters, macs = sum(cost.parameters for cost in rows), sum(cost.macs for cost in rows)
    text = f"{parameters:,} parameters and {macs / 1e9:.3f} G multiply-adds for an image, without auxiliary heads. "
    text += f"A box says: window/stride, filters {TO} rows{TIMES}columns{TIMES}channels."
    if table.batch_norm is not None:
        text += "\nBatch normalization after each convolution."
    if table.pixels is not None:
        text += " Pixels are rescaled first."
    return text

"""The curves of a training run, drawn from its `metrics.csv`."""

import csv
from pathlib import Path


def plot_curves(metrics_path, picture_path):
    """Draws loss and accuracy of every head over the epochs, training dashed and validation solid.

    Args:
        metrics_path: A run's `metrics.csv`, a row per epoch.
        picture_path: Where the PNG goes.

    Raises:
        ValueError: The file holds no epoch.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with Path(metrics_path).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise ValueError(f"Expected a row per epoch. Received: {metrics_path} without any")
    epochs = [int(row["epoch"]) + 1 for row in rows]
    columns = {name: [float(row[name]) for row in rows] for name in rows[0] if name != "epoch"}

    figure = Figure(figsize=(10, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, kind in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        _draw(axes, kind, epochs, columns)
    figure.savefig(picture_path, dpi=120, format="png")


def _draw(axes, kind, epochs, columns):
    for colour, head in zip(_COLOURS, _heads(columns), strict=False):
        name = f"{head}_{kind}" if head else kind
        for prefix, style, part in (("", "--", "training"), ("val_", "-", "validation")):
            if prefix + name in columns:
                marker = "." if len(epochs) < 3 else ""
                label = f"{head} {part}".strip()
                axes.plot(epochs, columns[prefix + name], style, color=colour, label=label, marker=marker)
    axes.set_title(kind)
    axes.set_xlabel("epoch")
    axes.grid(alpha=0.3)
    axes.xaxis.get_major_locator().set_params(integer=True)
    if kind == "accuracy":
        axes.set_ylim(top=1.0)
    else:
        axes.set_ylim(bottom=0.0)
    axes.legend(fontsize=8)


_COLOURS = ("#1f5fa8", "#c85a17", "#3b8f4a", "#7d4fa0", "#8a6d3b")


def _heads(columns):
    """The heads that were measured, the main one first; one without a name where there is only one.

    With several outputs Keras's plain `loss` is their weighted sum, and each has a `<head>_loss`.
    """
    plain = [name.removeprefix("val_") for name in columns]
    heads = dict.fromkeys(name.removesuffix("_loss") for name in plain if name.endswith("_loss"))
    return sorted(heads, key=lambda head: head.startswith("aux")) or [""]

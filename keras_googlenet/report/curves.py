"""The curves of a training run, drawn from its `metrics.csv`."""

import io
import math
from pathlib import Path
from typing import Any

from keras_googlenet.report.metrics import heads, read_metrics

KINDS = ("loss", "accuracy")
"""What is drawn, a panel for each."""

COLORS = ("#1f5fa8", "#c85a17", "#3b8f4a", "#7d4fa0", "#8a6d3b")
"""Of the heads, the main one first."""

GRAY = "#8c8c8c"
"""Of the learning rate."""


def plot_curves(metrics_path: str | Path, picture_path: str | Path) -> None:
    """Draws loss and accuracy of every head over the epochs, training dashed and validation solid.

    The learning rate is a thin gray line behind the losses. Values that are not finite leave a gap.

    Args:
        metrics_path: A run's `metrics.csv`, a row per epoch.
        picture_path: Where the PNG goes.

    Raises:
        ValueError: The file holds no epoch.
    """
    epochs, columns = read_metrics(metrics_path)
    if not epochs:
        raise ValueError(f"Expected a row per epoch. Received: {metrics_path} without any")
    figure = _figure(epochs, columns, KINDS, (10, 4.2))
    for axes in figure.axes[: len(KINDS)]:
        axes.legend(fontsize=8)
    figure.savefig(picture_path, dpi=120, format="png")


def curves_svg(epochs: list[int], columns: dict[str, list[float]], kind: str) -> str:
    """One of the panels as SVG to stand inside a page, without its key; the page's style colors what is black.

    Args:
        epochs: As `read_metrics` gives them, one or more.
        columns: Likewise.
        kind: `loss` or `accuracy`.

    Returns:
        An `<svg>` element, text. Its identifiers hold the kind, so that both panels may stand in one page.
    """
    import matplotlib

    text = io.StringIO()
    settings: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": kind, "svg.id": kind}
    with matplotlib.rc_context(settings):
        figure = _figure(epochs, columns, (kind,), (4.9, 3.7))
        for axes in figure.axes:
            axes.patch.set_visible(False)
        empty = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(text, format="svg", transparent=True, metadata=empty)
    svg = text.getvalue()
    return svg[svg.index("<svg") :].replace('<g id="', f'<g id="{kind}_')


def _figure(epochs, columns, kinds, size):
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    for axes, kind in zip(figure.subplots(1, len(kinds), squeeze=False)[0], kinds, strict=True):
        _draw(axes, kind, epochs, columns)
        if kind == "loss" and "learning_rate" in columns and len(epochs) > 1:
            _draw_learning_rate(axes, epochs, columns["learning_rate"])
    return figure


def _draw(axes, kind, epochs, columns):
    for color, head in zip(COLORS, heads(columns), strict=False):
        name = f"{head}_{kind}" if head else kind
        for prefix, style, part in (("", "--", "training"), ("val_", "-", "validation")):
            if prefix + name in columns:
                values = columns[prefix + name]
                # A point without neighbors is no line.
                marker = "." if len(epochs) < 3 or not all(map(math.isfinite, values)) else ""
                axes.plot(epochs, values, style, color=color, label=f"{head} {part}".strip(), marker=marker)
    axes.grid(alpha=0.3)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.margins(y=0.1)
    margin, ylim = (epochs[-1] - epochs[0]) / 20 or 1, (None, 1.0) if kind == "accuracy" else (0.0, None)
    axes.set(title=kind, xlabel="epoch", xlim=(epochs[0] - margin, epochs[-1] + margin), ylim=ylim)


def _draw_learning_rate(axes, epochs, rates):
    twin = axes.twinx()
    twin.plot(epochs, rates, color=GRAY, linewidth=0.8)
    twin.set_ylim(bottom=0.0)
    twin.set_ylabel("learning rate", color=GRAY, fontsize=8)
    twin.tick_params(colors=GRAY, labelsize=8)
    axes.set_zorder(twin.get_zorder() + 1)
    axes.patch.set_visible(False)

"""The table and the plot of `ablations.py`."""

import io
import json
import statistics

import numpy as np
from PIL import Image

from keras_googlenet.utils.writing import written_whole

BLUE, ORANGE, GREEN = "#1f5fa8", "#c85a17", "#3b8f4a"
HEADS = {"base": ("with heads", BLUE), "no heads": ("without", ORANGE)}
PLAIN_HEADS = {"plain": ("with heads, no LRN", BLUE), "plain, no heads": ("without, no LRN", ORANGE)}
VARIANTS = {"base": ("paper (LRN)", BLUE), "plain": ("plain", ORANGE), "batchnorm": ("batchnorm", GREEN)}
SAMPLINGS = {
    "base": ("{sampling} (base)", BLUE),
    "sampling: paper": ("paper", ORANGE),
    "sampling: center": ("center", GREEN),
}
"""What each panel shows: the configuration's label, in which a field of the recipe may stand, and its color."""

HEADER = (
    "| configuration | runs | training loss | validation loss | accuracy | raw accuracy "
    "| gradient at conv1, first epoch | last epoch |"
)
BY_HEAD_HEADER = "| configuration | epoch | main | aux1 | aux2 |"


def read(path):
    """The runs that are in a file, a list of dicts; empty if there is none."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def write(runs, folder):
    """Writes `ablations.md` and `ablations.png`.

    Args:
        runs: What `ablations.run` returned, each with its `identity`.
        folder: Where they go.

    Returns:
        The table's path.
    """
    groups = {}
    for run in runs:
        groups.setdefault(run["identity"]["name"], []).append(run)
    with written_whole(folder / "ablations.png") as partial:
        plot(groups, partial)
    with written_whole(folder / "ablations.md") as partial:
        partial.write_text(f"{table(groups)}\n{by_head_table(groups)}", encoding="utf-8")
    return folder / "ablations.md"


def table(groups):
    """What the last epoch of each configuration came to: mean and standard deviation over its runs, as Markdown.

    Args:
        groups: Lists of runs by the configuration's name.

    Returns:
        Text. Losses are the main head's; loss and accuracy are those of the averaged weights where not called raw;
        a gradient is the median of an epoch's steps, its mean over runs the geometric one.
    """
    lines = [HEADER, "|---|" + "---:|" * (HEADER.count("|") - 2)]
    for name, runs in groups.items():
        last = [run["epochs"][-1] for run in runs]
        losses = [spread([row[key] for row in last], "{:.3f}") for key in ("training_loss", "averaged_loss")]
        rights = [
            spread([100 * row[key] for row in last], "{:.1f}", "%") for key in ("averaged_accuracy", "raw_accuracy")
        ]
        norms = [np.array([by_epoch(run)[epoch] for run in runs]) for epoch in (0, -1)]
        gradients = [f"{np.exp(np.mean(np.log(values))):.3g}" for values in norms]
        lines.append("| " + " | ".join([name, str(len(runs)), *losses, *rights, *gradients]) + " |")
    return "\n".join(lines) + "\n"


def by_head_table(groups):
    """The norm at conv1 of each head's own weighted loss, the geometric mean over runs, as Markdown."""
    lines = [BY_HEAD_HEADER, "|---|" + "---:|" * (BY_HEAD_HEADER.count("|") - 2)]
    for name, runs in groups.items():
        for place, row in enumerate(runs[0]["by_head"]):
            if len(row["norms"]) > 1:
                norms = [list(run["by_head"][place]["norms"].values()) for run in runs]
                means = np.exp(np.mean(np.log(np.maximum(norms, 1e-12)), axis=0))
                lines.append(f"| {name} | {row['epoch']} | " + " | ".join(f"{value:.3g}" for value in means) + " |")
    return "\n".join(lines) + "\n"


def spread(values, form, unit=""):
    """Mean and standard deviation, text."""
    text = form.format(statistics.mean(values))
    return text + (f" ± {form.format(statistics.stdev(values))}" if len(values) > 1 else "") + unit


def by_epoch(run, column=1):
    """The median norm of each epoch's steps, at conv1 (`column=1`) or over all variables (2): one value per epoch."""
    records = np.array(run["gradients"])
    epochs = len(run["epochs"])
    steps = run["images"] // min(run["identity"]["batch_size"], run["images"])
    parts = [records[(records[:, 0] - 1) // steps == epoch, column] for epoch in range(epochs)]
    return np.array([np.median(part) for part in parts])


def plot(groups, path):
    """Draws the four panels: lines are means over the runs, bands reach from the lowest to the highest.

    Args:
        groups: Lists of runs by the configuration's name; what is missing is left out.
        path: Where the PNG goes.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 7.6), layout="constrained")
    FigureCanvasAgg(figure)
    (gradient, loss), (variants, samplings) = figure.subplots(2, 2)

    draw(gradient, groups, HEADS, by_epoch)
    draw(gradient, groups, PLAIN_HEADS, by_epoch, "--")
    gradient.set_yscale("log")
    gradient.set_title("norm of the gradient at conv1 (median of an epoch)")
    draw(loss, groups, HEADS, metric("averaged_loss"), suffix=", validation")
    draw(loss, groups, HEADS, metric("training_loss"), "--", ", training")
    loss.set_title("loss of the main head")
    draw(variants, groups, VARIANTS, metric("averaged_accuracy"), suffix=", averaged weights")
    draw(variants, groups, VARIANTS, metric("raw_accuracy"), ":", ", raw", band=False)
    variants.set_title("validation accuracy by normalization")
    draw(samplings, groups, SAMPLINGS, metric("averaged_accuracy"), suffix=", averaged weights")
    draw(samplings, groups, SAMPLINGS, metric("raw_accuracy"), ":", ", raw", band=False)
    samplings.set_title("validation accuracy by sampling and averaging")
    for axes, place in zip(figure.axes, ("lower right", "upper right", "upper left", "upper left"), strict=True):
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(fontsize=7.5, loc=place)
    for axes in (variants, samplings):
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=100, format="png")
    Image.open(drawn).convert("RGB").quantize(128).save(path, format="png", optimize=True)


def metric(key):
    """A function from a run to a metric's value in each epoch."""
    return lambda run: np.array([row[key] for row in run["epochs"]])


def draw(axes, groups, shown, series, style="-", suffix="", band=True):
    """Draws one line for each configuration that has runs, over the epochs."""
    for name, (label, color) in shown.items():
        if name not in groups:
            continue
        values = np.array([series(run) for run in groups[name]])
        epochs = np.arange(1, values.shape[1] + 1)
        label = label.format(**groups[name][0]["identity"]) + suffix
        marker = "." if len(epochs) < 3 else ""
        axes.plot(epochs, values.mean(axis=0), style, color=color, label=label, marker=marker)
        if band and style == "-":
            axes.fill_between(epochs, values.min(axis=0), values.max(axis=0), color=color, alpha=0.15, linewidth=0)

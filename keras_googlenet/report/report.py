"""What a run came to, on one page for a person to look at: `report.html`."""

import json
import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from keras_googlenet.errors import InputError
from keras_googlenet.report.confusion import matrix, most_confused, worst_classes
from keras_googlenet.report.curves import COLORS, GRAY, KINDS, curves_svg
from keras_googlenet.report.metrics import heads, read_metrics
from keras_googlenet.report.pictures import embedded, thumbnail
from keras_googlenet.utils.writing import written_whole

SKIPPED = 200
"""Skipped images that are named."""


def write_report(
    folder: str | Path, *, image: Callable[[int], np.ndarray | None] | None = None, skipped: Sequence[str] = ()
) -> Path:
    """Writes a run's `report.html`, a file that needs no other and no network.

    It is made from what lies in the folder: `recipe.json`, and where they are there `metrics.csv`, `evaluation.json`
    and `samples.png`. It can be made again at any time, of a run that goes on too.

    Args:
        folder: The run's folder.
        image: From a mistake's `index` to the image, a uint8 RGB array of shape (height, width, 3), or None if there
            is none. None leaves out the pictures.
        skipped: Images that could not be read and were left out, a text each.

    Returns:
        The report's path.

    Raises:
        InputError: The folder is none of a run, or one of its files does not hold what a run leaves there.

    Example:
        >>> write_report("runs/first")  # doctest: +SKIP
        PosixPath('runs/first/report.html')
    """
    folder = Path(folder)
    loader = jinja2.PackageLoader("keras_googlenet", "report")
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined)
    try:
        page = environment.get_template("report.html.jinja").render(
            _contents(folder, image or (lambda index: None)), skipped=skipped, SKIPPED=SKIPPED, thumbnail=thumbnail
        )
    except (KeyError, IndexError, TypeError, AttributeError, jinja2.UndefinedError) as error:
        message = f"{folder}: its recipe.json or evaluation.json is not what a run leaves"
        raise InputError(f"{message}. Received: {type(error).__name__}: {error}") from error
    path = folder / "report.html"
    with written_whole(path) as partial:
        partial.write_bytes(page.encode("utf-8", errors="replace"))  # names of files may hold what is no Unicode
    return path


def _contents(folder: Path, image: Callable[[int], np.ndarray | None]) -> dict[str, Any]:
    """What the page's template asks for."""
    record, evaluation = _read(folder / "recipe.json"), _read(folder / "evaluation.json")
    if record is None:
        raise InputError(f"{folder}: no run's folder. Expected: a recipe.json in it")
    epochs, columns = read_metrics(folder / "metrics.csv")
    recipe, samples = record["recipe"], folder / "samples.png"
    colors = [(head or "network", color) for head, color in zip(heads(columns), COLORS, strict=False)]
    contents = {
        "title": _title(evaluation, epochs, columns),
        "recipe": recipe,
        "classes": len(record["classes"]),
        "tiles": _tiles(record, evaluation, epochs),
        "curves": [(kind, curves_svg(epochs, columns, kind)) for kind in KINDS] if epochs else (),
        "key": [*colors, *([("learning rate", GRAY)] if "learning_rate" in columns else [])],
        "last_epoch": list(_last_epoch(columns)),
        "evaluation": evaluation,
        "samples": embedded(samples) if samples.exists() else None,
        "settings": [(name, _plain(value)) for name, value in recipe.items()],
        "versions": record["versions"],
        "commands": list(_commands(recipe, folder, epochs)),
    }
    if evaluation is not None:
        contents |= {
            "matrix": matrix(evaluation),
            "tall": any(len(name) > 3 for name in evaluation["class_names"]),
            "pairs": most_confused(evaluation),
            "worst": worst_classes(evaluation),
            "names": evaluation["class_names"],
            "mistakes": [(mistake, image(mistake["index"])) for mistake in evaluation["mistakes"]],
        }
    return contents


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise InputError(f"{path}: not JSON. {error}") from error


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else "none" if value is None else json.dumps(value)


def _title(evaluation: dict[str, Any] | None, epochs: list[int], columns: dict[str, list[float]]) -> str:
    if evaluation is not None:
        return f"{evaluation['top1']:.2%} of {evaluation['count']:,} {evaluation['split']} images recognized"
    accuracy = columns.get("_".join(filter(None, ("val", heads(columns)[0], "accuracy"))))
    reached = f", validation accuracy {accuracy[-1]:.2%}" if accuracy else ""
    return f"Trained for {epochs[-1]} epochs{reached}" if epochs else "Not trained yet"


def _tiles(record: dict[str, Any], evaluation: dict[str, Any] | None, epochs: list[int]) -> Iterator[tuple[str, str]]:
    """Numbers, and what each is of."""
    if evaluation is not None:
        low, high = evaluation["top1_interval_95"]
        yield f"{evaluation['top1']:.2%}", f"top-1 (95%: {100 * low:.1f}\N{EN DASH}{high:.1%})"
        if evaluation["top5"] is not None:
            yield f"{evaluation['top5']:.2%}", "top-5"
        yield f"{evaluation['loss']:.3f}", f"{evaluation['split']} loss"
    yield f"{epochs[-1] if epochs else 0} of {record['recipe']['epochs']}", "epochs trained"
    for name, count in record["images"].items():
        yield f"{count:,}", f"{'training' if name == 'train' else name} images"


def _last_epoch(columns: dict[str, list[float]]) -> Iterator[tuple[str, ...]]:
    for head in heads(columns):
        names = [f"{part}{head and head + '_'}{kind}" for kind in KINDS for part in ("", "val_")]
        styles = zip(names, ("{:.3f}", "{:.3f}", "{:.2%}", "{:.2%}"), strict=True)
        yield head or "network", *(style.format(columns[name][-1]) if name in columns else "" for name, style in styles)


def _commands(recipe: dict[str, Any], folder: Path, epochs: list[int]) -> Iterator[tuple[str, str]]:
    """How to train again, and how to go on where the run is not complete."""
    settings = [f"{name}={_plain(value)}" for name, value in recipe.items() if name != "dataset"]
    again = ["keras-googlenet", "train", "--dataset", recipe["dataset"]]
    again += [word for setting in settings for word in ("--set", setting)]
    yield "The same training again, into a new folder", shlex.join(again)
    if not epochs or epochs[-1] < recipe["epochs"]:
        go_on = ["keras-googlenet", "train", "--output", str(folder), "--resume"]
        yield "Go on where it stopped", shlex.join(go_on)

"""What a run came to, on one page for a person to look at: `report.html`."""

import json
import shlex
from pathlib import Path

from keras_googlenet.errors import InputError
from keras_googlenet.report import page
from keras_googlenet.report.confusion import confusion
from keras_googlenet.report.curves import COLORS, GRAY, KINDS, curves_svg
from keras_googlenet.report.metrics import heads, read_metrics
from keras_googlenet.utils.files import written_whole

SKIPPED = 200
"""Skipped images that are named."""


def write_report(folder, *, image=None, skipped=(), commands=None):
    """Writes a run's `report.html`, a file that needs no other and no network.

    It is made from what lies in the folder: `recipe.json`, and where they are there `metrics.csv`, `evaluation.json`
    and `samples.png`. It can be made again at any time, of a run that goes on too.

    Args:
        folder: The run's folder.
        image: From a mistake's `index` to the image, a uint8 RGB array of shape (height, width, 3), or None if there
            is none: `evaluation.images_at(split, indices).get`, for instance. None leaves out the pictures.
        skipped: Images that could not be read and were left out, a text each.
        commands: Pairs (what it does, command line). None means: how to train again, and how to go on where the run
            is not complete.

    Returns:
        The report's path.

    Raises:
        InputError: The folder is none of a run, or one of its files does not hold what a run leaves there.

    Example:
        >>> write_report("runs/first")  # doctest: +SKIP
        PosixPath('runs/first/report.html')
    """
    folder = Path(folder)
    try:
        record, evaluation = _read(folder / "recipe.json"), _read(folder / "evaluation.json")
        if record is None:
            raise InputError(f"{folder}: no run's folder. Expected: a recipe.json in it")
        epochs, columns = _metrics(folder / "metrics.csv")
        title = _title(evaluation, epochs, columns)
        parts = [
            _header(title, record, evaluation, epochs),
            _curves(folder / "metrics.csv", epochs, columns),
            *([] if evaluation is None else [page.section("Confusion", *confusion(evaluation))]),
            _mistakes(evaluation, image),
            _samples(folder / "samples.png"),
            page.section("Recipe", page.definitions((name, _plain(value)) for name, value in record["recipe"].items())),
            page.section("Versions", page.definitions(record["versions"].items())),
            _commands(_default_commands(record, folder, epochs) if commands is None else commands),
            _skipped(skipped),
        ]
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        message = f"{folder}: its recipe.json or evaluation.json is not what a run leaves"
        raise InputError(f"{message}. Received: {type(error).__name__}: {error}") from error
    path = folder / "report.html"
    with written_whole(path) as partial:
        # Names of files may hold what is no Unicode.
        partial.write_bytes(page.document(title, "\n".join(filter(None, parts))).encode("utf-8", errors="replace"))
    return path


def _read(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise InputError(f"{path}: not JSON. {error}") from error


def _metrics(path):
    """Epochs and columns, both empty before the first epoch has ended."""
    if not path.exists() or len(path.read_text(encoding="utf-8").splitlines()) < 2:
        return [], {}
    try:
        return read_metrics(path)
    except ValueError as error:
        raise InputError(str(error)) from error


def _plain(value):
    return value if isinstance(value, str) else "none" if value is None else json.dumps(value)


def _title(evaluation, epochs, columns):
    if evaluation is not None:
        return f"{evaluation['top1']:.2%} of {evaluation['count']:,} {evaluation['split']} images recognized"
    main = heads(columns)[0] if columns else ""
    accuracy = columns.get("_".join(filter(None, ("val", main, "accuracy"))))
    reached = f", validation accuracy {accuracy[-1]:.2%}" if accuracy else ""
    return f"Trained for {epochs[-1]} epochs{reached}" if epochs else "Not trained yet"


def _header(title, record, evaluation, epochs):
    recipe, images = record["recipe"], record["images"]
    tiles = []
    if evaluation is not None:
        low, high = evaluation["top1_interval_95"]
        tiles.append((f"{evaluation['top1']:.2%}", f"top-1 (95%: {100 * low:.1f}\N{EN DASH}{high:.1%})"))
        if evaluation["top5"] is not None:
            tiles.append((f"{evaluation['top5']:.2%}", "top-5"))
        tiles.append((f"{evaluation['loss']:.3f}", f"{evaluation['split']} loss"))
    tiles.append((f"{epochs[-1] if epochs else 0} of {recipe['epochs']}", "epochs trained"))
    tiles += [(f"{count:,}", f"{'training' if name == 'train' else name} images") for name, count in images.items()]
    cells = "".join(
        f'<div class="tile"><b>{page.text(n)}</b><span>{page.text(label)}</span></div>' for n, label in tiles
    )
    about = f"GoogLeNet ({recipe['variant']}) on {recipe['dataset']}, {len(record['classes']):,} classes"
    about += f", {recipe['image_size']}\N{MULTIPLICATION SIGN}{recipe['image_size']} pixels"
    about = f'<p class="soft">{page.text(about)}</p>'
    return f'<header>\n<h1>{page.text(title)}</h1>\n{about}\n<div class="tiles">{cells}</div>\n</header>'


def _curves(path, epochs, columns):
    if not epochs:
        return ""
    rows = []
    for head in heads(columns):
        names = [f"{part}{head and head + '_'}{kind}" for kind in KINDS for part in ("", "val_")]
        values = [columns[name][-1] if name in columns else None for name in names]
        formats = ("{:.3f}", "{:.3f}", "{:.2%}", "{:.2%}")
        cells = ["" if value is None else style.format(value) for style, value in zip(formats, values, strict=True)]
        rows.append((head or "network", *cells))
    header = ("last epoch", "training loss", "validation loss", "training accuracy", "validation accuracy")
    panels = "".join(curves_svg(path, kind) for kind in KINDS)
    body = f'{_key(columns)}\n<div class="panels">{panels}</div>\n{page.table(header, rows)}'
    return page.section("Curves", body, "Validation solid, training dashed.")


def _key(columns):
    """What the colors of the curves mean."""
    pairs = [(head or "network", color) for head, color in zip(heads(columns), COLORS, strict=False)]
    pairs += [("learning rate", GRAY)] if "learning_rate" in columns else []
    items = (f'<span><i style="color:{color}"></i>{page.text(name)}</span>' for name, color in pairs)
    return f'<div class="key">{"".join(items)}</div>'


def _mistakes(evaluation, image):
    if evaluation is None or not evaluation["mistakes"]:
        return ""
    names = evaluation["class_names"]
    cards = []
    for mistake in evaluation["mistakes"]:
        pixels = None if image is None else image(mistake["index"])
        frame = "" if pixels is None else f'<div class="frame">{page.thumbnail(pixels)}</div>'
        label = mistake["name"] if mistake.get("name") is not None else f"image {mistake['index']}"
        cards.append(
            f'<figure class="card">{frame}<figcaption>'
            f"<b>{page.text(names[mistake['true']])}</b> taken for <b>{page.text(names[mistake['predicted']])}</b>, "
            f'{mistake["probability"]:.1%}<br><span class="soft">{page.text(label)}</span></figcaption></figure>'
        )
    note = "The mistakes that the network was surest of: hard images, and images with a wrong label."
    return page.section("Most confident mistakes", f'<div class="cards">{"".join(cards)}</div>', note)


def _samples(path):
    if not path.exists():
        return ""
    alt = "Training images as the network is shown them"
    return page.section("What training saw", page.picture(path, alt))


def _default_commands(record, folder, epochs):
    recipe = record["recipe"]
    settings = [f"{name}={_plain(value)}" for name, value in recipe.items() if name != "dataset"]
    again = ["keras-googlenet", "train", "--dataset", recipe["dataset"]]
    again += [word for setting in settings for word in ("--set", setting)]
    found = [("The same training again, into a new folder", shlex.join(again))]
    if not epochs or epochs[-1] < recipe["epochs"]:
        go_on = shlex.join(["keras-googlenet", "train", "--output", str(folder), "--resume"])
        found.append(("Go on where it stopped", go_on))
    return found


def _commands(commands):
    lines = (f"<p>{page.text(name)}:</p><pre>{page.text(command)}</pre>" for name, command in commands)
    return page.section("Again", "".join(lines)) if commands else ""


def _skipped(skipped):
    if not skipped:
        return ""
    items = "".join(f"<li>{page.text(line)}</li>" for line in skipped[:SKIPPED])
    more = f"<li>and {len(skipped) - SKIPPED:,} more</li>" if len(skipped) > SKIPPED else ""
    note = f"{len(skipped):,} could not be read and took no part."
    return page.section("Skipped images", f"<ul>{items}{more}</ul>", note)

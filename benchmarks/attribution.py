"""Judges the attribution methods by deletion and insertion, on photos, for the class that the network names.

    python benchmarks/attribution.py photos/ bvlc_googlenet.npz --rows rows.jsonl    # half a minute a photo

Each photo's areas are appended to a file, so that a run that was ended goes on there. Three controls are judged with
the methods: pixels in random order, soft random spots, and the nearness to the center.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import stats

SETTINGS = {
    "smoothgrad": {"samples": 10},
    "integrated-gradients": {"steps": 16},
    "rise": {"masks": 300},
}
"""Where less is done than by default."""

STEPS = 32
"""Of each curve."""

CONTROLS = ("random pixels", "random spots", "center")


def main():
    """Judges the photos that were not yet, then prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", help="photos, at any depth")
    parser.add_argument("weights", help="as MODEL in predict")
    parser.add_argument("--photos", type=int, default=50, metavar="N", help="spread over the folder (default: 50)")
    parser.add_argument("--methods", nargs="+", metavar="NAME", help="of visualize.METHODS (default: all)")
    parser.add_argument("--rows", type=Path, required=True, metavar="FILE", help="of a line of JSON for each photo")
    parser.add_argument("--only-table", action="store_true", help="of what FILE holds")
    options = parser.parse_args()
    if not options.only_table:
        judge(Path(options.folder), options.weights, options.photos, options.rows, options.methods)
    table([json.loads(line) for line in options.rows.read_text(encoding="utf-8").splitlines()])
    return 0


def judge(folder, weights, count, rows, methods):
    """Appends the areas of each photo that the file does not have."""
    from keras_googlenet.data.images import read_view
    from keras_googlenet.data.scan import image_files
    from keras_googlenet.model.loading import load_classifier
    from keras_googlenet.visualize import METHODS, importance_curve
    from keras_googlenet.visualize.network import Network

    files = sorted(image_files(folder))
    # In an order in which the first few are spread, too.
    chosen = np.random.default_rng(0).permutation([files[i] for i in np.linspace(0, len(files) - 1, count).astype(int)])
    done = {json.loads(line)["photo"] for line in rows.read_text().splitlines()} if rows.exists() else set()
    network = Network(load_classifier(weights).model)
    for number, path in enumerate(map(Path, chosen)):
        name = path.relative_to(folder).as_posix()
        if name in done:
            continue
        image = np.asarray(read_view(path, network.images.side))[None]
        answer = network.predictions(image[0])
        classes, row = [int(answer.argmax())], {"photo": name, "probability": float(answer.max()), "areas": {}}
        for method in (*(methods or METHODS), *CONTROLS):
            before = time.perf_counter()
            if method in METHODS:
                heats = METHODS[method](network, image, classes, **SETTINGS.get(method, {}))
            else:
                heats = control(method, image.shape[1:3], number)[None]
            seconds = time.perf_counter() - before
            curves = (importance_curve(network, image, classes, heats, kind, steps=STEPS) for kind in KINDS)
            row["areas"][method] = [*(float(curve.areas[0]) for curve in curves), seconds]
        with rows.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


KINDS = ("deletion", "insertion")


def control(name, size, seed):
    """A heat that knows nothing of the image."""
    rng = np.random.default_rng(seed)
    if name == "random pixels":
        return rng.random(size)
    if name == "random spots":
        spots = Image.fromarray(rng.random((7, 7)).astype("float32"))
        return np.asarray(spots.resize(size[::-1], Image.Resampling.BICUBIC))
    rows, columns = (np.linspace(-1, 1, side) for side in size)
    return -np.hypot(rows[:, None], columns)


def table(rows):
    """Prints a line for each method: the mean areas, and their differences from the controls, photo by photo."""
    sure = np.mean([row["probability"] for row in rows])
    print(f"{len(rows)} photos; the network gives the class a mean probability of {sure:.3f}")
    print(
        "| method | deletion | less than random pixels | less than random spots | insertion | more than random spots |"
    )
    print("|---|---:|---:|---:|---:|---:|")
    areas = {name: np.array([row["areas"][name] for row in rows]) for name in rows[0]["areas"]}
    pixels, spots, _ = (areas[name] for name in CONTROLS)
    for name, found in areas.items():
        cells = [
            interval(found[:, 0]),
            interval(pixels[:, 0] - found[:, 0]),
            interval(spots[:, 0] - found[:, 0]),
            interval(found[:, 1]),
            interval(found[:, 1] - spots[:, 1]),
        ]
        print(f"| {name} | {' | '.join(cells)} |")


def interval(values):
    """A mean, and the half width of its 95% interval by Student's t."""
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values) if len(values) > 1 else np.nan
    return f"{np.mean(values):.3f} ± {half:.3f}"


if __name__ == "__main__":
    sys.exit(main())

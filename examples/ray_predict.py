"""All photos of a folder, classified by Ray Data: a line of JSON for each, with its error where it cannot be read.

Run `python examples/ray_predict.py runs/photos/model.keras photos/ answers.jsonl`; `imagenet` is a model, too.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import ray

from keras_googlenet.data import ImageError, images, scan
from keras_googlenet.model.loading import load_classifier, names_or_numbers
from keras_googlenet.utils.writing import written_whole


def main():
    """Classifies; returns what could not be read, with which the process ends."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("model", "photos", "answers"):
        parser.add_argument(name)
    parser.add_argument("--address", default="local", help="of Ray's cluster; `local` starts one for this run")
    parser.add_argument("--gpus", type=float, default=0, help="of each process that runs the network; others then read")
    options = parser.parse_args()
    classifier, failures = load_classifier(options.model), []
    names, paths = names_or_numbers(classifier), scan.image_files(Path(options.photos).resolve(), failures.append)
    local = {"num_cpus": 2, "include_dashboard": False, "object_store_memory": 2**28}
    ray.init(options.address, **(local if options.address == "local" else {}))
    ray.data.DataContext.get_current().execution_options.preserve_order = True
    rows = ray.data.from_items([{"path": str(path)} for path in paths]).map(read, fn_args=[classifier.images.size])
    rows = rows.map_batches(_Network, fn_constructor_args=[options.model], batch_size=32, num_gpus=options.gpus)
    with written_whole(options.answers) as partial, partial.open("w", encoding="utf-8") as file:
        for row in rows.iter_rows():
            failures += filter(None, [row["error"]])
            found = {"class": names[row["best"]][1], "probability": row["probability"]}
            print(json.dumps({"path": row["path"], **({"error": row["error"]} if row["error"] else found)}), file=file)
    return "\n".join(map(str, failures)) or None


def read(row, size):
    """What the network sees of a photo: black, and the reason, where the photo cannot be read."""
    try:
        return {**row, "error": "", "view": images.read_view(row["path"], size)}
    except ImageError as error:
        return {**row, "error": str(error), "view": np.zeros((*size, 3), "uint8")}


class _Network:
    def __init__(self, model):
        self.predict = load_classifier(model).predict

    def __call__(self, batch):
        scores = self.predict(batch.pop("view"))
        return {**batch, "best": scores.argmax(-1), "probability": scores.max(-1)}


if __name__ == "__main__":
    raise SystemExit(main())

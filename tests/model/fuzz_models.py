"""Damages `.keras` and `.weights.h5` files and loads them: each loads whole or is refused, and soon.

    python tests/model/fuzz_models.py                      # 2,000 mutations of each format, ten minutes
    python tests/model/fuzz_models.py --mutations 50 --formats .keras

No library's code reads what is damaged, so all is done in one process. The exit status is 1 if a file did otherwise.
"""

import argparse
import collections
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

import keras
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "weights"))

from fuzz import FORBIDDEN, mutate

from keras_googlenet import weights
from keras_googlenet.errors import InputError
from keras_googlenet.model import load_model

FORMATS = (".keras", ".weights.h5")

SECONDS, MEMORY = 20, 512
"""The most that one file may take: seconds of processor time, MiB."""


def network():
    """A small classifier of images."""
    return keras.Sequential([
        keras.Input((32, 32, 3)),
        keras.layers.Conv2D(4, 3, name="conv"),
        keras.layers.BatchNormalization(name="norm"),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(5, activation="softmax", name="predictions"),
    ])  # fmt: skip


def fuzz(suffix, mutations, seed=0):
    """Loads mutated files of one format.

    Args:
        suffix: Of `FORMATS`.
        mutations: How many.
        seed: Of the damage.

    Returns:
        How often each outcome was seen, a `collections.Counter`: `loaded` and `refused` are well, all others are not.
    """
    rng, outcomes, seen = random.Random(f"{seed}{suffix}"), collections.Counter(), []
    model, watching = network(), [True]
    sys.addaudithook(lambda event, _: seen.append(event) if watching and event.startswith(FORBIDDEN) else None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"whole{suffix}"
        (model.save if suffix == ".keras" else model.save_weights)(path)
        whole = path.read_bytes()
        for number in range(mutations):
            path.write_bytes(mutate(whole, rng))
            del seen[:]
            outcome = _outcome(model, path, suffix)
            outcome = f"ran {sorted(set(seen))}" if seen else outcome
            outcomes[outcome] += 1
            if outcome not in ("loaded", "refused"):
                kept = Path(tempfile.gettempdir()) / f"fuzz-{seed}-{number}{suffix}"
                kept.write_bytes(path.read_bytes())
                print(f"{outcome}: {kept}", file=sys.stderr)
    watching.clear()
    return outcomes


def _outcome(model, path, suffix):
    before = [keras.ops.convert_to_numpy(variable) for variable in model.variables]
    peak, start = _peak(), time.process_time()
    outcome = "loaded"
    try:
        if suffix == ".keras":
            load_model(path)
        weights.load(model.layers, path)
    except InputError as error:
        outcome = "refused" if str(path) in str(error) else f"said {str(error)[:200]!r}"
        same = all(
            np.array_equal(old, keras.ops.convert_to_numpy(new))
            for old, new in zip(before, model.variables, strict=True)
        )
        outcome = outcome if same else "half loaded"
    except Exception as error:
        outcome = f"raised {type(error).__name__}"
    if time.process_time() - start > SECONDS:
        outcome = f"took {time.process_time() - start:.0f} s"
    return outcome if _peak() - peak < MEMORY else f"took {_peak() - peak} MiB"


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main():
    """Prints a row for each format."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mutations", type=int, default=2000)
    parser.add_argument("--formats", nargs="+", default=FORMATS, choices=FORMATS)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    found = {suffix: fuzz(suffix, options.mutations, options.seed) for suffix in options.formats}
    for suffix, outcomes in found.items():
        print(f"{suffix:<17} {dict(outcomes)}", flush=True)
    return 0 if all(set(outcomes) <= {"loaded", "refused"} for outcomes in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())

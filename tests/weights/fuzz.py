"""Damages files of weights and predictions and reads them: nothing may run, hang, fill the memory, or be half loaded.

    python tests/weights/fuzz.py                 # 2,000 mutations of each format, a few minutes
    python tests/weights/fuzz.py --mutations 50 --formats .npz

Each mutated file is loaded into a network in another process, which may grow by `MEMORY`, is given up `SECONDS` after
it was asked, and notes whatever Python reports of programs started, pickles and connections. A file either loads whole
(the damage was to a number, or to what is not read), or is refused by one `WeightsError`, or `PredictionsError`, that
names it and the network keeps every bit. The exit status is 1 if any file did otherwise.
"""

import argparse
import collections
import json
import random
import resource
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[1]))

from byte_builders import write_bundle
from caffe_builders import caffe_layers
from file_builders import keras_arrays, write
from mutations import mutate, within

SECONDS, MEMORY = 20, 512
"""Seconds for one answer, on a busy machine; MiB of memory beyond what the process takes before it reads anything."""

PREDICTIONS = ".predictions.npz"

INDEX = ".second.ckpt"
"""TensorFlow's second format, of several files: the index is damaged."""

FORMATS = (
    ".caffemodel", ".npz", ".onnx", ".pth", ".pt", ".safetensors", ".ckpt", INDEX, ".tar.gz", ".pb", ".zip",
    PREDICTIONS,
)  # fmt: skip

GRAPHS = (".pb", ".zip")
"""Of a whole network, since the reader compares all of it."""

FORBIDDEN = ("os.system", "os.exec", "os.fork", "os.posix_spawn", "subprocess.", "pickle.", "socket.", "ctypes.dlopen")


def fuzz(suffix, mutations, seed=0):
    """Reads mutated files of one format.

    Args:
        suffix: Of `FORMATS`.
        mutations: How many.
        seed: Of the damage.

    Returns:
        How often each outcome was seen, a `collections.Counter`: `loaded` and `refused` are well, all others are not.
    """
    rng, outcomes = random.Random(f"{seed}{suffix}"), collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        whole = _written(Path(folder) / f"damaged{suffix}").read_bytes()
        child, done = None, 0
        try:
            while done < mutations:
                if child is None:
                    child = _start(suffix)
                path = Path(folder) / f"damaged{suffix}"
                place = Path(f"{path}.index") if suffix == INDEX else path
                damaged = within(suffix, whole, rng) if rng.randrange(2) else mutate(whole, rng)
                place.write_bytes(damaged)
                outcome = _ask(child, path)
                outcomes[outcome] += 1
                done += 1
                if outcome not in ("loaded", "refused"):
                    kept = Path(tempfile.gettempdir()) / f"fuzz-{seed}-{done}{suffix}"
                    kept.write_bytes(damaged)
                    print(f"{outcome}: {kept}", file=sys.stderr)
                if child.poll() is not None:
                    child = _end(child)
        finally:
            if child is not None:
                _end(child)
    return outcomes


def _written(path):
    """A file that is whole."""
    if path.name.endswith(PREDICTIONS):
        from keras_googlenet.evaluation import Predictions

        names = [f"class/{number}.jpg" for number in range(20)]
        whole = Predictions.begun("net", "digest", names, [number % 10 for number in range(20)], 10, (1, 144))
        whole.done[:] = True
        whole.write(path)
        return path
    if path.suffix in GRAPHS:
        import graph_builders

        return graph_builders.write(path)
    layers = caffe_layers(heads=True, classes=10)
    if path.name.endswith(INDEX):
        return Path(f"{write_bundle(path, keras_arrays(layers))}.index")
    return write(path, layers)


def _start(suffix):
    command = [sys.executable, __file__, "--child", "--formats", suffix]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    child.stdout.readline()  # it is ready
    return child


def _end(child):
    child.stdin.close()
    child.stdout.close()
    child.wait()


def _ask(child, path):
    watchdog = threading.Timer(SECONDS, child.kill)
    watchdog.start()
    try:
        child.stdin.write(f"{path}\n")
        child.stdin.flush()
        answer = child.stdout.readline()
    except OSError:  # it has ended
        answer = ""
    finally:
        alive = watchdog.is_alive()
        watchdog.cancel()
    if answer:
        return json.loads(answer)
    child.wait()
    return "crashed" if alive else "hung"


def _child(graphs):
    import graph_builders
    import keras
    from caffe_builders import keras_network

    from keras_googlenet import weights
    from keras_googlenet.weights.assignment import targets

    model = graph_builders.model() if graphs else keras_network(classes=10)
    variables = list(targets(model.layers).values())
    seen = []
    sys.addaudithook(lambda event, _: seen.append(event) if event.startswith(FORBIDDEN) else None)
    base = None
    print("ready", flush=True)
    for line in sys.stdin:
        path = line.strip()
        before = [keras.ops.convert_to_numpy(variable) for variable in variables]
        del seen[:]
        outcome = _outcome(weights, model, path)
        same = all(
            np.array_equal(old, keras.ops.convert_to_numpy(new)) for old, new in zip(before, variables, strict=True)
        )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        base = base or peak  # the first file brings the format's library with it
        if outcome == "refused" and not same:
            outcome = "half loaded"
        elif peak > base + MEMORY:
            outcome = f"took {peak - base} MiB"
        elif seen:
            outcome = f"ran {sorted(set(seen))}"
        print(json.dumps(outcome), flush=True)


def _outcome(weights, model, path):
    from keras_googlenet.evaluation import Predictions, PredictionsError

    try:
        if path.endswith(PREDICTIONS):
            Predictions.read(path)
        else:
            weights.load(model.layers, path)
    except (weights.WeightsError, PredictionsError) as error:
        return "refused" if path in str(error) and len(str(error)) < 4000 else f"said {str(error)[:200]!r}"
    except BaseException as error:
        return f"raised {type(error).__name__}"
    return "loaded"


def main():
    """Prints a row for each format."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mutations", type=int, default=2000)
    parser.add_argument("--formats", nargs="+", default=FORMATS, choices=FORMATS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return _child(options.formats[0] in GRAPHS)
    well = True
    for suffix in options.formats:
        outcomes = fuzz(suffix, options.mutations, options.seed)
        print(f"{suffix:<17} {dict(outcomes)}", flush=True)
        well &= set(outcomes) <= {"loaded", "refused"}
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())

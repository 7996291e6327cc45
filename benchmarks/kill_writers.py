"""Is a file that a killed command leaves ever half of one, and is anything else left once the next command has run?

    python benchmarks/kill_writers.py    # 200 kills of convert, export and evaluate --predictions, about 20 minutes
    python benchmarks/kill_writers.py --kills 10 --only keras --only predictions

Each kill is `kill -9`, at a moment drawn evenly from the processor time that the command takes or, every other kill, of
that from when it has begun to write, so that it falls into reading, converting, writing and clearing up alike. What has
the name of the result then must be whole: it is read, or run by its runtime, and compared with that of a command that
was left alone. Then the command runs again, or where the result was there already, another one that writes into the
folder; nothing but results may be left. The exit status is 1 if anything was half a file, or left.

The commands are forks of this process, which has imported everything and run nothing, and their network is a small one:
they take a second or two. Formats whose packages are not installed are left out.
"""

import argparse
import collections
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

RESULTS = {
    "keras": ["net.keras"],
    "weights.h5": ["net.weights.h5"],
    "npz": ["net.npz"],
    "caffemodel": ["net.caffemodel", "net.prototxt"],
    "savedmodel": ["net"],
    "litert": ["net.tflite", "net.tflite.model_card.json"],
    "onnx": ["net.onnx", "net.onnx.model_card.json"],
    "openvino": ["net.xml", "net.bin", "net.xml.model_card.json"],
    "predictions": ["net.npz"],
}
"""What each command writes, the one it is asked for first."""

NEEDED = {"onnx": ["tf2onnx", "onnxruntime"], "openvino": ["openvino"]}


def main():
    """Runs the kills; prints a line for each kind, now and then and at the end."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--only", action="append", choices=RESULTS, help="a kind of file (default: all)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kinds = available(options.only or RESULTS)
        return 0 if kill_all(kinds, Path(folder), options.kills, random.Random(options.seed)) else 1


def available(kinds):
    """Those of some kinds whose packages are installed; imports what the commands will import."""
    import importlib.util

    import tensorflow  # noqa: F401

    import keras_googlenet.cli
    import keras_googlenet.evaluation
    import keras_googlenet.export
    import keras_googlenet.visualize  # noqa: F401

    return [kind for kind in kinds if all(map(importlib.util.find_spec, NEEDED.get(kind, [])))]


def kill_all(kinds, folder, kills, rng):
    """Kills commands, each of some kinds in turn; returns whether all was well."""
    source, seconds = folder / "source.keras", {}
    found = collections.defaultdict(collections.Counter)
    wait(fork(make_source, source))
    for kind in kinds:
        (folder / kind).mkdir()
        child = fork(command, kind, source, folder / kind)
        before = until(child, lambda kind=kind: is_writing(folder / kind))
        seconds[kind] = before, until(child, lambda: False)
        wait(child)
    done = 0
    while done < kills:
        kind = kinds[done % len(kinds)]
        work = folder / f"killed-{kind}"
        work.mkdir()
        child = fork(command, kind, source, work)
        before, most = seconds[kind]
        if rng.random() < 0.5:
            moment = until(child, lambda work=work: is_writing(work)) + rng.uniform(0, most - before)
        else:
            moment = rng.uniform(0, most)
        if kill(child, moment):
            done += 1
            found[kind]["kills"] += 1
        found[kind].update(examine(kind, source, work, folder / kind))
        shutil.rmtree(work)
        if done and done % 10 == 0:
            summarize(found)
    summarize(found)
    return not any(count for counts in found.values() for name, count in counts.items() if name.startswith("WRONG"))


def summarize(found):
    """Prints what was counted, a line for each kind."""
    for kind, counts in found.items():
        print(f"{kind:>12}: {', '.join(f'{count} {name}' for name, count in counts.items())}", flush=True)


def examine(kind, source, work, reference):
    """Looks at what a killed command left, and at what is left when the next has run; yields words to count."""
    target, expected = work / RESULTS[kind][0], set(RESULTS[kind])
    if any(path.name.startswith(".keras-googlenet-partial-") for path in work.iterdir()):
        yield "while writing"
    if target.exists():
        yield "whole already"
        if status(fork(compare, kind, work, reference)):
            yield "WRONG: half a file"
    elif any(work.glob("net*")):
        yield "between two names"
    if target.exists() and kind != "predictions":
        if status(fork(command, "npz", source, work, "next")):
            yield "WRONG: the next command failed"
        expected = expected | {"next.npz"}
    elif status(fork(command, kind, source, work)):
        yield "WRONG: the same command failed"
    elif status(fork(compare, kind, work, reference, True)):
        yield "WRONG: another result"
    if left := {path.name for path in work.iterdir()} ^ expected:
        print(f"{kind}: left or missing {sorted(left)}", flush=True)
        yield "WRONG: something left or missing"


def command(kind, source, work, name="net"):
    """Runs the command that writes a kind of file; returns its exit status."""
    from keras_googlenet.cli import main as run

    target = str(work / RESULTS[kind][0].replace("net", name, 1))
    if kind == "predictions":
        return run(["evaluate", str(source), "--dataset", "digits", "--split", "validation", "--predictions", target])
    if kind in ("savedmodel", "litert", "onnx", "openvino"):
        return run(["export", str(source), target, "--format", kind])
    return run(["convert", str(source), target])


def make_source(path):
    """Saves a small network of digits."""
    import keras

    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    from support.small import SMALL

    from keras_googlenet import GoogLeNet

    keras.utils.set_random_seed(0)
    model = GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=10, variant=SMALL)
    model.class_names = tuple("0123456789")
    model.save(path)
    return 0


def compare(kind, work, reference, complete=False):
    """Whether a result is the reference's: 0 if it is."""
    import importlib

    import numpy as np

    from keras_googlenet import weights
    from keras_googlenet.evaluation.predictions import Predictions

    one, other = (folder / RESULTS[kind][0] for folder in (work, reference))
    if kind == "predictions":
        found, expected = Predictions.read(one), Predictions.read(other)
        rows = found.done
        same = np.allclose(found.probabilities[0][rows], expected.probabilities[0][rows], atol=1e-6)
        return int(not same or (complete and not found.complete))
    if kind in ("savedmodel", "litert", "onnx", "openvino"):
        runtime = importlib.import_module(f"keras_googlenet.export.{kind}")
        images = np.random.default_rng(0).uniform(-100, 100, (2, 32, 32, 3)).astype("float32")
        return int(not np.array_equal(*(runtime.run(path, images, "probabilities") for path in (one, other))))
    found, expected = weights.read(one), weights.read(other)
    return int(found.keys() != expected.keys() or any((found[name] != expected[name]).any() for name in expected))


def fork(function, *arguments):
    """Runs a function in a process of its own; returns the process's number."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 99
    try:
        with open(os.devnull, "w") as silence:
            os.dup2(silence.fileno(), 1)
        code = function(*arguments)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def is_writing(folder):
    """Whether something lies in a folder in which a command makes its files."""
    with contextlib.suppress(OSError):
        return any(any(path.iterdir()) for path in folder.glob(".keras-googlenet-partial-*"))
    return False


def processor_seconds(child):
    """What a process that has not been waited for has taken, by its clock (Linux)."""
    return time.clock_gettime(~child << 3 | 2)


def ended(child):
    """Whether a process has ended; it is still to be waited for."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def until(child, happens):
    """The processor time of a process when something happens, or when it ends."""
    while not (happens() or ended(child)):
        time.sleep(0.0005)
    return processor_seconds(child)


def kill(child, moment):
    """Kills a process at a moment of its processor time; returns whether it was still there."""
    until(child, lambda: processor_seconds(child) >= moment)
    if ended(child):
        wait(child)
        return False
    os.kill(child, signal.SIGKILL)
    return status(child) == -signal.SIGKILL


def status(child):
    """The exit status of a process."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def wait(child):
    """Waits for a process that must end well."""
    if code := status(child):
        raise SystemExit(f"a command that was left alone failed with status {code}")


if __name__ == "__main__":
    sys.exit(main())

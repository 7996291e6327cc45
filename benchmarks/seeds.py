"""Does the main job converge for every seed? Runs `keras-googlenet train` once per seed and tabulates the outcome.

    python benchmarks/seeds.py                      # 20 seeds of the embedded default, about 25 minutes on two cores
    python benchmarks/seeds.py --seeds 3 --seconds 75 -- --epochs 4
    python benchmarks/seeds.py --devices 2 -- --strategy mirrored    # two replicas on two logical CPU devices

What follows `--` is handed to the command. Accuracies and losses are those of `predictions`, `aux1` and `aux2` at the
last epoch. Seconds and memory are each whole process's (memory: the largest so far). The exit status is 1 if a run
failed or took too long, or if a head was right on less than 97.5% of the validation images.
"""

import argparse
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HEADS = ("predictions", "aux1", "aux2")
COLUMNS = ("val_{}_accuracy", "{}_loss", "val_{}_loss")
COMMAND = "import sys; from keras_googlenet.cli import main; sys.exit(main())"
SPLIT = """
import tensorflow as tf
parts = [tf.config.LogicalDeviceConfiguration()] * {}
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], parts)
"""


def main():
    """Runs the seeds and prints a row for each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--devices", type=int, default=1, help="logical CPU devices to split the processor into")
    parser.add_argument("--expect", type=float, default=0.975, help="the least accuracy of each head")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="the most that a run may take")
    parser.add_argument("arguments", nargs="*", help="for keras-googlenet train, after --")
    options = parser.parse_args()
    columns = f"{'accuracy of the heads':>23} {'training losses':>20} {'validation losses':>20}"
    print(f"{'seed':>4} {columns} {'seconds':>8} {'MiB':>6}")
    lowest, slowest, failed = [1.0] * len(HEADS), 0.0, 0
    for seed, row, seconds, peak in outcomes(options.seeds, options.arguments, devices=options.devices):
        slowest = max(slowest, seconds)
        if row is None:
            print(f"{seed:>4} failed", flush=True)
            failed += 1
            continue
        accuracies, *losses = ([float(row[name.format(head)]) for head in HEADS] for name in COLUMNS)
        lowest = list(map(min, lowest, accuracies))
        losses = "  ".join(" ".join(f"{loss:6.3f}" for loss in part) for part in losses)
        print(f"{seed:>4} {percent(accuracies)} {losses} {seconds:8.0f} {peak:>6}", flush=True)
    print(f"least {percent(lowest)[1:]}; longest run {slowest:.0f} s; {failed} failed")
    return 0 if not failed and min(lowest) >= options.expect and slowest <= options.seconds else 1


def percent(accuracies):
    """The heads' accuracies, as a row shows them."""
    return " ".join(f"{accuracy:7.2%}" for accuracy in accuracies)


def outcomes(seeds, arguments, folder=None, devices=1):
    """Runs `keras-googlenet train` for the seeds 0, 1, ..., one after the other.

    Args:
        seeds: How many.
        arguments: Further ones for the command.
        folder: Where the runs' folders `seed-0`, ... stay; None removes each after its run.
        devices: Logical CPU devices.

    Yields:
        The seed, the last row of its metrics (None if it failed), the seconds it took, and the largest peak of memory
        so far in MiB.
    """
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as passing:
            row, seconds = run(seed, Path(folder or passing) / f"seed-{seed}", arguments, devices)
        yield seed, row, seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024


def run(seed, folder, arguments, devices=1):
    """One run: the last row of its metrics (None if it failed), and the seconds it took."""
    program = (SPLIT.format(devices) if devices > 1 else "") + COMMAND
    command = [sys.executable, "-c", program, "train", "--output", str(folder), "--set", f"seed={seed}", *arguments]
    start = time.perf_counter()
    done = subprocess.run(command, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}, capture_output=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.stderr.write(done.stderr.decode(errors="replace"))
        return None, seconds
    return list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))[-1], seconds


if __name__ == "__main__":
    sys.exit(main())

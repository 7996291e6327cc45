"""Does the main job converge for every seed? Runs `keras-googlenet train` once per seed and tabulates the outcome.

    python benchmarks/seeds.py                      # ten seeds of the embedded default, about 20 minutes on two cores
    python benchmarks/seeds.py --seeds 3 -- --epochs 4
    python benchmarks/seeds.py --devices 2 -- --strategy mirrored    # two replicas on two logical CPU devices

What follows `--` is handed to the command. Seconds and memory are each whole process's (memory: the largest so far).
The exit status is 1 if a run failed, fell short of 97%, or left a head with a loss above 0.5.
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
COMMAND = "import sys; from keras_googlenet.cli import main; sys.exit(main())"
SPLIT = """
import tensorflow as tf
parts = [tf.config.LogicalDeviceConfiguration()] * {}
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], parts)
"""


def main():
    """Runs the seeds and prints a row for each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--devices", type=int, default=1, help="logical CPU devices to split the processor into")
    parser.add_argument("arguments", nargs="*", help="for keras-googlenet train, after --")
    options = parser.parse_args()
    print(f"{'seed':>4} {'accuracy':>9} {'training losses':>20} {'validation losses':>20} {'seconds':>8} {'MiB':>6}")
    sound = True
    for seed, row, seconds, peak in outcomes(options.seeds, options.arguments, devices=options.devices):
        if row is None:
            print(f"{seed:>4} failed")
            sound = False
            continue
        training, validation = ([float(row[f"{part}{head}_loss"]) for head in HEADS] for part in ("", "val_"))
        accuracy = float(row["val_predictions_accuracy"])
        losses = "  ".join(" ".join(f"{loss:6.3f}" for loss in part) for part in (training, validation))
        print(f"{seed:>4} {accuracy:>9.2%} {losses} {seconds:8.0f} {peak:>6}", flush=True)
        sound &= accuracy >= 0.97 and max(training + validation) < 0.5
    return 0 if sound else 1


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

"""What does `keras-googlenet train --preset transfer` reach on a folder of photos? A row for each seed, and their mean.

    python benchmarks/transfer.py hymenoptera/ bvlc_googlenet.npz
    python benchmarks/transfer.py photos/ imagenet --preset probe --seeds 3 --keep runs/ -- --image-size 256

What follows `--` is handed to the command. The accuracy is that of the last epoch's averaged weights on the folder's
validation images: no epoch is chosen by it. Seconds and memory are each whole process's, start, evaluation and report
included (memory: the largest so far). The exit status is 1 if a run failed or the mean is below `--expect`.
"""

import argparse
import statistics
import sys

from seeds import outcomes


def main():
    """Runs the seeds and prints a row for each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", help="class subfolders, or train/ and val/ with such in them")
    parser.add_argument("weights", help="BVLC's, a file or `imagenet`")
    parser.add_argument("--preset", default="transfer")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--expect", type=float, default=0.94, help="the least mean accuracy")
    parser.add_argument("--keep", metavar="DIR", help="where the runs' folders stay")
    parser.add_argument("arguments", nargs="*", help="for keras-googlenet train, after --")
    options = parser.parse_args()
    command = ["--dataset", options.folder, "--weights", options.weights, "--preset", options.preset]
    print(f"{'seed':>4} {'accuracy':>9} {'training loss':>14} {'validation loss':>16} {'seconds':>8} {'MiB':>6}")
    accuracies = []
    for seed, row, seconds, peak in outcomes(options.seeds, [*command, *options.arguments], options.keep):
        if row is None:
            print(f"{seed:>4} failed")
            continue
        accuracies.append(float(row["val_accuracy"]))
        losses = f"{float(row['loss']):>14.3f} {float(row['val_loss']):>16.3f}"
        print(f"{seed:>4} {accuracies[-1]:>9.2%} {losses} {seconds:>8.0f} {peak:>6}", flush=True)
    if accuracies:
        print(f"mean {statistics.mean(accuracies):>9.2%}")
    return 0 if len(accuracies) == options.seeds and statistics.mean(accuracies) >= options.expect else 1


if __name__ == "__main__":
    sys.exit(main())

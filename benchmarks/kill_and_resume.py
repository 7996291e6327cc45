"""Does a run that is killed again and again end as one that is left alone? To the last bit, and with nothing left over?

    python benchmarks/kill_and_resume.py    # 20 kills of a run on the embedded digits, about 25 minutes
    python benchmarks/kill_and_resume.py --kills 3 -- --set variant=batchnorm

What follows `--` is handed to `keras-googlenet train`. Each kill is `kill -9`, at a moment drawn evenly from the time
that starting and a third of the run take, so that it falls into imports, steps, validations and writes alike; each is
followed by `--resume`. A run that ends before its kill is compared, and another one begun for the kills that are left.
Of what a killed process was writing, and of its lock, nothing may be left by then. The exit status is 1 if any run
differed, or left something.
"""

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

TRAIN = [sys.executable, "-c", "import sys; from keras_googlenet.cli import main; sys.exit(main())", "train"]
DEFAULTS = ["--epochs", "3", "--set", "checkpoint_steps=10", "--set", "variant=plain"]


def main():
    """Runs the comparison and prints a line for each kill."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("arguments", nargs="*", help="for keras-googlenet train, after --")
    options = parser.parse_args()
    command = [*TRAIN, *DEFAULTS, *options.arguments]
    with tempfile.TemporaryDirectory() as folder:
        return 0 if compare(command, Path(folder), options.kills, random.Random(options.seed)) else 1


def compare(command, folder, kills, rng, longest=None):
    """Kills runs until it has done so `kills` times.

    Args:
        command: Trains with `--resume --output FOLDER` appended.
        folder: A folder for the runs.
        kills: How often.
        rng: A `random.Random` for the moments.
        longest: Seconds after which a kill comes at the latest; None for what starting and a third of the run take.

    Returns:
        Whether all that were killed ended as the one that was not, with the same files.
    """
    seconds = finish(command, folder / "undisturbed")
    expected, longest = digests(folder / "undisturbed"), longest or 10 + seconds / 3
    print(f"undisturbed: {seconds:.0f} s; {len(expected)} arrays and files compared", flush=True)
    same, killed, run = True, 0, 0
    while killed < kills:
        run += 1
        output = folder / f"run-{run}"
        begun = killed
        while killed < kills and kill(command, output, rng.uniform(0, longest)):
            killed += 1
            print(f"kill {killed:>3}: {state(output)}", flush=True)
        finish(command, output)
        different = [name for name, digest in digests(output).items() if expected.get(name) != digest]
        left = sorted(files(output) ^ files(folder / "undisturbed"))
        print(
            f"run {run}: {killed - begun} kills, {len(different)} differences {different[:3]}; left {left}", flush=True
        )
        same &= not different and not left
    return same


def start(command, output):
    """Starts the program on a run's folder."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    arguments = [*command, "--resume", "--output", str(output)]
    return subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def finish(command, output):
    """Lets a run end; returns the seconds that it took."""
    begun = time.perf_counter()
    process = start(command, output)
    _, errors = process.communicate()
    if process.returncode:
        raise SystemExit(f"the run in {output} failed:\n{errors[-2000:]}")
    return time.perf_counter() - begun


def kill(command, output, after):
    """Kills a run after so many seconds; returns whether it was still alive."""
    process = start(command, output)
    try:
        process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True
    if process.returncode:
        raise SystemExit(f"the run in {output} failed")
    return False


def state(output):
    """What lies in a folder, in a few words."""
    checkpoints = sorted(output.glob("checkpoints/*.index"), key=lambda path: path.stat().st_mtime)
    newest = checkpoints[-1].stem if checkpoints else "no checkpoint"
    partial = [path.name for path in output.rglob("*") if "partial" in path.name or "temp" in path.name]
    return f"{newest}{f', in the middle of writing {partial[0]}' if partial else ''}"


def files(output):
    """The names of all files and folders but TensorBoard's events, of which each start has its own."""
    return {str(path.relative_to(output)) for path in output.rglob("*") if path.parent.name != "tensorboard"}


def digests(output):
    """A digest of the metrics' file, and of each array of the two networks."""
    import h5py

    found = {"metrics.csv": hashlib.sha256((output / "metrics.csv").read_bytes()).hexdigest()}
    for name in ("model.keras", "best.keras"):
        with zipfile.ZipFile(output / name) as archive, archive.open("model.weights.h5") as file:

            def note(path, item, name=name):
                if isinstance(item, h5py.Dataset):
                    found[f"{name}:{path}"] = hashlib.sha256(item[()].tobytes()).hexdigest()

            h5py.File(file, "r").visititems(note)
    return found


if __name__ == "__main__":
    sys.exit(main())

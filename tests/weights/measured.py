"""Reads files in a process of its own, and measures what it took: memory above the import, seconds, what was said.

Seconds are of the processor, which hardly depend on what else the machine does. No reader uses threads or waits.

python tests/weights/measured.py FILE...        # a line of JSON each
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

GIVEN_UP = 8 << 30
"""Bytes of data that the process may take, so that a machine survives a reader that would take more."""


def memory(what):
    """`VmHWM` or `VmRSS`, MiB."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) >> 10 for line in status.splitlines() if line.startswith(what))


def read(path, base):
    """Reads a file as the commands do."""
    from keras_googlenet.evaluation import Predictions
    from keras_googlenet.model import load_model

    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    began, said = time.process_time(), "loaded"
    try:
        if path.endswith(".predictions.npz"):
            Predictions.read(path)
        else:
            load_model(path)
    except BaseException as error:
        said = f"{type(error).__name__}: {error}"
    return {
        "file": Path(path).name,
        "MiB": memory("VmHWM") - base,
        "seconds": time.process_time() - began,
        "said": said,
    }


def measure(*paths):
    """Yields what reading each file took, a dict."""
    command = [sys.executable, __file__, *map(str, paths)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        yield from map(json.loads, process.stdout)


def table():
    """Prints a row for each hostile file."""
    import hostile

    for name in hostile.cases():
        with tempfile.TemporaryDirectory() as folder:
            for found in measure(hostile.make(name, Path(folder))):
                said = " ".join(found["said"].replace(f"{folder}/", "").split())
                print(f"{name:<52} {found['MiB']:>5} MiB {found['seconds']:>5.1f} s  {said}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["--cases"]:
        sys.exit(table())
    import keras_googlenet  # noqa: F401

    warnings.simplefilter("ignore")
    before = memory("VmHWM")
    resource.setrlimit(resource.RLIMIT_DATA, (GIVEN_UP, GIVEN_UP))
    for each in sys.argv[1:]:
        print(json.dumps(read(each, before)), flush=True)

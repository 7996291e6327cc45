"""How fast is the network on this processor, beside torch.compile, ONNX Runtime and OpenVINO? All of one table.

    python benchmarks/peers.py                 # about fifteen minutes on two quiet cores; --json FILE for programs
    python benchmarks/peers.py --works training --dtypes float32 --rounds 3

Forward with batches of 1 and 32, and training steps of 32 with three heads, at 224 pixels: Keras on TensorFlow against
a PyTorch twin (`torch.compile`, channels last, autocast), and ONNX Runtime and OpenVINO on this package's own exports.
Each contender is a process of its own; they take turns round by round, and a ratio is the median over the rounds.
bfloat16 is measured where the processor has units for it. What is not installed is left out.
The exit status is 1 where a ratio that is aimed at is missed: those of `AIMS`.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import turns
from contenders import data, keras_on_tensorflow, torch_twin

OURS, TWIN, ONNX, OPENVINO, ARTEFACT = "Keras on TensorFlow", "torch.compile", "ONNX Runtime", "OpenVINO", "artefact"
NEEDS = {OURS: "tensorflow", TWIN: "torch", ONNX: "onnxruntime", OPENVINO: "openvino", ARTEFACT: "openvino"}
WORKS = {"forward, 1": ("forward", 1), "forward, 32": ("forward", 32), "training": ("training", 32)}
AIMS = {
    ("forward, 32", "float32"): 1.05, ("training", "float32"): 1.5,
    ("forward, 32", "bfloat16"): 1.2, ("training", "bfloat16"): 1.5,
}  # fmt: skip
"""Least ratio of ours to torch.compile's; the OpenVINO artefact is to have 0.95 of OpenVINO on our ONNX file."""
ARTEFACT_AIM = 0.95

EXPORTS = """
import sys
from keras_googlenet import GoogLeNet, export
folder, size, labels = sys.argv[1], int(sys.argv[2]), [str(number) for number in range(1000)]
model = GoogLeNet(weights=None, aux_heads=False, input_shape=(size, size, 3))
export.export(model, folder + "/network.onnx", "onnx", labels=labels)
export.export(model, folder + "/artefact/network.xml", "openvino", labels=labels)
"""


def main():
    """Prints a row for each contender, work and precision."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--works", nargs="+", choices=WORKS, default=list(WORKS))
    parser.add_argument("--dtypes", nargs="+", choices=("float32", "bfloat16", "default"), default=dtypes())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = list(wanted(options))
        if any(NEEDS[row["contender"]] in ("onnxruntime", "openvino") for row in rows):
            export(Path(folder), options.size)
        turns.measure(rows, contenders(folder), options.rounds)
    missed = [aim for aim in report(rows) if aim]
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 1 if missed else 0


def dtypes():
    """What is measured: `default` is each runtime's own choice."""
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split() if sys.platform == "linux" else ()
    half = {"avx512_bf16", "amx_bf16"} & set(flags)
    return ["float32", *(["bfloat16"] if half else []), "default"]


def wanted(options):
    """The rows to measure."""
    for dtype in options.dtypes:
        for work in options.works:
            mode, batch = WORKS[work]
            row = {"work": work, "mode": mode, "batch": batch, "dtype": dtype, "size": options.size, "queue": False}
            runtimes = {"default": (OPENVINO, ARTEFACT), "float32": (ONNX, OPENVINO), "bfloat16": ()}[dtype]
            names = () if mode == "training" else runtimes
            for name in names if dtype == "default" else (OURS, TWIN, *names):
                if importlib.util.find_spec(NEEDS[name]):
                    yield {"contender": name, **row}


def contenders(folder):
    """For each name what makes its steps, and its environment."""
    path = Path(folder)
    return {
        OURS: (keras_on_tensorflow, {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}),
        TWIN: (torch_twin, {"KERAS_BACKEND": "torch"}),
        ONNX: (_File(path / "network.onnx", onnx_runtime), {}),
        OPENVINO: (_File(path / "network.onnx", openvino), {}),
        ARTEFACT: (_File(path / "artefact" / "network.xml", openvino), {}),
    }


def export(folder, size):
    """Our ONNX file, and our OpenVINO artefact, by a process that ends before any is measured."""
    (folder / "artefact").mkdir()
    command = [sys.executable, "-c", EXPORTS, str(folder), str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the exports failed: {done.stderr[-1000:]}")


class _File:
    """A function of a row, of a file."""

    def __init__(self, path, make):
        self.path, self.make = path, make

    def __call__(self, row):
        return self.make(self.path, row)


def onnx_runtime(path, row):
    """With its defaults."""
    import onnxruntime

    session, (x, _) = onnxruntime.InferenceSession(str(path)), data(row)
    return lambda: session.run(None, {session.get_inputs()[0].name: x}), int


def openvino(path, row):
    """In float32, or as it likes best."""
    import openvino

    hint = {"INFERENCE_PRECISION_HINT": "f32"} if row["dtype"] == "float32" else {}
    compiled, (x, _) = openvino.Core().compile_model(str(path), "CPU", hint), data(row)
    return lambda: compiled(x), int


def report(rows):
    """Prints the table; gives for each aim whether it was missed."""
    print(f"{os.cpu_count()} processors; ratio: the first row's images/s to this row's, or the artefact's to ONNX's")
    print(f"{'work':<12} {'precision':<9} {'':<20} {'images/s':>9} {'ms':>8} {'ratio':>6} {'aim':>5}")
    firsts = {}
    for row in rows:
        first = firsts.setdefault((row["work"], row["dtype"]), row)
        found = turns.ratio(first, row)
        aim = AIMS.get((row["work"], row["dtype"])) if row["contender"] == TWIN else None
        if row["contender"] == ARTEFACT:
            found, aim = turns.ratio(row, first), ARTEFACT_AIM
        row["ratio"] = found
        figures = row.get("error") or f"{row['images_s']:>9.1f} {1000 * row['batch'] / row['images_s']:>8.1f}"
        more = "" if found is None else f"{found:>6.2f} {aim or '':>5}"
        print(f"{row['work']:<12} {row['dtype']:<9} {row['contender']:<20} {figures} {more}")
        yield found is not None and aim is not None and found < aim


if __name__ == "__main__":
    sys.exit(main())

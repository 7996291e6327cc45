"""What does one GPU make of the network? Keras on its backends beside a PyTorch twin; and can its cores feed it?

    python benchmarks/gpu.py --json gpu.json    # one CUDA GPU; what of JAX, PyTorch and TensorFlow is there; 20 minutes
    python benchmarks/gpu.py --small --rounds 1 # 64 pixels, batches of 4, on whatever there is: does it run?

Images a second, forward and in a training step: three heads, SGD with momentum, on one batch that is on the device;
`fed` is a training step whose batches are section 6's views of photos, made in processes meanwhile. Contenders take
turns (`turns.py`); the table has medians, their shares of the bounds, and their ratio to `torch.compile`.

The more important rows come first. A row compiles for half a minute to two; the steps themselves take seconds. What is
not compiled when four fifths of the time are over is left out. float32 multiplies in float32, tf32 in TF32.
"""

import argparse
import functools
import importlib.util
import json
import multiprocessing
import os
import tempfile
import time
from concurrent import futures
from pathlib import Path

import pipeline
import turns
from contenders import keras_on_jax, keras_on_tensorflow, keras_on_torch, torch_twin
from gpu_feeding import fed_jax, view, without_gpu

# By the memory of an H100: docs/results/gpu.md has the reckoning.
BOUND = {"forward": 103_000, "training": 34_300}
JAX, TWIN = "Keras on JAX", "torch.compile"
CONTENDERS = {
    JAX: ("jax", keras_on_jax),
    TWIN: ("torch", torch_twin),
    "Keras on JAX, Keras's operations": (
        "jax",
        functools.partial(keras_on_jax, without=("lrn", "layers", "barriers")),
    ),
    "Keras on JAX, LRN composed": ("jax", functools.partial(keras_on_jax, without=("lrn",))),
    "Keras on JAX, no barriers": ("jax", functools.partial(keras_on_jax, without=("barriers",))),
    "Keras on JAX, batchnorm": ("jax", functools.partial(keras_on_jax, variant="batchnorm")),
    "Keras on JAX, fed": ("jax", fed_jax),
    "Keras on TensorFlow": ("tensorflow", keras_on_tensorflow),
    "Keras on PyTorch": ("torch", keras_on_torch),
    "PyTorch twin, eager": ("torch", functools.partial(torch_twin, compiled=False)),
}
MAIN, MODES = 256, ("forward", "training")


def main():
    """Prints a row for each contender, mode, precision and batch, and one for each way to make views."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--batches", type=int, nargs="+", default=[MAIN, 32, 64, 128, 512])
    parser.add_argument("--dtypes", nargs="+", default=["bfloat16", "tf32", "float32"])
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as made:
        with without_gpu():
            photos = pipeline.make(Path(made))
            found = views(photos, 160 if options.small else 4000)
        rows = list(wanted(options, photos))
        deadline = begun + (48 * options.minutes if not options.small else float("inf"))
        environment = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}
        makers = {
            name: (make, environment | {"KERAS_BACKEND": backend}) for name, (backend, make) in CONTENDERS.items()
        }
        turns.measure(rows, makers, options.rounds, deadline)
    report(rows + found)
    if options.json:
        options.json.write_text(json.dumps(rows + found, indent=1) + "\n", encoding="utf-8")


def wanted(options, photos):
    """The rows, the more important ones first: all contenders with the main batch, the main ones with all others."""
    batches, size = ([4], 64) if options.small else (options.batches, 224)
    for batch in batches:
        for dtype in options.dtypes if batch == batches[0] else options.dtypes[:1]:
            for name in options.contenders:
                others = dtype != options.dtypes[0] or batch != batches[0]
                if (others and name not in (JAX, TWIN)) or not importlib.util.find_spec(CONTENDERS[name][0]):
                    continue
                for mode in MODES if CONTENDERS[name][1] is not fed_jax else ("training",):
                    row = {"contender": name, "mode": mode, "dtype": dtype, "batch": batch, "size": size}
                    yield row | {"queue": not options.small, "photos": str(photos)}


def report(rows):
    """Prints the table."""
    twins = {tuple(row[key] for key in ("mode", "dtype", "batch")): row for row in rows if row["contender"] == TWIN}
    print(f"{'':<33} {'':<9} {'':<9} {'batch':>5} {'images/s':>9} {'of bound':>8} {'to torch.compile':>16}")
    for row in rows:
        key = tuple(row.get(key) for key in ("mode", "dtype", "batch"))
        name = f"{row['contender']:<33} {row.get('mode', ''):<9} {row.get('dtype', ''):<9} {row.get('batch', ''):>5}"
        if row.get("size") == 224 and "error" not in row:
            row["of_bound"] = round(row["images_s"] / BOUND[row["mode"]], 3)
        row["to_twin"] = turns.ratio(row, twins[key]) if key in twins and "error" not in row else None
        ratio = "" if row["to_twin"] is None else f"{row['to_twin']:.2f}"
        print(name, row.get("error") or f"{row['images_s']:>9.0f} {row.get('of_bound', ''):>8} {ratio:>16}")


def views(photos, count):
    """Section 6's views a second, by as many threads and processes as there are cores."""
    cores, rows = os.cpu_count(), []
    files = sorted(map(str, photos.rglob("*.jpg")))
    files = [files[n % len(files)] for n in range(count)]
    processes = functools.partial(futures.ProcessPoolExecutor, mp_context=multiprocessing.get_context("spawn"))
    for kind, executor in (("threads", futures.ThreadPoolExecutor), ("processes", processes)):
        with executor(cores) as pool:
            list(pool.map(view, files[: 32 * cores], chunksize=8))  # starts the workers
            begun = time.perf_counter()
            list(pool.map(view, files, chunksize=8))
            taken = time.perf_counter() - begun
        rows.append({"contender": f"views by {cores} {kind}", "images_s": count / taken})
    return rows


if __name__ == "__main__":
    main()

"""What does one GPU make of the network? Keras on its backends beside a PyTorch twin; and can 16 cores feed it?

    python benchmarks/gpu.py                    # one CUDA GPU; PyTorch and JAX, as far as installed; about six minutes
    python benchmarks/gpu.py --small --rounds 1 # 64 pixels, batches of 4, on whatever there is: does it run?

Images a second, forward and in a training step: three heads, SGD with momentum, on one batch that is on the device.
Each contender is a process of its own. They compile one after the other, since XLA and cuDNN choose their algorithms by
measuring; then they are measured in turns. The table has medians, and their shares of the bounds. The trial functions
are those of `gpu_trials.py`, the twin is `gpu_twin.py`'s; the views are section 6's, of made-up photos.
"""

import argparse
import contextlib
import functools
import importlib.util
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from concurrent import futures
from pathlib import Path

import numpy as np
import pipeline

# By the memory of an H100: docs/results/gpu.md has the reckoning.
BOUND = {"forward": 103_000, "training": 34_300}
CONTENDERS = {
    "Keras on JAX": ("jax", {}),
    "Keras on JAX with trial functions": ("jax", {"trial": True}),
    "Keras on JAX, batch normalization": ("jax", {"variant": "batchnorm"}),
    "twin, torch.compile": ("twin", {"compiled": True}),
    "twin, eager": ("twin", {"compiled": False}),
    "Keras on PyTorch": ("torch", {}),
}
DTYPES = {"bfloat16": "mixed_bfloat16", "float16": "mixed_float16", "float32": "float32"}


def main():
    """Prints a row for each contender, mode and precision, and one for each way to make views."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--dtypes", nargs="+", choices=DTYPES, default=["bfloat16", "float32"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    size = {"batch": 4, "size": 64} if options.small else {"batch": options.batch, "size": 224}
    rows = [
        {"contender": name, "mode": mode, "dtype": dtype, **size}
        for dtype in options.dtypes
        for mode in BOUND
        for name, (backend, _) in CONTENDERS.items()
        if importlib.util.find_spec("torch" if backend == "twin" else backend)
    ]
    measure(rows, options.rounds)
    rows += views(160 if options.small else 4000)
    for row in rows:
        name = f"{row['contender']:<34} {row.get('mode', ''):<9} {row.get('dtype', ''):<9}"
        if row.get("size") == 224 and "images_s" in row:
            row["of_bound"] = round(row["images_s"] / BOUND[row["mode"]], 3)
        print(name, row.get("error") or f"{row['images_s']:>8.0f} images/s {row.get('of_bound', ''):>6}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def measure(rows, rounds):
    """Fills in `images_s` or `error`. Each contender that is asked for lives in one process."""
    workers = {name: start(name) for name in dict.fromkeys(row["contender"] for row in rows)}

    def ask(row, order):
        try:
            workers[row["contender"]].send((order, row))
            return workers[row["contender"]].recv()
        except (EOFError, OSError) as error:  # its process has died
            return {"error": type(error).__name__}

    for row in rows:
        row.update(ask(row, "prepare"))
    seconds = [[] for _ in rows]
    for _ in range(rounds):
        for row, found in zip(rows, seconds, strict=True):
            if "error" not in row:
                row.update(ask(row, "measure"))
                found.append(row.pop("seconds", None))
    for row, found in zip(rows, seconds, strict=True):
        row.update({} if "error" in row else {"images_s": row["batch"] / statistics.median(found)})
    for pipe in workers.values():
        pipe.close()


def start(name):
    """A process that prepares and measures rows of one contender; answers by the pipe that is returned."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    context.Process(target=serve, args=(there, name)).start()
    there.close()
    return here


def serve(pipe, name):
    """Answers until the pipe is closed."""
    backend, options = CONTENDERS[name]
    os.environ["KERAS_BACKEND"] = "torch" if backend == "twin" else backend
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    make, ready = {"jax": keras_on_jax, "torch": keras_on_torch, "twin": torch_twin}[backend], {}
    while True:
        try:
            order, row = pipe.recv()
        except EOFError:
            return
        key, begun = (row["mode"], row["dtype"]), time.perf_counter()
        try:
            if order == "prepare":
                ready[key] = make(row, **options)
                seconds_a_step(*ready[key], steps=1)
                pipe.send({"first_s": round(time.perf_counter() - begun, 1)})
            else:
                step, wait = ready[key]
                seconds_a_step(step, wait, steps=2)
                pipe.send({"seconds": seconds_a_step(step, wait, 2 if row["size"] < 224 else 20)})
        except Exception as error:
            pipe.send({"error": f"{type(error).__name__}: {str(error)[:200]}"})


def seconds_a_step(step, wait, steps):
    """Steps are queued without waiting for each."""
    begun = time.perf_counter()
    for _ in range(steps):
        step()
    wait()
    return (time.perf_counter() - begun) / steps


def data(row):
    """One batch of images, normalized, and labels."""
    rng, shape = np.random.default_rng(0), (row["batch"], row["size"], row["size"], 3)
    return rng.normal(0, 1, shape).astype("float32"), rng.integers(0, 1000, row["batch"])


def keras_model(row, variant="paper"):
    """The network, with three heads and compiled where it trains."""
    import keras

    import keras_googlenet as kg

    keras.config.set_dtype_policy(DTYPES[row["dtype"]])
    training, shape = row["mode"] == "training", (row["size"], row["size"], 3)
    model = kg.GoogLeNet(weights=None, aux_heads=training, input_shape=shape, variant=variant)
    if training:
        model.compile(keras.optimizers.SGD(1e-4, momentum=0.9), loss="sparse_categorical_crossentropy")
    return model


def keras_on_jax(row, variant="paper", trial=False):
    """One compiled function a step; float32 multiplies in TF32, as JAX does by default."""
    import jax
    from gpu_trials import patched

    with patched() if trial else contextlib.nullcontext():  # built and traced here, and only here
        model, (x, y) = keras_model(row, variant), jax.device_put(data(row))
        kinds = [model.trainable_variables, model.non_trainable_variables]
        if row["mode"] == "forward":
            weights = [[variable.value for variable in kind] for kind in kinds]
            call = jax.jit(lambda a, b, images: model.stateless_call(a, b, images, training=False)[0])
            call, last = call.lower(*weights, x).compile(), {}
            return lambda: last.update(outputs=call(*weights, x)), lambda: jax.block_until_ready(last)
        model._symbolic_build(data_batch=(x, y))
        kinds += [model.optimizer.variables, model.metrics_variables]
        state = [tuple([variable.value for variable in kind] for kind in kinds)]
        call = jax.jit(model.train_step, donate_argnums=0).lower(state[0], (x, y)).compile()

    def step():
        _, state[0] = call(state[0], (x, y))

    return step, lambda: jax.block_until_ready(state[0])


def keras_on_torch(row):
    """Eager, as Keras runs there by default."""
    import torch

    model, device = keras_model(row), "cuda" if torch.cuda.is_available() else "cpu"
    x, y = (torch.as_tensor(array, device=device) for array in data(row))
    wait = torch.cuda.synchronize if device == "cuda" else int
    if row["mode"] == "training":
        return lambda: model.train_on_batch(x, y), wait
    return torch.no_grad()(lambda: model(x, training=False)), wait


def torch_twin(row, compiled):
    """The package's table, walked by PyTorch; channels last, autocast, cuDNN's own search."""
    import torch
    from gpu_twin import Twin

    device, training = "cuda" if torch.cuda.is_available() else "cpu", row["mode"] == "training"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.benchmark = True
    net, (x, y) = Twin(), data(row)
    net(torch.zeros(2, 3, row["size"], row["size"]))  # tells each layer its size, the heads' too
    net = net.to(device, memory_format=torch.channels_last).train(training)
    call = torch.compile(net) if compiled else net
    x = torch.as_tensor(x).permute(0, 3, 1, 2).to(device).contiguous(memory_format=torch.channels_last)
    y = torch.as_tensor(y, device=device)
    reduced = row["dtype"] != "float32"
    cast = functools.partial(torch.autocast, device, getattr(torch, row["dtype"]) if reduced else None, enabled=reduced)
    optimizer = torch.optim.SGD(net.parameters(), 1e-4, momentum=0.9, fused=device == "cuda")

    def step():
        if not training:
            with torch.no_grad(), cast():
                return call(x)
        optimizer.zero_grad(set_to_none=True)
        with cast():
            heads = zip((1, 0.3, 0.3), call(x), strict=True)
            loss = sum(weight * torch.nn.functional.cross_entropy(out.float(), y) for weight, out in heads)
        loss.backward()
        return optimizer.step()

    return step, torch.cuda.synchronize if device == "cuda" else int


def views(count):
    """Section 6's views a second, by as many threads and processes as there are cores."""
    os.environ.update(KERAS_BACKEND="jax" if importlib.util.find_spec("jax") else "torch", CUDA_VISIBLE_DEVICES="")
    cores, rows = os.cpu_count(), []
    with tempfile.TemporaryDirectory() as made:
        files = sorted(map(str, pipeline.make(Path(made)).rglob("*.jpg")))
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


def view(path):
    """One, of a file."""
    from keras_googlenet import data
    from keras_googlenet.data.augmentation import Sampler

    return Sampler(seed=0)(data.read_image(path), 224, epoch=0, index=0).nbytes


if __name__ == "__main__":
    main()

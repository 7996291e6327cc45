"""The same network computed by Keras on each backend and by a PyTorch twin: what `gpu.py` and `peers.py` compare.

Each function takes a row (`mode`, `dtype`, `batch`, `size`) and returns a function that takes a step, forward or in
training (three heads, SGD with momentum), and one that waits for its end.
"""

import contextlib
import functools
from unittest import mock

import numpy as np

POLICIES = {"bfloat16": "mixed_bfloat16", "float16": "mixed_float16", "float32": "float32", "tf32": "float32"}


def data(row):
    """One batch of images, normalized, and labels."""
    rng, shape = np.random.default_rng(0), (row["batch"], row["size"], row["size"], 3)
    return rng.normal(0, 1, shape).astype("float32"), rng.integers(0, 1000, row["batch"])


def keras_model(row, variant="paper"):
    """The network, with three heads and compiled where it trains."""
    import keras

    import keras_googlenet as kg

    keras.config.set_dtype_policy(POLICIES[row["dtype"]])
    training, shape = row["mode"] == "training", (row["size"], row["size"], 3)
    model = kg.GoogLeNet(weights=None, aux_heads=training, input_shape=shape, variant=variant)
    if training:
        model.compile(keras.optimizers.SGD(1e-4, momentum=0.9), loss="sparse_categorical_crossentropy")
    return model


def keras_on_jax(row, variant="paper", without=()):
    """One compiled function a step; `without` kernels of the package, by name, Keras's own operations instead."""
    import jax

    jax.config.update("jax_default_matmul_precision", "highest" if row["dtype"] == "float32" else "default")
    with _without(without):  # built and traced here, and only here
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


@contextlib.contextmanager
def _without(kernels):
    """Keras's own operations in the place of the package's kernels, of all or of `lrn` alone."""
    import keras

    from keras_googlenet.layers import faster, jax_kernels

    composed = jax_kernels.local_response_normalization.fun  # without the gradient by hand
    with contextlib.ExitStack() as patches:
        for name in kernels:
            patch = {
                "lrn": mock.patch.object(jax_kernels, "local_response_normalization", composed),
                "layers": mock.patch.object(faster, "_on_jax", return_value=False),
                "barriers": mock.patch.object(faster.Concatenate, "call", keras.layers.Concatenate.call),
            }[name]
            patches.enter_context(patch)
        yield


def keras_on_tensorflow(row):
    """A graph; with XLA on a GPU, as Keras has it by default."""
    import tensorflow as tf

    tf.config.experimental.enable_tensor_float_32_execution(row["dtype"] != "float32")
    model, (x, y) = keras_model(row), map(tf.constant, data(row))
    if row["mode"] == "training":
        return lambda: model.train_on_batch(x, y), int
    call, last = tf.function(lambda x: model(x, training=False), jit_compile=model.jit_compile), {}
    return lambda: last.update(outputs=call(x)), lambda: last["outputs"].numpy()


def keras_on_torch(row):
    """Eager, as Keras runs there by default."""
    import torch

    model, device = keras_model(row), "cuda" if torch.cuda.is_available() else "cpu"
    x, y = (torch.as_tensor(array, device=device) for array in data(row))
    wait = torch.cuda.synchronize if device == "cuda" else int
    if row["mode"] == "training":
        return lambda: model.train_on_batch(x, y), wait
    return torch.no_grad()(lambda: model(x, training=False)), wait


def torch_twin(row, compiled=True):
    """The package's table, walked by PyTorch; channels last, autocast, cuDNN's own search."""
    import torch
    from gpu_twin import Twin

    device, training = "cuda" if torch.cuda.is_available() else "cpu", row["mode"] == "training"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = row["dtype"] != "float32"
    torch.backends.cudnn.benchmark = True
    net, (x, y) = Twin(), data(row)
    net(torch.zeros(2, 3, row["size"], row["size"]))  # tells each layer its size, the heads' too
    net = net.to(device, memory_format=torch.channels_last).train(training)
    call = torch.compile(net) if compiled else net
    x = torch.as_tensor(x).permute(0, 3, 1, 2).to(device).contiguous(memory_format=torch.channels_last)
    y = torch.as_tensor(y, device=device)
    reduced = row["dtype"] in ("bfloat16", "float16")
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

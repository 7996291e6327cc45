"""The same training run on one device, on two mirrored CPU devices, and on two workers, in processes of their own.

`python -m support.spread KIND FOLDER` writes what it found to `FOLDER/KIND-WORKER.npz`.
"""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

CLASSES, BATCH, STEPS, EPOCHS = 4, 8, 10, 5
COUNT = 37
"""Images to evaluate: a number that no number of replicas divides."""

TIMEOUT = 300
"""Seconds; two workers on two slow cores take a minute to start."""


def run(kind, folder):
    """Starts the processes of a kind and waits for them.

    Args:
        kind: `mirrored` or `workers`.
        folder: Where their results go.

    Returns:
        `(results, ends)`: what each process found, by name, and its `(exit status, standard error)`.
    """
    environments = [{}]
    if kind == "workers":
        addresses = [f"localhost:{port}" for port in free_ports(2)]
        tasks = [{"type": "worker", "index": index} for index in range(2)]
        configs = [{"cluster": {"worker": addresses}, "task": task} for task in tasks]
        environments = [{"TF_CONFIG": json.dumps(config)} for config in configs]
    tests = Path(__file__).parents[1]
    path = os.pathsep.join([str(tests), str(tests.parent), os.environ.get("PYTHONPATH", "")])
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "support.spread", kind, str(folder)],
            env={**os.environ, "KERAS_BACKEND": "tensorflow", "PYTHONPATH": path, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for environment in environments
    ]
    try:
        errors = [process.communicate(timeout=TIMEOUT)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [load(folder, kind, worker) for worker in range(len(processes))], [
        (process.returncode, error) for process, error in zip(processes, errors, strict=True)
    ]


def free_ports(count):
    """Ports of this machine that nothing listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("localhost", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def load(folder, kind, worker):
    """What a process found, or None if it did not get that far."""
    import numpy as np

    path = Path(folder) / f"{kind}-{worker}.npz"
    return dict(np.load(path)) if path.exists() else None


def images():
    """Every image and label of the run, in the order in which the steps take them."""
    import numpy as np

    rng = np.random.default_rng(0)
    shape = (BATCH * STEPS, 32, 32, 3)
    return rng.normal(0, 60, shape).astype("float32"), rng.integers(0, CLASSES, shape[0])


def stream(share, first_step=0):
    """A worker's part of each training batch, for ever: what follows from the step alone, as the real pipeline's."""
    import tensorflow as tf

    (x, y), (index, count) = images(), share
    part = BATCH // count

    def batch(step):
        first = tf.cast(step % STEPS, "int32") * BATCH + index * part
        return tf.gather(x, tf.range(first, first + part)), tf.gather(y, tf.range(first, first + part))

    return tf.data.Dataset.counter(first_step).map(batch)


def pieces(share, replicas):
    """Each of `COUNT` images once: every batch dealt out evenly to all replicas, this worker's pieces of it."""
    import numpy as np
    import tensorflow as tf

    (x, y), (index, count) = images(), share

    def mine():
        for first in range(0, COUNT, BATCH):
            parts = np.array_split(np.arange(first, min(first + BATCH, COUNT)), replicas * count)
            for part in parts[index * replicas : (index + 1) * replicas]:
                yield x[part], y[part]

    signature = (tf.TensorSpec((None, 32, 32, 3), "float32"), tf.TensorSpec((None,), "int64"))
    return tf.data.Dataset.from_generator(mine, output_signature=signature)


def build(context):
    """A small network with local response normalization and no batch normalization, its dropout off."""
    import keras

    from keras_googlenet import GoogLeNet
    from support.small import SMALL

    keras.utils.set_random_seed(0)
    with context.strategy.scope():
        model = GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=CLASSES, variant=SMALL)
        for layer in model.layers:
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0.0
        sgd = keras.optimizers.SGD(0.01, momentum=0.9, global_clipnorm=1.0, use_ema=True, ema_momentum=0.9)
        model.compile(sgd, loss="sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    return model


def train(context):
    """Fifty steps, validated after every ten; all that came of it, by name."""
    import keras

    from keras_googlenet.training.distributed import strategy as distribution

    model = build(context)
    size = context.per_replica(BATCH)
    history = model.fit(
        distribution.distribute(context, lambda share, _: stream(share).rebatch(size), endless=True),
        steps_per_epoch=STEPS,
        epochs=EPOCHS,
        validation_data=distribution.distribute(context, pieces),
        validation_steps=-(-COUNT // BATCH),
        shuffle=False,
        verbose=0,
    ).history
    evaluated = model.evaluate(
        distribution.distribute(context, pieces), steps=-(-COUNT // BATCH), verbose=0, return_dict=True
    )
    return {
        **{f"history/{name}": values for name, values in history.items()},
        **{f"evaluated/{name}": value for name, value in evaluated.items()},
        **{f"weight/{i:02}": weight for i, weight in enumerate(model.get_weights())},
        **{
            f"optimizer/{i:02}": keras.ops.convert_to_numpy(variable)
            for i, variable in enumerate(model.optimizer.variables)
        },
    }


def seen(context):
    """The numbers of the images that a worker sees in five steps of training, and in those of evaluation."""
    from keras_googlenet.training.distributed import strategy as distribution

    numbers = {image.tobytes(): number for number, image in enumerate(images()[0])}
    training = distribution.distribute(
        context, lambda share, _: stream(share).rebatch(context.per_replica(BATCH)), endless=True
    )
    found = {}
    for name, dataset in (("training", training), ("evaluation", distribution.distribute(context, pieces))):
        for step, (x, _) in zip(range(5), dataset, strict=False):
            parts = context.strategy.experimental_local_results(x)
            found[f"seen/{name}/{step}"] = [numbers[image.tobytes()] for part in parts for image in part.numpy()]
            found[f"sizes/{name}/{step}"] = [len(part) for part in parts]
    return found


def everything(context):
    """All of a process's results by name. In float64: after fifty steps of float32, rounding is all over the digits."""
    import keras

    from keras_googlenet.training.distributed.broadcast import broadcast
    from support import replica_steps

    agreed = broadcast(context, 7 + context.worker, -1)
    before = keras.config.floatx(), keras.config.dtype_policy()
    in_precision("float64", "float64")
    try:
        with context.strategy.scope():
            small = {**replica_steps.steps(), "statistics": replica_steps.statistics(context)}
        return {**train(context), **seen(context), **small, "agreed": agreed, "replicas": context.replicas}
    finally:
        in_precision(*before)


def in_precision(floatx, policy):
    """Sets Keras's own precision, and that of layers, which Keras takes from it once in a process."""
    import keras

    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(policy)


def main(kind, folder):
    """What a process does."""
    import numpy as np
    import tensorflow as tf

    from keras_googlenet.errors import WorkError
    from keras_googlenet.training.distributed import strategy as distribution
    from support import replica_steps

    if kind == "mirrored":
        device = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(device, [tf.config.LogicalDeviceConfiguration()] * 2)
    context = distribution.strategy_for("auto")
    np.savez(Path(folder) / f"{kind}-{context.worker}.npz", **everything(context))
    if context.workers > 1:
        try:
            replica_steps.lose_the_chief(context)
        except WorkError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])

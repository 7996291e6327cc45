"""Training on several devices and machines: which strategy, and who does what.

The paper trained on CPUs "using modest amount of model and data-parallelism", asynchronously (section 6). This is
synchronous: every step, all replicas compute the gradients of their parts of one batch and apply the sum, so that the
result is one device's.
"""

import contextlib
import dataclasses
from typing import Any

import keras
import tensorflow as tf

from keras_googlenet.errors import InputError, WorkError
from keras_googlenet.training.distributed import cluster
from keras_googlenet.utils.partial import partial_folder

STRATEGIES = ("auto", "none", "mirrored", "multiworker")
"""What `strategy_for` takes."""


@dataclasses.dataclass(frozen=True)
class DistributionContext:
    """Where a run trains, and this process's part in it.

    Attributes:
        strategy: A `tf.distribute.Strategy`, or on JAX's several devices a `keras.distribution.DataParallel`. Make the
            model, its optimizer and its metrics in its `scope()`.
        workers: Processes that train together; 1 on one machine.
        worker: Which of them this is, from 0.
        replicas: Devices that train together, over all workers; each worker has as many.
        addresses: `(kind, index, "host:port")` of each worker; empty on one machine.
    """

    strategy: Any
    workers: int = 1
    worker: int = 0
    replicas: int = 1
    addresses: tuple = ()

    @property
    def is_chief(self) -> bool:
        """Whether this worker writes the run's files and prints: the first does."""
        return self.worker == 0

    @property
    def shard(self) -> tuple[int, int]:
        """`(index, count)`: the part of each batch that this worker reads, and how many parts there are."""
        return self.worker, self.workers

    @property
    def local_replicas(self) -> int:
        """Devices of this worker."""
        return self.replicas // self.workers

    @property
    def batches_per_step(self) -> int:
        """Batches that all workers' data have for a step: one for each replica; JAX itself splits one batch."""
        return self.replicas if isinstance(self.strategy, tf.distribute.Strategy) else 1

    def fitting(self) -> contextlib.AbstractContextManager:
        """Where `fit` is called: a model of `tf.distribute` knows its strategy, one on JAX has to be told."""
        if isinstance(self.strategy, tf.distribute.Strategy):
            return contextlib.nullcontext()
        return self.strategy.scope()

    def per_replica(self, batch_size: int) -> int:
        """A replica's part of a batch.

        Args:
            batch_size: Images per step over all workers and devices.

        Returns:
            The images per step of one replica.

        Raises:
            InputError: The replicas' parts would differ.
        """
        if batch_size % self.replicas == 0:
            return batch_size // self.replicas
        below = batch_size // self.replicas * self.replicas
        sizes = " or ".join(str(size) for size in (below, below + self.replicas) if size)
        raise InputError(
            f"`batch_size` must be a multiple of the {self.replicas} replicas, each of which takes the same part of a "
            f"batch. The nearest: {sizes}. Received: batch_size={batch_size}"
        )

    def summary(self) -> str:
        """One line on it, for people."""
        kind = "replica" if self.replicas == 1 else "replicas"
        if self.workers == 1:
            return f"{self.replicas} {kind}"
        return f"{self.workers} workers, {self.replicas} {kind}; this is worker {self.worker}"


def strategy_for(name: str = "auto") -> DistributionContext:
    """The strategy of a name, and this process's place in it.

    With several workers it waits until all are there. Call it before anything that runs a TensorFlow operation: the
    workers' connection cannot be configured later.

    Args:
        name: `none` for one device. `mirrored` for all GPUs of this machine, or all logical CPU devices where there
            is none. `multiworker` for all devices of all the workers that `TF_CONFIG` or Slurm names, on TensorFlow's
            backend alone. `auto` for `multiworker` where these name more than one worker, else `mirrored` where there
            are several devices, else `none`.

    Returns:
        A `DistributionContext`.

    Raises:
        InputError: The name is unknown, the cluster is missing or wrong, TensorFlow has already run something, or
            several workers were asked of another backend.
        WorkError: The workers could not be connected.

    Example:
        >>> strategy_for("none").replicas
        1
    """
    if name not in STRATEGIES:
        raise InputError(f"`strategy` must be one of {', '.join(STRATEGIES)}. Received: strategy={name!r}")
    found = cluster.find() if name in ("auto", "multiworker") else None
    if name == "multiworker" and found is None:
        raise InputError(
            "The strategy `multiworker` needs to know the workers. "
            f"Received: neither TF_CONFIG nor a step of Slurm. {cluster.HOW}"
        )
    if name == "multiworker" or (found is not None and len(found.tasks) > 1):
        return _multiworker(found)
    if keras.backend.backend() != "tensorflow":
        return _on_jax(name)
    # Of this machine; nothing is initialized.
    kind = "GPU" if tf.config.get_visible_devices("GPU") else "CPU"
    devices = [f"{kind}:{i}" for i in range(_count(kind))]
    if name == "mirrored" or (name == "auto" and len(devices) > 1):
        strategy = tf.distribute.MirroredStrategy(devices)
        return DistributionContext(strategy, replicas=strategy.num_replicas_in_sync)
    return DistributionContext(tf.distribute.get_strategy())


def is_chief(name="auto"):
    """Whether this process is the one that `strategy_for` of the same name makes the chief.

    Args:
        name: As in `strategy_for`.
    """
    found = cluster.find() if name in ("auto", "multiworker") else None
    return found is None or found.worker == 0


def distribute(context, make_dataset, *, endless=False):
    """The data set to give `fit`, `evaluate` or `validation_data`: each worker reads its own part.

    The elements of the worker's data set are its replicas' batches: one for each of its replicas is one step, in their
    order. A stream of this worker's part of each training batch becomes such by `Dataset.rebatch`:

        size = context.per_replica(batch_size)
        distribute(context, lambda shard, replicas: stream(shard).rebatch(size), endless=True)

    Batches of one step may differ in size, as the last ones of an evaluation do, but none may be empty, and all
    workers must have equally many steps. Give `fit` its `steps_per_epoch` and `validation_steps`, `evaluate` its
    `steps`.

    Args:
        context: A `DistributionContext`.
        make_dataset: A function of `shard`, which is `(index, count)` of this worker, and of `replicas`, how many it
            has, that returns a `tf.data.Dataset`. It is called once.
        endless: The data set never ends. Workers then need not agree before each step whether there is one.

    Returns:
        A `tf.distribute.DistributedDataset`, or the data set itself on one device and on JAX.
    """

    def this_workers(_):
        dataset = make_dataset(context.shard, context.batches_per_step // context.workers)
        if endless:
            dataset = dataset.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))
        return dataset

    if not isinstance(context.strategy, tf.distribute.Strategy):
        return this_workers(None)
    return context.strategy.distribute_datasets_from_function(this_workers)


@contextlib.contextmanager
def write_folder(context, folder):
    """Where this worker writes what all must write together, such as a `tf.train.Checkpoint`.

    Metrics are summed over the workers when they are read, so that saving takes part of them all; the chief's files
    are enough.

    Args:
        context: A `DistributionContext`.
        folder: The run's folder.

    Yields:
        A folder of its own that is deleted afterwards: for the chief in `folder`, from where it moves what it keeps.
    """
    with partial_folder(folder if context.is_chief else None, folder) as own:
        yield own


def _count(kind):
    """How many logical devices of a kind this process sees."""
    devices = tf.config.get_visible_devices(kind)
    return sum(len(tf.config.get_logical_device_configuration(device) or (None,)) for device in devices)


def _on_jax(name):
    devices = keras.distribution.list_devices()
    if name == "mirrored" or (name == "auto" and len(devices) > 1):
        return DistributionContext(keras.distribution.DataParallel(devices=devices), replicas=len(devices))
    return DistributionContext(tf.distribute.get_strategy())


def _multiworker(found):
    if keras.backend.backend() != "tensorflow":
        raise InputError(
            "Several workers train on Keras's TensorFlow backend alone (KERAS_BACKEND=tensorflow); on JAX, the devices "
            f"of one machine do. Received: {keras.backend.backend()}, and {len(found.tasks)} workers"
        )
    kind, index, _ = found.tasks[found.worker]
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec(found.spec),
        task_type=kind,
        task_id=index,
        rpc_layer="grpc",
        num_accelerators={"GPU": _count("GPU")},
    )
    try:
        strategy = tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver)
    except RuntimeError as error:
        raise InputError(
            "The workers must be connected before anything runs a TensorFlow operation. Call `strategy_for` first. "
            f"Received: {error}"
        ) from error
    except tf.errors.OpError as error:
        raise WorkError(
            f"The workers {', '.join(address for _, _, address in found.tasks)} could not be connected: "
            f"{error.message.splitlines()[0]}. Check that all are running and can reach each other"
        ) from error
    return DistributionContext(strategy, len(found.tasks), found.worker, strategy.num_replicas_in_sync, found.tasks)

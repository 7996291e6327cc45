"""Which workers train together, and which of them this process is: from `TF_CONFIG` or from Slurm."""

import dataclasses
import json
import os

from keras_googlenet.errors import InputError

_TRAINS = ("chief", "worker")
"""The kinds of tasks of TF_CONFIG that take part in synchronous training, in the order of their numbers."""

HOW = (
    "Start one process on each machine with TF_CONFIG set, for instance "
    '\'{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}\', '
    "the index differing, or start them with Slurm's srun"
)


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The processes of a run on several machines.

    Attributes:
        tasks: `(kind, index, address)` of each, in the order of their numbers: the chief, if there is one, then the
            workers. Kinds are TF_CONFIG's, addresses are `host:port`.
        worker: Which of `tasks` this process is.
    """

    tasks: tuple
    worker: int

    @property
    def spec(self):
        """Addresses by kind, as in TF_CONFIG's `cluster`."""
        kinds = {kind for kind, _, _ in self.tasks}
        return {name: [address for kind, _, address in self.tasks if kind == name] for name in _TRAINS if name in kinds}


def find():
    """The cluster that this process was started in.

    Returns:
        A `Cluster`, or None if neither `TF_CONFIG` nor a step of Slurm says that there is one. `TF_CONFIG` counts
        where both do.

    Raises:
        InputError: What they say is wrong.

    Example:
        >>> from unittest import mock
        >>> config = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}'
        >>> with mock.patch.dict(os.environ, TF_CONFIG=config):
        ...     find().worker
        1
    """
    text = os.environ.get("TF_CONFIG", "").strip()
    config = _parse(text) if text else {}
    if "cluster" in config or "task" in config:
        return _from_config(config)
    if "SLURM_STEP_NUM_TASKS" in os.environ:
        return _from_slurm()
    return None


def _parse(text):
    try:
        config = json.loads(text)
    except ValueError as error:
        raise InputError(f"TF_CONFIG must be JSON: {error}. Received: TF_CONFIG={text}") from None
    return config if isinstance(config, dict) else _refuse("must be an object with `cluster` and `task`", config)


def _from_config(config):
    spec, task = config.get("cluster"), config.get("task")
    if not isinstance(spec, dict) or not all(map(_are_addresses, spec.values())) or not any(spec.values()):
        _refuse("must have a `cluster`, an object with a list of addresses `host:port` for each kind of task", config)
    if not isinstance(task, dict) or not {"type", "index"} <= set(task):
        _refuse("must have a `task` with its `type` and `index`", config)
    kind, index = task["type"], task["index"]
    unfit = sorted(({kind} | set(spec)) - set(_TRAINS), key=str)
    if unfit:
        _refuse(f"may have tasks of the kinds chief and worker alone, all workers train; {unfit[0]!r} is none", config)
    if len(spec.get("chief", ())) > 1:
        _refuse("may have one chief at most", config)
    if isinstance(index, str) and index.isdecimal():
        index = int(index)
    count = len(spec.get(kind, ()))
    if not isinstance(index, int) or not 0 <= index < count:
        _refuse(f"has {count} tasks of the kind {kind!r}, so the `index` of one is in 0..{count - 1}", config)
    tasks = tuple((name, i, address) for name in _TRAINS for i, address in enumerate(spec.get(name, ())))
    if len({address for _, _, address in tasks}) < len(tasks):
        _refuse("must give each task an address of its own", config)
    return Cluster(tasks, next(n for n, task in enumerate(tasks) if task[:2] == (kind, index)))


def _are_addresses(addresses):
    return isinstance(addresses, list) and all(
        isinstance(address, str) and address.rpartition(":")[2].isdecimal() for address in addresses
    )


def _refuse(rule, config):
    raise InputError(f"TF_CONFIG {rule}. Received: TF_CONFIG={json.dumps(config)}")


def _from_slurm():
    """The tasks of a step of Slurm; its list of hosts is read by TensorFlow's resolver.

    The resolver's own share of the GPUs is left alone: it needs nvidia-smi, takes the GPUs that Slurm gave a task for
    the node's, and fails where there are none. Slurm's `--gpus-per-task` shares them out.
    """
    import tensorflow as tf

    job = os.environ.get("SLURM_JOB_ID", "0")
    tasks_per_node = os.environ.get("SLURM_STEP_TASKS_PER_NODE", "")
    port = 12000 + (int(job) if job.isdecimal() else 0) % 1000 * 16  # two jobs may share a node
    try:
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
            port_base=port,
            gpus_per_node=int(os.environ["SLURM_STEP_NUM_TASKS"]),
            gpus_per_task=1,
            auto_set_gpu=False,
        )
        addresses = resolver.cluster_spec().as_dict()["worker"]
        worker = resolver.task_id
    except (RuntimeError, ValueError, KeyError, AssertionError) as error:
        raise InputError(
            f"Slurm's variables don't describe a step: {error}. Received: SLURM_STEP_TASKS_PER_NODE={tasks_per_node}, "
            f"SLURM_STEP_NODELIST={os.environ.get('SLURM_STEP_NODELIST')}. Start the workers with srun"
        ) from None
    node = os.environ.get("SLURMD_NODENAME")
    host = addresses[worker].rpartition(":")[0]
    if node and node != host:
        raise InputError(
            f"Slurm's task {worker} was expected on {host}: tasks must be dealt out node by node. Received: "
            f"SLURMD_NODENAME={node}. Start the workers with srun --distribution=block"
        )
    return Cluster(tuple(("worker", i, address) for i, address in enumerate(addresses)), worker)

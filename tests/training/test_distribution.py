"""Two mirrored devices and two workers do what one device does, and say what is wrong with a cluster."""

import json

import numpy as np
import pytest
import tensorflow as tf
from support import spread
from support.tiers import does

from keras_googlenet.errors import InputError, WorkError
from keras_googlenet.training.distributed import cluster, lost_workers
from keras_googlenet.training.distributed.strategy import DistributionContext, is_chief, strategy_for, write_folder


@pytest.fixture(scope="module")
def one():
    return spread.everything(strategy_for("none"))


@pytest.fixture(scope="module")
@does("spawns")
def spread_out(tmp_path_factory):
    """Results by kind, a list with one for each worker, and how the workers' processes ended."""
    folder = tmp_path_factory.mktemp("spread")
    mirrored, [(status, error)] = spread.run("mirrored", folder)
    assert status == 0, error[-2000:]
    workers, ends = spread.run("workers", folder)
    assert None not in workers, ends
    return {"mirrored": mirrored, "workers": workers, "ends": ends}


KINDS = pytest.mark.parametrize("kind", ["mirrored", "workers"])


@KINDS
def test_same_losses_and_weights(one, spread_out, kind):
    """Momentum, clipping by the global norm and averaging on, dropout off; `optimizer` are their variables."""
    losses = [f"history/{name}" for name in ("loss", "predictions_loss", "aux1_loss", "aux2_loss", "val_loss")]
    exact = ["evaluated/loss", *losses, *(name for name in one if name.endswith("accuracy"))]
    variables = [name for name in one if name.startswith(("weight/", "optimizer/"))]
    assert len(variables) > 90
    assert one["history/loss"][-1] < 0.9 * one["history/loss"][0]
    for found in spread_out[kind]:
        assert found["replicas"] == 2
        assert set(found) == set(one)
        for name in exact:
            np.testing.assert_allclose(found[name], one[name], rtol=1e-9, err_msg=name)
        for name in variables:
            np.testing.assert_allclose(found[name], one[name], rtol=1e-9, atol=1e-9, err_msg=name)


def test_workers_agree(spread_out):
    first, second = spread_out["workers"]
    for name in first:
        if not name.startswith(("seen/", "sizes/")):
            np.testing.assert_array_equal(first[name], second[name], err_msg=name)


@KINDS
def test_the_summed_gradient_is_clipped(spread_out, kind):
    """At (0, 0) the mean gradient of (w0 - 1.5)^2 and (w1 - 2)^2 is (-1.5, -2), of norm 2.5: clipped (-0.6, -0.8).

    Clipped one by one, the replicas' gradients (-1.5, 0) and (0, -2) would make a step of (1, 1); not at all, (1.5, 2).
    """
    for found in spread_out[kind]:
        np.testing.assert_allclose(found["step/clipped"], [0.6, 0.8], rtol=1e-6)
        np.testing.assert_allclose(found["step/scaled"], [0.6, 0.8], rtol=1e-6)
        np.testing.assert_allclose(found["step/own"], [1.5, 2.0], rtol=1e-6)


@KINDS
def test_replicas_agree_on_statistics(spread_out, kind):
    """The parts' means 2 and 15 and variances 1 and 25 average to 8.5 and 13."""
    for found in spread_out[kind]:
        mean, variance = found["statistics"]
        np.testing.assert_allclose(mean, 0.5 * 8.5, rtol=1e-6)
        np.testing.assert_allclose(variance, 0.5 * 1 + 0.5 * 13, rtol=1e-5)


def test_all_workers_hear_the_first(spread_out):
    """The first says 7 where the second would say 8."""
    for found in spread_out["workers"]:
        np.testing.assert_array_equal(found["agreed"], [7, -1])


@KINDS
def test_each_image_is_seen_once(spread_out, kind):
    sizes = []
    for step in range(5):
        training = [image for found in spread_out[kind] for image in found[f"seen/training/{step}"]]
        assert training == list(range(step * 8, step * 8 + 8))
        evaluation = [image for found in spread_out[kind] for image in found[f"seen/evaluation/{step}"]]
        assert evaluation == list(range(step * 8, min(step * 8 + 8, spread.COUNT)))
        sizes += [size for found in spread_out[kind] for size in found[f"sizes/evaluation/{step}"]]
    assert sizes == [4] * 8 + [3, 2]


def test_the_survivor_says_that_a_worker_was_lost(spread_out):
    (killed, _), (status, error) = spread_out["ends"]
    assert killed == 9
    assert status == 1
    assert "Traceback" not in error
    last = error.strip().splitlines()[-1]
    assert last.startswith("The connection to worker 0 (localhost:")
    assert last.endswith(") was lost. Start all workers again with --resume")


TWO = {"worker": ["a:1", "b:2"]}


def config(spec, kind="worker", index=0):
    return json.dumps({"cluster": spec, "task": {"type": kind, "index": index}})


@pytest.fixture
def surroundings(monkeypatch):
    """Sets the environment variables that tell of a cluster, and no others."""
    for name in ("TF_CONFIG", *SLURM):
        monkeypatch.delenv(name, raising=False)

    def put(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return put


@pytest.mark.parametrize(
    ("spec", "kind", "index", "worker"),
    [
        (TWO, "worker", 1, 1),
        (TWO, "worker", "1", 1),
        ({"chief": ["c:1"], "worker": ["a:1", "b:1"]}, "chief", 0, 0),
        ({"worker": ["a:1", "b:1"], "chief": ["c:1"]}, "worker", 1, 2),
    ],
)
def test_tf_config(surroundings, spec, kind, index, worker):
    surroundings(TF_CONFIG=config(spec, kind, index))
    found = cluster.find()
    assert found.worker == worker
    assert found.spec == spec
    assert found.tasks[0] == (("chief", 0, "c:1") if "chief" in spec else ("worker", 0, "a:1"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "TF_CONFIG must be JSON"),
        ("[]", "must be an object with `cluster` and `task`"),
        ('{"task": {"type": "worker", "index": 0}}', "must have a `cluster`"),
        ('{"cluster": {"worker": "a:1"}, "task": {"type": "worker", "index": 0}}', "a list of addresses `host:port`"),
        ('{"cluster": {"worker": ["a"]}, "task": {"type": "worker", "index": 0}}', "a list of addresses `host:port`"),
        ('{"cluster": {"worker": ["a:1"]}}', "must have a `task` with its `type` and `index`"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker"}}', "must have a `task` with its `type`"),
        (config(TWO, index=2), "has 2 tasks of the kind 'worker', so the `index` of one is in 0..1"),
        (config(TWO, index=-1), "in 0..1"),
        (config(TWO, index=None), "in 0..1"),
        (config({**TWO, "ps": ["p:1"]}), "'ps' is none"),
        (config(TWO, "evaluator"), "'evaluator' is none"),
        (config({**TWO, "chief": ["c:1", "d:1"]}), "one chief at most"),
        (config({"worker": ["a:1", "a:1"]}), "an address of its own"),
    ],
)
@pytest.mark.parametrize("name", ["auto", "multiworker"])
def test_wrong_tf_config(surroundings, name, text, message):
    surroundings(TF_CONFIG=text)
    with pytest.raises(InputError, match=message) as caught:
        strategy_for(name)
    assert "Received: TF_CONFIG=" in str(caught.value)


SLURM = {
    "SLURM_JOB_ID": "123",
    "SLURM_PROCID": "2",
    "SLURM_STEP_NUM_TASKS": "3",
    "SLURM_STEP_NODELIST": "node[07-08]",
    "SLURM_STEP_TASKS_PER_NODE": "2,1",
    "SLURMD_NODENAME": "node08",
}


def test_slurm(surroundings):
    surroundings(**SLURM)
    found = cluster.find()
    port = 12000 + 123 * 16
    assert found.spec == {"worker": [f"node07:{port}", f"node07:{port + 1}", f"node08:{port}"]}
    assert found.worker == 2
    surroundings(TF_CONFIG="{}")
    assert cluster.find() == found
    surroundings(TF_CONFIG=config(TWO))
    assert len(cluster.find().tasks) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"SLURM_STEP_NODELIST": "node[07"}, "Slurm's variables don't describe a step"),
        ({"SLURM_STEP_TASKS_PER_NODE": "2,2"}, "Slurm's variables don't describe a step"),
        ({"SLURM_PROCID": "three"}, "Slurm's variables don't describe a step"),
        ({"SLURMD_NODENAME": "node07"}, "Start the workers with srun --distribution=block"),
    ],
)
def test_wrong_slurm(surroundings, change, message):
    surroundings(**{**SLURM, **change})
    with pytest.raises(InputError, match=message):
        cluster.find()


def test_choice_on_one_machine(surroundings):
    for name, text in [("auto", ""), ("auto", config({"worker": ["a:1"]})), ("none", config(TWO))]:
        surroundings(TF_CONFIG=text)
        context = strategy_for(name)
        assert context.strategy is tf.distribute.get_strategy()
        assert (context.replicas, context.shard, context.is_chief) == (1, (0, 1), True)
    mirrored = strategy_for("mirrored")
    assert isinstance(mirrored.strategy, tf.distribute.MirroredStrategy)
    assert mirrored.replicas == len(tf.config.list_logical_devices("GPU") or [None])


def test_who_prints_without_a_connection(surroundings):
    surroundings(TF_CONFIG=config(TWO, index=1))
    assert (is_chief("auto"), is_chief("none")) == (False, True)
    surroundings(TF_CONFIG=config(TWO, index=0))
    assert is_chief("multiworker")


def test_wrong_choice(surroundings):
    surroundings()
    with pytest.raises(InputError, match="one of auto, none, mirrored, multiworker. Received: strategy='tpu'"):
        strategy_for("tpu")
    with pytest.raises(InputError, match="neither TF_CONFIG nor a step of Slurm. Start one process on each machine"):
        strategy_for("multiworker")
    tf.zeros(())
    surroundings(TF_CONFIG=config({"worker": ["localhost:1", "localhost:2"]}))
    with pytest.raises(InputError, match="Call `strategy_for` first"):
        strategy_for("auto")


def test_batches_that_divide():
    assert DistributionContext(None, replicas=4).per_replica(32) == 8
    for replicas, size, nearest in [(4, 30, "28 or 32"), (4, 3, "4")]:
        with pytest.raises(InputError, match=f"The nearest: {nearest}. Received: batch_size={size}"):
            DistributionContext(None, replicas=replicas).per_replica(size)


def test_only_the_chief_writes(tmp_path):
    with write_folder(DistributionContext(None, workers=2, worker=0), tmp_path) as folder:
        assert folder.parent == tmp_path
    with write_folder(DistributionContext(None, workers=2, worker=1), tmp_path) as folder:
        assert folder.is_dir()
        assert tmp_path not in (folder, *folder.parents)
    assert not folder.exists()


ADDRESSES = (("chief", 0, "c:1"), ("worker", 0, "a:1"), ("worker", 1, "b:1"))
HEARTBEATS = (
    "Collective ops is aborted by: Error reported from /job:worker/task:0: The following tasks are unhealthy "
    "(stopped sending heartbeats):\n/job:worker/replica:0/task:1\nThe tasks have crashed."
)
RESET = (
    "Collective ops is aborted by: recvmsg:Connection reset by peer\nAdditional GRPC error information from remote "
    "target /job:chief/replica:0/task:0 while calling /tensorflow.WorkerService/CompleteInstance:"
)


@pytest.mark.parametrize(
    ("error", "who"),
    [
        (tf.errors.UnavailableError(None, None, HEARTBEATS), "worker 2 (b:1)"),
        (tf.errors.UnavailableError(None, None, RESET), "worker 0 (c:1)"),
        (tf.errors.InternalError(None, None, RESET), "worker 0 (c:1)"),
        (tf.errors.AbortedError(None, None, "gone"), "another worker"),
    ],
)
def test_what_tensorflow_says_of_lost_workers(error, who):
    context = DistributionContext(None, workers=3, worker=1, replicas=3, addresses=ADDRESSES)
    with pytest.raises(WorkError) as caught, lost_workers.reporting_lost_workers(context):
        raise error
    assert str(caught.value) == f"The connection to {who} was lost. Start all workers again with --resume"
    with pytest.raises(type(error)), lost_workers.reporting_lost_workers(DistributionContext(None)):
        raise error


def test_other_errors_pass():
    context = DistributionContext(None, workers=3, worker=1, replicas=3, addresses=ADDRESSES)
    for error in (
        ValueError("x"),
        tf.errors.InvalidArgumentError(None, None, RESET),
        tf.errors.InternalError(None, None, "x"),
    ):
        with pytest.raises(type(error)), lost_workers.reporting_lost_workers(context):
            raise error

"""The trainer on two mirrored devices and on two workers, stopped and gone on with, does what it does on one device."""

import csv
import json
import signal

import keras
import numpy as np
import pytest
from support import spread_training
from support.spread_training import RECIPE, UNREADABLE, VALIDATION
from support.tiers import does

from keras_googlenet import data, preprocess_input, training
from keras_googlenet.errors import InputError
from keras_googlenet.training.checkpoints import Checkpoints
from keras_googlenet.training.distributed import broadcast as agreement
from keras_googlenet.training.distributed.strategy import DistributionContext

SPREAD = pytest.mark.parametrize("kind", ["mirrored", "workers"])
STOPS = [(0, 15, signal.SIGKILL), (1, 19, signal.SIGTERM), ()]
"""Of the two workers: the chief is killed within the second epoch, the other one ended within the third."""


@pytest.fixture(scope="module")
@does("spawns")
def runs(tmp_path_factory):
    """The folder of the runs `none`, `mirrored` and `workers`, and how their processes ended."""
    folder = tmp_path_factory.mktemp("runs")
    alone = spread_training.start("alone", folder)
    try:
        ends = []
        for stop in STOPS:
            workers = spread_training.start_workers(folder / "workers", stop)
            ends.append(spread_training.wait(workers, first=stop[0] if stop else 0))
        [end] = spread_training.wait([alone])
    finally:
        alone.kill()
    return folder, end, ends


def metrics(folder):
    with (folder / "metrics.csv").open(newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def weights(folder):
    return keras.saving.load_model(folder / "model.keras").get_weights()


@SPREAD
def test_the_same_losses_and_weights(runs, kind):
    """Heads' losses in validation are left out: they are means of batches' means, as Keras makes them."""
    folder, *_ = runs
    rows, expected = metrics(folder / kind), metrics(folder / "none")
    assert len(rows) == len(expected) == RECIPE["epochs"]
    assert expected[-1]["loss"] < 0.95 * expected[0]["loss"]
    for row, one in zip(rows, expected, strict=True):
        assert row.keys() == one.keys()
        for name in row:
            if name == "val_loss" or not (name.startswith("val_") and name.endswith("loss")):
                assert row[name] == pytest.approx(one[name], rel=1e-9), name
    for weight, one in zip(weights(folder / kind), weights(folder / "none"), strict=True):
        np.testing.assert_allclose(weight, one, rtol=0, atol=1e-9)


@SPREAD
def test_validation_sees_each_image_once(runs, kind):
    """The last validation is worked out from what the saved network predicts for each image that can be read."""
    folder, *_ = runs
    split = spread_training.few(data.load("digits")).validation
    model = keras.saving.load_model(folder / kind / "model.keras")
    labels = split.labels[1:-1]
    outputs = model.predict(preprocess_input(split.items[1:-1].astype("float32")), verbose=0)
    losses = [-np.log(output[np.arange(len(labels)), labels]).mean() for output in outputs]
    last = metrics(folder / kind)[-1]
    assert last["val_loss"] == pytest.approx(losses[0] + 0.3 * losses[1] + 0.3 * losses[2], rel=1e-5)
    assert last["val_predictions_accuracy"] == pytest.approx((outputs[0].argmax(-1) == labels).mean(), rel=1e-6)
    evaluation = json.loads((folder / kind / "evaluation.json").read_text())
    assert evaluation["count"] == VALIDATION - UNREADABLE


def test_a_mirrored_run_is_stopped_and_goes_on(runs):
    _, (status, output, errors, _), _ = runs
    assert status == 0, errors[-2000:]
    assert "statuses [0, 143, 0]" in output
    assert "going on from epoch 2, step 3\n" in output
    assert "Stopped by SIGTERM. The last good checkpoint is of step 13. Go on with --resume." in errors


def complaints(errors):
    assert "Traceback" not in errors
    return [line for line in errors.splitlines() if line.startswith("keras-googlenet: error: ")]


def test_the_other_worker_ends_with_one_line(runs):
    """TensorFlow notices within ten seconds; a slow machine needs some to end, too."""
    _, _, (killed, ended, _) = runs
    (status, _, errors, _), (other, _, others, seconds) = killed
    assert (status, other) == (-signal.SIGKILL, 1)
    [line] = complaints(others)
    assert "The connection to worker 0 (localhost:" in line
    assert line.endswith(" was lost. Start all workers again with --resume")
    assert seconds < 60
    (other, _, others, seconds), (status, _, errors, _) = ended
    assert (status, other) == (128 + signal.SIGTERM, 1)
    assert complaints(errors) == [
        "keras-googlenet: error: Stopped by SIGTERM. The last good checkpoint is of step 30. Go on with --resume."
    ]
    [line] = complaints(others)
    assert "The connection to worker 1 (localhost:" in line
    assert seconds < 60


def test_workers_go_on_with_one_run(runs):
    _, _, ends = runs
    starts = [output for _, output, _, _ in (ends[1][0], ends[2][0])]
    assert "going on from epoch 2, step 2\n" in starts[0]
    assert "going on from epoch 4, step 0\n" in starts[1]
    assert [status for status, *_ in ends[2]] == [0, 0], ends[2]


def test_the_chief_alone_writes_and_prints(runs):
    folder, _, ends = runs
    others = [output for pair in ends for output in pair[1][1].splitlines()]
    assert all(line.startswith("skipped 1 images that cannot be read: ") for line in others)
    assert "validation accuracy: " in ends[2][0][1]
    names = {
        kind: {str(path.relative_to(folder / kind)) for path in (folder / kind).rglob("*") if "events" not in path.name}
        for kind in ("none", "workers")
    }
    assert names["workers"] == names["none"] | {"skipped-1.txt"}
    assert {"recipe.json", "metrics.csv", "model.keras", "best.keras", "evaluation.json"} < names["none"]


@pytest.fixture
def second(tmp_path, monkeypatch):
    """What the second of two workers makes of the first one's answer: `second(step, **changes)`."""
    source, recipe = spread_training.few(data.load("digits")), training.recipe_for("digits")

    def second(step, told=recipe):
        digest = agreement._digest(told, source)
        monkeypatch.setattr(agreement, "broadcast", lambda *_: [step, digest])
        context = DistributionContext(None, workers=2, worker=1, replicas=2)
        return agreement.broadcast_start(context, recipe, source, Checkpoints(tmp_path, context))

    return second


def test_the_chief_decides_where_to_go_on(second, tmp_path):
    for step in (4, 8):
        (tmp_path / f"step-{step}.index").touch()
    assert second(-1) is None
    assert second(4) == 4
    with pytest.raises(InputError, match=r"must see the run's folder, .* step 12 .* Received: no such .* on worker 1"):
        second(12)
    with pytest.raises(InputError, match=r"the same recipe .* Received: others than worker 0's on worker 1"):
        second(4, training.recipe_for("digits", seed=1))

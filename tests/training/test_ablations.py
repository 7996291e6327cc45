"""`benchmarks/ablations.py`: what it measures, what it does again, and what it makes of it."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from support.small_training import small_network

from keras_googlenet import GoogLeNetModel, data, training
from keras_googlenet.architecture import PAPER
from keras_googlenet.training import run as runs

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)


def two_layers():
    keras.utils.set_random_seed(3)
    image = keras.Input((6, 6, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu", name="conv1_7x7_s2")(image)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, keras.layers.Dense(3, activation="softmax")(x))
    model.compile(training.MomentumSGD(0.5, global_clipnorm=0.05), "sparse_categorical_crossentropy")
    return model


@pytest.mark.trains
def test_gradient_norms_are_those_before_clipping():
    """Against a gradient tape, step by step."""
    from ablations_watch import GradientNorms

    rng = np.random.default_rng(0)
    images, labels = rng.normal(size=(12, 6, 6, 3)).astype("float32"), rng.integers(0, 3, 12)
    expected, twin = [], two_layers()
    for step in range(3):
        part = slice(4 * step, 4 * step + 4)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels[part], twin(images[part])))
        norms = [np.linalg.norm(gradient) for gradient in tape.gradient(loss, [v.value for v in twin.weights])]
        expected.append([step + 1, norms[0], np.sqrt(np.sum(np.square(norms)))])
        twin.train_on_batch(images[part], labels[part])
    watch = GradientNorms(every=2)
    two_layers().fit(images, labels, batch_size=4, shuffle=False, verbose=0, callbacks=[watch])
    assert np.min(np.array(expected)[:, 2]) > 0.05  # else nothing was clipped
    np.testing.assert_allclose(watch.norms, expected[::2], rtol=1e-5)


def test_head_gradients():
    """Against the chain rule, by hand."""
    from ablations_watch import head_gradients

    rng = np.random.default_rng(1)
    x, kernel = rng.normal(size=(5, 3)), rng.normal(size=(3, 4))
    tops, labels = rng.normal(size=(3, 4, 2)), np.array([0, 1, 1, 0, 1])
    names = ("predictions", "aux1", "aux2")
    image = keras.Input((1, 1, 3))
    hidden = keras.layers.Flatten()(keras.layers.Conv2D(4, 1, use_bias=False, name="conv1_7x7_s2")(image))
    heads = [keras.layers.Dense(2, "softmax", use_bias=False, name=name)(hidden) for name in names]
    model = GoogLeNetModel(image, heads, architecture=PAPER)
    for name, value in zip(("conv1_7x7_s2", *names), (kernel[None, None], *tops), strict=True):
        model.get_layer(name).set_weights([value])
    expected = {}
    for name, top, weight in zip(names, tops, (1.0, 0.3, 0.3), strict=True):
        odds = np.exp(x @ kernel @ top)
        slope = (odds / odds.sum(axis=1, keepdims=True) - np.eye(2)[labels]) / len(labels)
        expected[name] = weight * np.linalg.norm(x.T @ slope @ top.T)
    found = head_gradients(model, tf.constant(x[:, None, None], tf.float32), tf.constant(labels), "conv1_7x7_s2")
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.trains
def test_runs_are_recorded_once(monkeypatch, tmp_path):
    """Also: without averaging, the averaged and the raw weights are the same; with it, they are not."""
    import ablations
    import ablations_report

    monkeypatch.setattr(runs, "build", small_network)
    options = ablations.parse(["--quick", "--set", "batch_size=144", "--output", str(tmp_path)])
    options.configurations = {"base": {}, "no heads": {"aux_heads": False, "averaging": None}}
    file = tmp_path / "runs.jsonl"
    found = ablations.everything("digits", file, options)
    assert found == [json.loads(line) for line in file.read_text().splitlines()]
    base, plain = (one["epochs"][0] for one in found)
    assert base["averaged_loss"] != pytest.approx(base["raw_loss"], rel=1e-6)
    assert plain["averaged_loss"] == pytest.approx(plain["raw_loss"], rel=1e-6)
    assert plain["averaged_accuracy"] == plain["raw_accuracy"]
    assert [list(one["by_head"][0]["norms"]) for one in found] == [["predictions", "aux1", "aux2"], ["predictions"]]
    # 1437 images are 9 batches: steps 1 and 6 are recorded.
    assert [[step for step, _, _ in one["gradients"]] for one in found] == [[1, 6]] * 2

    monkeypatch.setattr(ablations, "run", lambda recipe: pytest.fail("was run again"))
    assert ablations.everything("digits", file, options) == found
    monkeypatch.setattr(ablations, "run", lambda recipe: {**found[0], "seconds": recipe.epochs})
    options.set.append("epochs=7")
    assert [one["seconds"] for one in ablations.everything("digits", file, options)] == [7, 7]
    assert len(ablations_report.read(file)) == 4


def record(name, seed, accuracy, norms, heads):
    """A run of two epochs of two batches."""
    row = {"training_loss": 1.0, "averaged_loss": 2.0, "raw_loss": 2.5, "raw_accuracy": 0.25}
    return {
        "identity": {"name": name, "seed": seed, "batch_size": 10, "sampling": "pad_and_crop"},
        "epochs": [{**row, "averaged_accuracy": 0.1}, {**row, "averaged_accuracy": accuracy}],
        "gradients": [[step, norm, 9.0] for step, norm in enumerate(norms, 1)],
        "by_head": [{"epoch": epoch, "norms": dict.fromkeys(heads, epoch**3.0)} for epoch in (1, 2)],
        "images": 25,
        "seconds": 1.0,
    }


def test_report(tmp_path):
    """Means, deviations and medians that were worked out by hand."""
    import ablations_report

    heads = ("predictions", "aux1", "aux2")
    found = [
        record("base", 0, 0.5, (1, 3, 10, 30), heads),
        record("base", 1, 0.6, (8, 8, 10, 10), heads),
        record("no heads", 0, 0.4, (1, 1, 1, 1), heads[:1]),
    ]
    text = ablations_report.write(found, tmp_path).read_text()
    # Medians of the epochs: 2 and 20, 8 and 10; geometric means 4 and 14.14.
    assert "| base | 2 | 1.000 ± 0.000 | 2.000 ± 0.000 | 55.0 ± 7.1% | 25.0 ± 0.0% | 4 | 14.1 |\n" in text
    assert "| no heads | 1 | 1.000 | 2.000 | 40.0% | 25.0% | 1 | 1 |\n" in text
    assert "| base | 2 | 8 | 8 | 8 |\n" in text
    assert "no heads | 2" not in text
    assert (tmp_path / "ablations.png").read_bytes().startswith(b"\x89PNG")


def test_subset(tmp_path):
    """The right number of each class, nothing in both parts, nothing of another class."""
    import ablations

    for value in range(40):
        path = tmp_path / "all" / "ab"[value % 2] / f"{value}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2, 2), (value, value, value)).save(path)
    part = data.load(ablations.subset(data.load(str(tmp_path / "all")), tmp_path / "part", 6))
    values = {}
    for name in ("train", "validation"):
        split = getattr(part, name)
        found = [int(split.decode(item)[0, 0, 0]) for item in split.items]
        assert [value % 2 for value in found] == list(split.labels)
        values[name] = set(found)
    assert [len(values["train"]), len(values["validation"])] == [12, 4]
    assert not values["train"] & values["validation"]


def test_per_class_needs_a_folder(capsys):
    import ablations

    with pytest.raises(SystemExit):
        ablations.parse(["--per-class", "3"])
    assert "is for a folder" in capsys.readouterr().err
